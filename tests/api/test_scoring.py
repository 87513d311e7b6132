"""`sharp_cli.score`: what `sharp score` does, as a function."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import sharp_cli
from sharp_cli import score
from sharp_cli.cli import app
from sharp_cli.cli.commands.score import score as command
from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.results.document import COLUMNS
from tests.fakes import paint

if TYPE_CHECKING:
    from tests.api.conftest import Models


@pytest.mark.usefixtures("models")
def test_it_writes_what_the_command_writes() -> None:
    files = [str(paint(Path(name))) for name in ("two.png", "guess_L.png", "odd_R.png", "none.png")]
    arguments = ["score", *files, "missing.png", "--csv", "their.csv", "--json", "their.json"]
    assert CliRunner().invoke(app, arguments).exit_code == 1
    with pytest.warns(UserWarning, match="no hand|no such file"):
        scores = score(*files, "missing.png")
    scores.to_csv("our.csv")
    scores.to_json("our.json")
    assert Path("our.csv").read_bytes() == Path("their.csv").read_bytes()
    assert Path("our.json").read_bytes() == Path("their.json").read_bytes()


def test_whom_one_trusts(models: Models) -> None:
    paint(Path("two.png"))
    assert "not validated" in repr(score("two.png"))
    assert "not validated" not in repr(score("two.png", trust=[models.checksum]))
    assert "not validated" in repr(score("two.png", trust=["1"]))


def test_its_options_are_those_of_the_command() -> None:
    theirs = inspect.signature(command).parameters
    ours = dict(inspect.signature(score).parameters)
    del ours["files"]
    assert {name: each.default for name, each in ours.items()} == {
        name: theirs[name].default for name in ours
    }
    outputs_and_sources = {
        name for name, each in theirs.items() if each.default is None and name not in ours
    }
    assert {"files", "json", "csv", "overlay", "out"} <= outputs_and_sources


@pytest.mark.usefixtures("models")
def test_options_reach_what_they_are_for() -> None:
    paint(Path("two.png"))
    assert score("two.png").document.model == "mimo-local"
    scores = score("two.png", model="mimo-one-hand", threshold=0)
    assert (scores.document.model, scores.document.threshold) == ("mimo-one-hand", 0)
    assert {row.label for row in scores.document.joints} == {"non-intact"}
    paint(Path("a_L.png"))
    with pytest.warns(UserWarning, match="lacks a hand"):
        assert not score("a_L.png", strict=True).document.joints


@pytest.mark.usefixtures("models")
def test_folders_patterns_and_paths() -> None:
    paint(Path("x/two.png"))
    paint(Path("y_L.png"))
    scores = score(Path("x"), "y*.png")
    assert [row.file for row in scores.document.inputs] == ["x/two.png", "y_L.png"]


@pytest.mark.usefixtures("models")
def test_a_file_that_fails_warns_and_stops_no_other() -> None:
    paint(Path("two.png"))
    paint(Path("none.png"))
    with pytest.warns(UserWarning, match="no hand|no such file") as told:
        scores = score("none.png", "missing.png", "two.png")
    assert [row.file for row in scores.document.failures] == ["none.png", "missing.png"]
    reasons = [row.reason for row in scores.document.failures]
    assert sorted(str(each.message) for each in told) == sorted(reasons)
    assert {each.filename for each in told} == {__file__}
    assert len(scores.document.joints) == 62


@pytest.mark.usefixtures("models")
def test_where_all_fails_there_are_empty_tables() -> None:
    with pytest.warns(UserWarning, match="missing"):
        scores = score("missing.png")
    assert tuple(scores.joints.columns) == COLUMNS
    assert scores.joints.empty
    assert len(scores.failures) == 1


@pytest.mark.usefixtures("models")
def test_an_interruption_interrupts() -> None:
    paint(Path("stop.png"))
    with pytest.raises(KeyboardInterrupt):
        score("stop.png")


@pytest.mark.parametrize(
    "given",
    [
        {"model": "mimo"},
        {"model": "mimo-time"},
        {"device": "tpu"},
        {"precision": "fp16"},
        {"threshold": 50},
        {"threshold": float("nan")},
        {"threads": 0},
        {"prevalence": 1},
    ],
)
def test_what_an_option_cannot_be_is_an_error_before_any_work(
    given: dict[str, Any], models: Models
) -> None:
    ((name, _),) = given.items()
    with pytest.raises(UsageError, match=f"{name}=.*; give "):
        score("missing.png", **given)
    assert not models.loads


@pytest.mark.usefixtures("models")
def test_no_files_is_an_error() -> None:
    with pytest.raises(UsageError, match="no files"):
        score()


def test_models_stay_loaded_for_the_same_settings(models: Models) -> None:
    paint(Path("two.png"))
    score("two.png")
    score("two.png", model="siso", threshold=0.1)
    assert models.loads == {"hands": 1, "joints": 1, "findings": 1}
    score("two.png", threads=1)
    assert models.loads["hands"] == 2
    scores = score("two.png", threads=1, hands="theirs")
    assert models.loads["hands"] == 3
    assert scores.document.models["hands"].sha256 == "theirs"


def test_a_bundle_that_was_trained_anew_is_loaded_anew(models: Models) -> None:
    paint(Path("two.png"))
    score("two.png")
    models.checksum = "1"
    assert score("two.png").document.models["joints"].sha256 == "1"
    assert models.loads["joints"] == 2


def test_a_bundle_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        score("missing.png", detector=tmp_path)


def loaded(code: str, *modules: str) -> list[str]:
    """Which of the modules are loaded once the code has run."""
    code = f"import sys; {code}; print(*(m for m in {modules!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_package_loads_nothing_until_it_is_asked_for() -> None:
    assert loaded("import sharp_cli", "sharp_cli.api", "numpy", "openvino", "pandas") == []
    assert loaded(
        "from sharp_cli import score", "sharp_cli.api", "torch", "openvino", "pandas"
    ) == ["sharp_cli.api"]


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'scores'"):
        _ = sharp_cli.scores  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        from sharp_cli import nothing  # type: ignore[attr-defined] # noqa: F401, PLC0415
