"""`sharp train`: what it hands to the training, and what it says where it cannot train."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.cli.commands.train.detector import Net
from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.execution.limits import cores
from sharp_cli.training.classifier.label_check import Notice
from sharp_cli.training.classifier.settings import (
    ClassifierSettings,
    Hyperparameters,
    ThresholdRule,
)
from sharp_cli.training.classifier.sources import Sources
from sharp_cli.training.detector.settings import DetectorSettings
from sharp_cli.training.helpers import Helpers
from sharp_cli.training.trunk.start import Distillation, Start

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

ARGUMENTS = ("--annotations", "joints.csv", "--images", ".", "--out", "mine", "--work", "work")
CLASSIFIER = ("--labels", "labels.csv", "--images", ".", "--out", "run")
COMMANDS = {
    "hands": ARGUMENTS, "detector": ARGUMENTS, "trunk": ARGUMENTS, "classifier": CLASSIFIER,
}  # fmt: skip
CHOICES: dict[str, dict[str, Any]] = {
    "hands": {"names": None, "shapes": None, "phantoms": 40, "steps": 3, "seed": 1},
    "detector": {
        "names": None,
        "validation": None,
        "folds": 5,
        "finder": None,
        "device": "auto",
        "helpers": None,
        "settings": DetectorSettings(epochs=3),
    },
    "trunk": {
        "names": None, "start": Start("vgg16"), "cohort": None, "distillation": None,
        "steps": 3, "device": "auto", "seed": 1,
    },
}  # fmt: skip
PLAIN = ClassifierSettings(
    models=("mimo-local",),
    context="pooling",
    trunk="per-group",
    start="imagenet",
    weights=None,
    frozen=False,
    size=224,
    hyper=Hyperparameters(2, "he", 0.5, 32),
    search=0,
    samples=10_000,
    epochs=100,
    patience=10,
    threshold=ThresholdRule(),
    seed=1,
)
"""How the paper trains."""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: True)


@pytest.fixture(autouse=True)
def labels(tmp_path: Path) -> None:
    """A table that is there, in the empty folder of the call."""
    (tmp_path / "labels.csv").write_text("patient,study,image,hand,finding,joint,grade\n")


def stand_in(monkeypatch: pytest.MonkeyPatch, command: str, train: Callable[..., None]) -> None:
    """Put a function in place of the training, which takes seconds to import."""
    module = ModuleType(command)
    setattr(module, f"train_{command}", train)
    name = "hands" if command == "hands" else f"{command}.training"
    monkeypatch.setitem(sys.modules, f"sharp_cli.training.{name}", module)


Call = tuple[tuple[Any, ...], dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What trainings were asked for, none of which is done."""
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: True)
    found: list[Call] = []
    for command in COMMANDS:
        stand_in(monkeypatch, command, lambda *given, **chosen: found.append((given, chosen)))
    return found


@pytest.mark.parametrize("command", CHOICES)
def test_training_gets_what_was_asked(sharp: Sharp, calls: list[Call], command: str) -> None:
    length = "--epochs" if command == "detector" else "--steps"
    done = sharp("train", command, *ARGUMENTS, length, "3")
    assert done.code == 0
    assert done.out == b""
    assert done.err == "done: the bundle is in mine\n"
    ((given, chosen),) = calls
    assert given == (Path("joints.csv"), Path(), Path("mine"), Path("work"))
    assert chosen == {**CHOICES[command], "threads": cores()}


def test_a_trunk_starts_from_what_was_asked(sharp: Sharp, calls: list[Call]) -> None:
    lite, imagenet = ("--architecture", "lite"), ("--imagenet-weights", "labels.csv")
    for words in (lite, (*lite, *imagenet), (*lite, "--init", ".")):
        assert sharp("train", "trunk", *ARGUMENTS, *words).code == 0
    file = Path("labels.csv")
    expected = [Start("lite"), Start("lite", imagenet=file), Start("lite", Path())]
    assert [chosen["start"] for _, chosen in calls] == expected
    for odd in (imagenet, (*lite, *imagenet, "--init", ".")):
        done = sharp("train", "trunk", *ARGUMENTS, *odd)
        assert done.code == 2
        assert "--imagenet-weights: is for --architecture lite without --init" in done.err


def test_a_trunk_learns_from_a_teacher(sharp: Sharp, calls: list[Call]) -> None:
    taught = ("--teacher", ".")
    for words in (taught, (*taught, "--unlabelled", ".")):
        assert sharp("train", "trunk", *ARGUMENTS, *words).code == 0
    expected = [Distillation(Path()), Distillation(Path(), Path())]
    assert [chosen["distillation"] for _, chosen in calls] == expected
    done = sharp("train", "trunk", *ARGUMENTS, "--unlabelled", ".")
    assert done.code == 2
    assert "--unlabelled: is for --teacher" in done.err


