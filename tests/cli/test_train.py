"""`sharp train`: what it hands to the training, and what it says where it cannot train."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.cli import options
from sharp_cli.errors import DocumentError
from sharp_cli.train.detector_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

COMMANDS = ("hands", "detector", "classifier")
ARGUMENTS = ("--annotations", "joints.csv", "--images", ".", "--out", "mine", "--work", "work")
CHOICES: dict[str, dict[str, Any]] = {
    "hands": {"names": None, "shapes": None, "phantoms": 40, "steps": 3, "seed": 1},
    "detector": {
        "names": None,
        "validation": None,
        "folds": 5,
        "finder": None,
        "device": "auto",
    },
    "classifier": {"names": None, "minutes": 3.0, "device": "auto"},
}
LENGTH = {"hands": "--steps", "detector": "--epochs", "classifier": "--minutes"}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.cli.terminal.find_spec", lambda _: True)


def stand_in(monkeypatch: pytest.MonkeyPatch, command: str, train: Callable[..., None]) -> None:
    """Put a function in place of the training, which takes seconds to import."""
    module = ModuleType(command)
    setattr(module, f"train_{command}", train)
    monkeypatch.setitem(sys.modules, f"sharp_cli.train.{command}", module)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("installed")
def test_training_gets_what_was_asked(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    calls: list[tuple[tuple[Path, ...], dict[str, Any]]] = []
    stand_in(monkeypatch, command, lambda *given, **chosen: calls.append((given, chosen)))
    done = sharp("train", command, *ARGUMENTS, LENGTH[command], "3")
    assert done.code == 0
    assert done.out == b""
    assert done.err == "done: the bundle is in mine\n"
    ((given, chosen),) = calls
    assert given == (Path("joints.csv"), Path(), Path("mine"), Path("work"))
    settings = chosen.pop("settings", None)
    assert (settings == Settings(epochs=3)) if command == "detector" else (settings is None)
    assert chosen == {**CHOICES[command], "threads": options.cores()}


@pytest.mark.parametrize("command", COMMANDS)
def test_without_the_extra_it_says_what_to_install(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("sharp_cli.cli.terminal.find_spec", lambda name: name != "torch" or None)
    done = sharp("train", command, *ARGUMENTS)
    assert done.code == 2
    assert done.err == "error: torch not installed; run: pip install 'sharp-cli[train]'\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_folder_of_radiographs_is_wrong_usage(sharp: Sharp, command: str) -> None:
    done = sharp("train", command, *ARGUMENTS, "--images", "nowhere")
    assert done.code == 2
    assert "'nowhere' does not exist" in done.err


def test_an_unknown_network_is_refused_with_the_choices(sharp: Sharp) -> None:
    done = sharp("train", "detector", *ARGUMENTS, "--net", "vgg16")
    assert done.code == 2
    for net in options.Net:
        assert net.value in done.err


def test_help_of_the_detector_names_its_options(sharp: Sharp) -> None:
    done = sharp("train", "detector", "--help")
    assert done.code == 0
    for option in (b"--init", b"--net", b"--validation", b"--device", b"--epochs"):
        assert option in done.out


@pytest.mark.usefixtures("installed")
def test_an_input_that_fails_is_told(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Path, **__: object) -> None:
        message = "joints.csv: no column x"
        raise DocumentError(message)

    stand_in(monkeypatch, "hands", fail)
    done = sharp("train", "hands", *ARGUMENTS)
    assert (done.code, done.err) == (1, "error: joints.csv: no column x\n")


# The detector's takes half a minute to import.
@pytest.mark.parametrize("command", ["hands", "classifier"])
def test_real_training_refuses_missing_annotations(sharp: Sharp, command: str) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    done = sharp("train", command, *ARGUMENTS)
    assert done.code == 1
    assert "joints.csv: cannot be read as a table of image,hand,joint,x,y" in done.err
    assert "Traceback" not in done.err
