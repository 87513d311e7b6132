"""`sharp score`: files, folders, stdout, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.results.formats import from_csv, from_json
from tests.fakes import FakeClassifier, paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def test_into_a_pipe_goes_csv_and_nothing_else(sharp: Sharp) -> None:
    paint(Path("two.png"))
    done = sharp("score", "two.png")
    assert done.code == 0
    assert len(from_csv(done.out, "stdout")) == 62
    assert "not validated on patients" in done.err


def test_all_outputs_hold_the_same(sharp: Sharp, tmp_path: Path) -> None:
    paint(Path("two.png"))
    done = sharp("score", "two.png", "--json", "-", "--csv", "new/a.csv", "--overlay", "a.png",
                 "--out", "all")  # fmt: skip
    assert done.code == 0
    document = from_json(done.out, "stdout")
    assert from_csv(Path("new/a.csv").read_bytes(), "a.csv") == document.joints
    assert from_json(Path("all/two/result.json").read_bytes(), "x") == document
    assert Path("all/two/result.csv").read_bytes() == Path("new/a.csv").read_bytes()
    assert Path("all/two/overlay.png").read_bytes() == Path("a.png").read_bytes()
    assert max(Image.open("a.png").size) >= 1200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "all", "new", "two.png"]


def test_a_failed_file_keeps_no_other_from_being_written(sharp: Sharp) -> None:
    paint(Path("two.png"))
    paint(Path("none.png"))
    done = sharp("score", "two.png", "none.png", "missing.png", "--csv", "a.csv", "--json", "-")
    assert done.code == 1
    assert len(from_csv(Path("a.csv").read_bytes(), "a.csv")) == 62
    failures = json.loads(done.out)["failures"]
    assert [failure["file"] for failure in failures] == ["none.png", "missing.png"]
    assert failures[0]["error"] == "NoHandError"
    assert "error: none.png: no hand found" in done.err
    assert "Traceback" not in done.err


def test_two_files_are_one_study(sharp: Sharp) -> None:
    paint(Path("left.png"))
    paint(Path("right.png"))
    rows = from_csv(sharp("score", "right.png", "left.png").out, "x")
    assert {row.study for row in rows} == {"left+right"}
    assert {row.model for row in rows} == {"mimo-local"}


def test_overlays_of_several_radiographs_have_their_names(sharp: Sharp) -> None:
    for name in ("a_L.png", "a_R.png", "two.png", "x/two.png"):
        paint(Path(name))
    done = sharp("score", "a_L.png", "a_R.png", "two.png", "x/two.png", "--overlay", "o.png",
                 "--out", "all")  # fmt: skip
    assert done.code == 0
    assert sorted(path.name for path in Path().glob("o*")) == [
        "o-a_L.png", "o-a_R.png", "o-two-2.png", "o-two.png",
    ]  # fmt: skip
    written = sorted(str(path) for path in Path("all").glob("*/*"))
    assert written == [
        f"all/{name}"
        for name in (
            "a/overlay-a_L.png", "a/overlay-a_R.png",
            "a/result.csv", "a/result.json", "a/summary.csv",
            "two/overlay.png", "two/result.csv", "two/result.json", "two/summary.csv",
            "x-two/overlay.png", "x-two/result.csv", "x-two/result.json", "x-two/summary.csv",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "-", "--csv", "-"),
        ("--json", "same", "--csv", "./same"),
        ("--csv", "two.png"),
        ("--overlay", "two.PNG"),
        ("--overlay", "-"),
        ("--overlay", "a.jpg"),
        ("--threads", "0"),
        ("--model", "mimo"),
        ("--model", "mimo-time"),
        ("--threshold", "1.1"),
        ("--no-such-option",),
    ],
)
def test_what_does_not_fit_together_is_usage(sharp: Sharp, arguments: tuple[str, ...]) -> None:
    content = paint(Path("two.png")).read_bytes()
    Path("two.PNG").symlink_to("two.png")
    done = sharp("score", "two.png", *arguments)
    assert done.code == 2
    assert not done.out
    assert Path("two.png").read_bytes() == content


@pytest.mark.parametrize("option", ["--json", "--csv", "--overlay", "--out"])
def test_an_output_that_cannot_be_written_is_4_before_any_work(sharp: Sharp, option: str) -> None:
    Path("file").touch()
    done = sharp("score", "missing.png", option, "file/below/x.png")
    assert done.code == 4
    assert "file/below" in done.err
    assert "missing.png" not in done.err


def test_a_bundle_problem_is_3(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        message = "models: damaged"
        raise ModelError(message)

    monkeypatch.setattr("sharp_cli.bundles.store.open_bundle", missing)
    done = sharp("score", "two.png")
    assert (done.code, done.err) == (3, "error: models: damaged\n")


def test_an_interruption_is_130_and_writes_what_is_finished(sharp: Sharp) -> None:
    for name in ("two.png", "stop.png", "two-b.png"):
        paint(Path(name))
    done = sharp("score", "two.png", "stop.png", "two-b.png", "--csv", "a.csv")
    assert done.code == 130
    assert {row.study for row in from_csv(Path("a.csv").read_bytes(), "x")} == {"two"}
    done = sharp("score", "stop.png", "--csv", "a.csv")
    assert done.code == 130
    assert {row.study for row in from_csv(Path("a.csv").read_bytes(), "x")} == {"two"}


def test_an_error_of_its_own_is_70_without_a_traceback(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        message = "secret"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("sharp_cli.inference.hand_finder.HandFinder", broken)
    done = sharp("score", "two.png")
    assert done.code == 70
    assert "please report" in done.err
    assert "secret" not in done.err
    monkeypatch.setenv("SHARP_DEBUG", "1")
    assert sharp("score", "two.png").code == 1


def test_strict_is_an_error(sharp: Sharp) -> None:
    paint(Path("a_L.png"))
    assert sharp("score", "a_L.png").code == 0
    done = sharp("score", "a_L.png", "--strict")
    assert done.code == 1
    assert "--strict" in done.err


@pytest.mark.parametrize("model", ["siso", "mimo-local", "mimo-one-hand", "mimo-both-hands"])
def test_models(sharp: Sharp, model: str) -> None:
    paint(Path("two.png"))
    document = from_json(sharp("score", "two.png", "--model", model, "--json", "-").out, "x")
    assert {row.model for row in document.joints} == {document.model} == {model}


def test_a_model_that_the_bundle_does_not_hold_is_usage_before_any_work(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choose(_: object, asked: str | None, **_options: object) -> str:
        message = f"--model {asked}: not held"
        raise UsageError(message)

    monkeypatch.setattr(FakeClassifier, "choose", choose)
    for arguments in (("score", "missing.png"), ("score", "missing.png", "--model", "siso")):
        done = sharp(*arguments)
        assert done.code == 2
        assert "not held" in done.err
        assert "missing.png" not in done.err


def test_a_threshold_of_ones_own(sharp: Sharp) -> None:
    paint(Path("two.png"))
    done = sharp("score", "two.png", "--threshold", "0", "--json", "-")
    document = from_json(done.out, "x")
    assert document.threshold == 0
    assert {row.label for row in document.joints} == {"non-intact"}


@pytest.mark.parametrize(
    ("given", "said"),
    [("0.3", "not calibrated"), ("often", "prevalence='often'; give table2")],
)
def test_a_prevalence_that_cannot_be_used_is_usage(sharp: Sharp, given: str, said: str) -> None:
    paint(Path("two.png"))
    done = sharp("score", "two.png", "--prevalence", given)
    assert done.code == 2
    assert said in done.err
    assert not done.out


def test_on_a_terminal_it_prints_a_table(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    paint(Path("two.png"))
    monkeypatch.setattr("sharp_cli.cli.terminal.is_terminal", lambda: True)
    out = sharp("score", "two.png").out.decode()
    assert out.count("intact") >= 62
    assert "Erosion: left" in out
    assert not sharp("score", "two.png", "--csv", "-").out.startswith(b" ")


def test_no_identifier_of_the_machine_is_written(sharp: Sharp) -> None:
    paint(Path("two.png"))
    out = sharp("score", "two.png", "--json", "-").out.decode()
    assert str(Path.cwd()) not in out
    assert os.uname().nodename not in out
