"""The workflows of the examples, run as far as what they need is there."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import ROOT, install
from tests.datasets.importers.trees import H1200_BOXES, STUDIES, change, make_h1200

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKFLOWS = ROOT / "examples" / "workflows"
MANIFEST = """\
study,patient,hand,path
film,p1,,p1/two-hands.dcm
pair,p2,left,p2/left.dcm
broken,p1,,p1/broken.dcm
pair,p2,right,p2/right.dcm
"""
LABELS = """\
patient,study,image,hand,finding,joint,grade
p1,film,p1/two-hands.dcm,left,erosion,MCP2,3
p1,film,p1/two-hands.dcm,left,erosion,MCP3,0
p2,pair,p2/right.dcm,right,jsn,MCP2,0
p2,pair,p2/right.dcm,right,jsn,PIP4,2
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """That of a folder with `archive`, the radiographs of two patients, one of them broken."""
    for patient, names in (("p1", ["two-hands.dcm"]), ("p2", ["left.dcm", "right.dcm"])):
        (tmp_path / "archive" / patient).mkdir(parents=True)
        for name in names:
            shutil.copy(ROOT / "examples" / name, tmp_path / "archive" / patient)
    broken = (tmp_path / "archive/p1/two-hands.dcm").read_bytes()[:3000]
    (tmp_path / "archive/p1/broken.dcm").write_bytes(broken)
    (tmp_path / "archive/manifest.csv").write_text(MANIFEST)
    (tmp_path / "labels.csv").write_text(LABELS)
    monkeypatch.chdir(tmp_path)
    return install(tmp_path)


def score(
    task: int, tasks: int, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A task of score.sbatch, as Slurm would run it."""
    slurm = {
        "SLURM_ARRAY_TASK_ID": str(task),
        "SLURM_ARRAY_TASK_COUNT": str(tasks),
        "SLURM_CPUS_PER_TASK": "1",
    }
    return subprocess.run(
        [str(WORKFLOWS / "score.sbatch"), "archive/manifest.csv", "results"],
        env={**environment, **slurm},
        capture_output=True,
        text=True,
        check=False,
    )


def rows(file: str) -> list[dict[str, str]]:
    with Path(file).open(newline="") as table:
        return list(csv.DictReader(table))


@pytest.mark.slow
def test_tasks_of_slurm_share_the_studies_and_are_joined(environment: Mapping[str, str]) -> None:
    for task in (1, 2):
        done = score(task, 2, environment)
        assert done.returncode == 0, done.stderr
    assert {row["study"] for row in rows("archive/manifest-1-of-2.csv")} == {"film", "broken"}
    assert [row["study"] for row in rows("archive/manifest-2-of-2.csv")] == ["pair", "pair"]
    subprocess.run([str(WORKFLOWS / "join.sh"), "results"], env=environment, check=True)
    studies = [row["study"] for row in rows("results/results.csv")]
    assert studies == ["film"] * 62 + ["pair"] * 62
    assert [row["file"] for row in rows("results/failures.csv")] == ["archive/p1/broken.dcm"]


def test_a_manifest_that_would_be_split_wrongly_is_refused(environment: Mapping[str, str]) -> None:
    Path("archive/manifest.csv").write_text("patient,study,hand,path\np1,film,,p1/two-hands.dcm\n")
    done = score(1, 1, environment)
    assert done.returncode == 2
    assert "the first column is not study" in done.stderr
    assert not Path("results").exists()


@pytest.mark.skipif(shutil.which("snakemake") is None, reason="snakemake is not installed")
def test_snakemake_scores_joins_and_evaluates(environment: Mapping[str, str]) -> None:
    config = ["radiographs=archive", "labels=labels.csv", "out=work"]
    call = ["snakemake", "-s", str(WORKFLOWS / "Snakefile"), "--cores", "2", "--config", *config]
    subprocess.run(call, env=environment, check=True)
    assert len(rows("work/results.csv")) == 124
    assert [row["file"] for row in rows("work/failures.csv")] == ["archive/p1/broken.dcm"]
    assert Path("work/evaluation/precision-recall.png").exists()


@pytest.mark.slow
def test_patients_trains_evaluates_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_h1200(tmp_path / "hub")
    change(tmp_path / "hub" / H1200_BOXES, with_boxes_everywhere)
    environment = install(tmp_path)
    hf = tmp_path / "bin" / "hf"
    hf.write_text('#!/bin/sh\nset -e\nmkdir -p "$6"; cp -r hub/. "$6"\n[ -e network ]\n')
    hf.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    tiny = "--cpu --folds 3 --samples 4 --epochs 1 --size 32 --threads 1"
    command = [str(WORKFLOWS / "patients.sh"), *tiny.split()]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert run().returncode == 1  # the download is interrupted
    assert not Path("patients/tables").exists()
    Path("network").touch()
    done = run()
    assert done.returncode == 0, done.stderr
    run_folder = Path("patients/run-cpu")
    assert json.loads((run_folder / "bundle/bundle.json").read_text())["models"] == ["mimo-local"]
    card = (run_folder / "bundle/MODEL_CARD.md").read_text()
    assert "4 patients" in card
    assert "## May I use it?" in card
    written = {path: path.read_bytes() for path in Path("patients/run-cpu/bundle").iterdir()}
    assert (run_folder / "evaluation/classification.json").exists()
    hf.unlink()
    assert run().returncode == 0
    assert written == {path: path.read_bytes() for path in written}


def with_boxes_everywhere(coco: dict[str, Any]) -> None:
    """Give the hands of all parts the boxes of the first two."""
    first = coco["annotations"]
    coco["images"] = [
        {**coco["images"][side == "R"], "id": number, "file_name": f"{study}_{side}.bmp"}
        for number, (study, side) in enumerate((study, side) for study in STUDIES for side in "LR")
    ]
    coco["annotations"] = [
        {**box, "image_id": image["id"]}
        for image in coco["images"]
        for box in first
        if box["image_id"] == image["id"] % 2
    ]