def test_a_classifier_is_trained_as_the_paper_does_if_not_asked_otherwise(
    sharp: Sharp, calls: list[Call]
) -> None:
    done = sharp("train", "classifier", *CLASSIFIER)
    assert (done.code, done.out) == (0, b"")
    assert done.err == "done: predictions, metrics, curves and the bundle are in run\n"
    (((sources, out), chosen),) = calls
    nothing = dict.fromkeys(("annotations", "names", "dates", "folds", "hands", "detector"))
    assert sources == Sources(Path("labels.csv"), Path(), **nothing)
    assert out == Path("run")
    chosen.pop("report")
    assert chosen == {
        "settings": PLAIN, "folds": 8, "final": False, "device": "auto",
        "threads": cores(), "helpers": None,
    }  # fmt: skip


def test_a_classifier_gets_what_was_asked(sharp: Sharp, calls: list[Call]) -> None:
    asked = {
        "--model": "siso", "--prior": "labels.csv", "--folds": "4", "--fold-file": "labels.csv",
        "--annotations": "labels.csv", "--context": "concatenation", "--trunk": "shared",
        "--vgg16-weights": "labels.csv", "--size": "64", "--fc-layers": "3", "--fc-init": "random",
        "--dropout": "0.1", "--batch": "7", "--search": "5", "--samples": "9", "--epochs": "8",
        "--patience": "2", "--specificity": "0.9,jsn/wrist=0.8", "--seed": "4", "--threads": "1",
        "--hands": "h", "--detector": "d",
    }  # fmt: skip
    words = [word for pair in asked.items() for word in pair]
    done = sharp("train", "classifier", *CLASSIFIER, *words, "--frozen", "--final")
    assert done.code == 0, done.err
    (((sources, _), chosen),) = calls
    file = Path("labels.csv")
    specificity = {**dict.fromkeys(JOINT_GROUPS, 0.9), ("jsn", "wrist"): 0.8}
    assert sources == Sources(file, Path(), file, None, file, file, "h", "d")
    assert chosen["settings"] == ClassifierSettings(
        models=("siso", "mimo-time"), context="concatenation", trunk="shared", start="imagenet",
        weights=file, frozen=True, size=64, hyper=Hyperparameters(3, "random", 0.1, 7), search=5,
        samples=9, epochs=8, patience=2, threshold=ThresholdRule(specificity=specificity),
        seed=4,
    )  # fmt: skip
    assert (chosen["folds"], chosen["final"], chosen["threads"]) == (4, True, 1)


def test_a_classifiers_options_have_the_names_by_which_a_run_is_refused(sharp: Sharp) -> None:
    done = sharp("train", "classifier", "--help")
    assert done.code == 0
    listed = set(re.findall(r"^ +(?:-\w, )?(--[a-z0-9-]+)", done.out.decode(), re.MULTILINE))
    sources = {"labels", "images", "annotations", "prior", "fold-file", "hands", "detector"}
    named = {f"--{name}" for name in {*PLAIN.as_options(), *sources, "folds"}}
    # These may change from run to run; what the points are called is part of the annotations.
    others = {
        "--out", "--final", "--device", "--threads", "--engine", "--address", "--names", "--help",
        "--quiet", "--verbose", "--log-file",
    }  # fmt: skip
    assert listed == named | others


def test_models_are_trained_once_and_in_their_order(sharp: Sharp, calls: list[Call]) -> None:
    models = ("mimo-both-hands", "siso", "mimo-both-hands")
    sharp(
        "train", "classifier", *CLASSIFIER, *[word for one in models for word in ("--model", one)]
    )
    assert calls[0][1]["settings"] == replace(PLAIN, models=("siso", "mimo-both-hands"))


def test_a_bundle_gives_the_size_of_the_input(
    sharp: Sharp, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharp_cli.training.trunk.initial.bundle_size", lambda _: 96)
    start = ("--init", "bundle", "--init-bundle", ".")
    assert sharp("train", "classifier", *CLASSIFIER, *start).code == 0
    assert sharp("train", "classifier", *CLASSIFIER, *start, "--size", "64").code == 0
    expected = replace(PLAIN, start="bundle", weights=Path(), size=96)
    assert [chosen["settings"] for _, chosen in calls] == [expected, replace(expected, size=64)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--threshold", "0.5", "--sensitivity", "0.9"), "give at most one of them"),
        (("--init", "he", "--vgg16-weights", "labels.csv"), "--vgg16-weights: is for --init imag"),
        (("--init-bundle", "."), "--init-bundle: is for --init bundle"),
        (("--folds", "2"), "--folds"),
        (("--model", "mimo-time"), "--model"),
        (("--fold-file", "nowhere"), "nowhere"),
        (("--address", "here:6379"), "--address: belongs to a Ray cluster; add --engine ray"),
    ],
)
def test_options_that_do_not_fit(
    sharp: Sharp, calls: list[Call], words: tuple[str, ...], said: str
) -> None:
    done = sharp("train", "classifier", *CLASSIFIER, *words)
    assert done.code == 2
    assert said in done.err
    assert not calls


