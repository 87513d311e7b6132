"""`sharp evaluate classification`: metrics as CSV into a pipe, tables on a terminal, files."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.evaluation.metrics.classification import METRICS
from tests import fakes
from tests.command import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

COMMAND = ("evaluate", "classification", "scores.csv", "labels.csv", "--bootstrap", "20")
LABELS = "patient,study,image,hand,finding,joint,grade"
WITHOUT_TRAINING = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name in {"torch", "deeplabcut", "onnx", "onnxscript", "optuna"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from sharp_cli.cli import main
main()
"""
READERS = "reader,image,hand,finding,joint,label"


@pytest.fixture(autouse=True)
def scored(sharp: Sharp, tmp_path: Path) -> None:
    """Predictions of three patients, of whom the last has no labels, and labels of a fourth."""
    files = [fakes.paint(tmp_path / "in" / f"two{n}.png", seed=n) for n in range(3)]
    assert sharp("score", *files, "--csv", "scores.csv").code == 0
    joints = [(side, target.finding, target.joint) for side in SIDES for target in TARGETS]
    labels, calls = [LABELS], [READERS]
    for patient in (0, 1, 3):
        for number, joint in enumerate(joints):
            grade = (number + patient) % 3
            labels.append(f"P{patient},1,in/two{patient}.png,{','.join(joint)},{grade}")
            for reader in (1, 2):
                call = "non-intact" if grade >= reader else "intact"
                calls.append(f"R{reader},two{patient}.png,{','.join(joint)},{call}")
    labels.append("P0,1,in/two0.png,left,erosion,IP,")
    (tmp_path / "labels.csv").write_text("\n".join(labels))
    calls = [line.replace(",two", ",in/two") for line in calls]
    (tmp_path / "readers.csv").write_text("\n".join(calls))


def test_metrics_go_into_a_pipe(sharp: Sharp) -> None:
    done = sharp(*COMMAND, "--readers", "readers.csv")
    assert done.code == 0
    rows = list(csv.DictReader(done.out.decode().splitlines()))
    names = {"mimo-local": 64, "R1": 96, "R2": 96, "average of readers": 96}
    assert len(rows) == 6 * len(names) * len(METRICS)
    found = {
        (row["name"], row["metric"]): row
        for row in rows
        if (row["finding"], row["joints"]) == ("erosion", "all joints")
    }
    for name, called in names.items():
        assert int(found[name, "pr_auc"]["called"]) == called
    assert float(found["R1", "sensitivity"]["value"]) == 1
    assert float(found["R2", "sensitivity"]["value"]) == pytest.approx(0.5, abs=0.02)
    assert float(found["R2", "specificity"]["value"]) == 1


def test_an_average_of_readers_of_different_joints_says_so(sharp: Sharp, tmp_path: Path) -> None:
    lines = (tmp_path / "readers.csv").read_text().splitlines()
    (tmp_path / "some.csv").write_text("\n".join(lines[:-1]))
    done = sharp(*COMMAND, "--readers", "some.csv")
    assert "different joints (R1: 186, R2: 185), so it is of the 185 that all of" in done.err
    assert "they call different joints" not in sharp(*COMMAND, "--readers", "readers.csv").err


def test_what_has_no_partner_is_reported(sharp: Sharp) -> None:
    done = sharp(*COMMAND)
    assert "note: labels.csv: 1 rows have neither grade nor label\n" in done.err
    told = "62 labelled joints not called (excluded), 62 called joints not labelled"
    assert f"note: mimo-local: {told}\n" in done.err
    done = sharp(*COMMAND, "--missing-as", "intact")
    assert "62 labelled joints not called (counted as intact)" in done.err
    assert ",all joints,mimo-local,96," in done.out.decode()


def test_a_terminal_shows_tables(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.cli.terminal.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "250")
    out = sharp(*COMMAND, "--readers", "readers.csv").out.decode()
    for text in (
        "wrist (jsn)",
        "Brier score",
        "mimo-local – R1",
        "all models and readers",
        "grade",
    ):
        assert text in out


def test_files(sharp: Sharp, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = sharp(*COMMAND, "--readers", "readers.csv", "--out", "new/out")
    assert (done.code, done.out) == (0, b"")
    assert done.err.endswith("done: the evaluation is in new/out\n")
    folder = tmp_path / "new" / "out"
    content = json.loads((folder / "classification.json").read_text())
    assert content["schema"] == "sharp-classification/1"
    assert (content["seed"], content["bootstrap"], content["missing_as"]) == (1, 20, "exclude")
    for name in (
        "partners", "figures", "differences", "agreement", "grades",
        "joints", "sides", "hands", "patients",
    ):  # fmt: skip
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(content[name]) > 0
        assert list(rows[0]) == list(content[name][0])
    assert (folder / "tables.md").read_text().count("\n| --- |") == 5
    assert (folder / "tables.tex").read_text().count(r"\begin{tabular}") == 5
    for name in ("precision-recall", "calibration"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert b"<svg" in (folder / f"{name}.svg").read_bytes()


def test_the_seed_decides(sharp: Sharp) -> None:
    few = (*COMMAND[:-1], "3", "--seed")
    first, again, other = (sharp(*few, seed).out for seed in ("1", "1", "2"))
    assert first == again != other


def test_no_bootstrap_no_intervals(sharp: Sharp) -> None:
    done = sharp(*COMMAND[:-1], "0")
    assert {row["low"] for row in csv.DictReader(done.out.decode().splitlines())} == {""}


def test_labels_as_predictions_are_reported(sharp: Sharp) -> None:
    done = sharp("evaluate", "classification", "labels.csv", "labels.csv")
    assert done.code == 1
    assert "labels.csv: no column model" in done.err


def test_missing_files_are_wrong_usage(sharp: Sharp) -> None:
    done = sharp("evaluate", "classification", "nowhere", "labels.csv")
    assert done.code == 2
    assert "'nowhere' does not exist" in done.err


def test_the_smallest_extra_is_named(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: None)
    done = sharp(*COMMAND)
    assert done.code == 2
    needed = "matplotlib, scipy, sklearn not installed; run: pip install 'sharp-cli[evaluate]'"
    assert needed in done.err


def test_nothing_of_training_is_needed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRAINING, *COMMAND, "--out", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "classification.json").exists()