@pytest.mark.parametrize("command", ["detector", "classifier"])
def test_a_cluster_helps(
    sharp: Sharp, calls: list[Call], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    asked = []

    def connected(address: str | None) -> nullcontext[None]:
        asked.append(address)
        return nullcontext()

    monkeypatch.setattr("sharp_cli.execution.ray_pool.connected", connected)
    monkeypatch.setattr(
        "sharp_cli.execution.ray_pool.cluster_device",
        lambda device: "cuda" if device != "cpu" else device,
    )
    ray = ("train", command, *COMMANDS[command], "--engine", "ray")
    assert sharp(*ray, "--address", "there:6379").code == 0
    assert sharp(*ray, "--device", "cuda", "--threads", "3").code == 0
    assert sharp(*ray, "--device", "cpu").code == 0
    assert asked == ["there:6379", None, None]
    found = [(one["helpers"], one["device"], one["threads"]) for _, one in calls]
    assert found == [
        (Helpers("cuda", 1), "auto", cores()),
        (Helpers("cuda", 3), "auto", 3),
        (Helpers("cpu", 1), "cpu", cores()),
    ]


@pytest.mark.usefixtures("installed")
def test_what_a_training_goes_without_is_reported(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, report: Callable[[Notice], None], **__: object) -> None:
        report(Notice("line 3", "neither grade nor label", "excluded"))

    stand_in(monkeypatch, "classifier", train)
    done = sharp("train", "classifier", *CLASSIFIER)
    assert done.err.startswith("note: line 3: neither grade nor label: excluded\ndone: ")


@pytest.mark.usefixtures("installed")
def test_an_interrupted_training_says_how_to_resume(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    stand_in(monkeypatch, "classifier", train)
    done = sharp("train", "classifier", *CLASSIFIER)
    assert done.code == 130
    assert done.err == "stopped: the same command goes on from what is in run\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_without_the_extra_it_says_what_to_install(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda name: name != "torch" or None)
    done = sharp("train", command, *COMMANDS[command])
    assert done.code == 2
    assert done.err == "error: torch not installed; run: pip install 'sharp-cli[train]'\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_folder_of_radiographs_is_wrong_usage(sharp: Sharp, command: str) -> None:
    done = sharp("train", command, *COMMANDS[command], "--images", "nowhere")
    assert done.code == 2
    assert "'nowhere' does not exist" in done.err


def test_an_unknown_network_is_refused_with_the_choices(sharp: Sharp) -> None:
    done = sharp("train", "detector", *ARGUMENTS, "--net", "vgg16")
    assert done.code == 2
    for net in Net:
        assert net.value in done.err


def test_help_of_the_detector_names_its_options(sharp: Sharp) -> None:
    done = sharp("train", "detector", "--help")
    assert done.code == 0
    for option in (b"--init", b"--net", b"--validation", b"--device", b"--epochs"):
        assert option in done.out


@pytest.mark.usefixtures("installed")
def test_an_input_that_fails_is_reported(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Path, **__: object) -> None:
        message = "joints.csv: no column x"
        raise DocumentError(message)

    stand_in(monkeypatch, "hands", fail)
    done = sharp("train", "hands", *ARGUMENTS)
    assert (done.code, done.err) == (1, "error: joints.csv: no column x\n")


# The detector's takes half a minute to import.
@pytest.mark.parametrize("command", ["hands", "trunk"])
def test_real_training_refuses_missing_annotations(sharp: Sharp, command: str) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("sklearn")
    done = sharp("train", command, *ARGUMENTS)
    assert done.code == 1
    assert "joints.csv: cannot be read as a table of image,hand,joint,x,y" in done.err
    assert "Traceback" not in done.err


def test_real_training_refuses_labels_without_a_joint(sharp: Sharp) -> None:
    done = sharp("train", "classifier", *CLASSIFIER, "--init", "he")
    assert done.code == 1
    assert "labels.csv" in done.err
    assert "no joint is left to train on" in done.err
