"""Trainings that a Ray cluster helps with, here one of this machine alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli import __version__
from sharp_cli.core.errors import UsageError
from sharp_cli.execution.ray_pool import Driver, connected
from sharp_cli.training import helpers
from sharp_cli.training.classifier.fit import CHECKPOINT
from sharp_cli.training.detector.config import CONFIG_FILE
from sharp_cli.training.helpers import Helpers
from tests.fakes import FakeRayPool
from tests.training import cohort
from tests.training.classifier.test_training import train
from tests.training.detector.test_training import annotate, hands, train_all

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MODELS = ("siso", "mimo-local")


@pytest.fixture(scope="module")
def two_cores() -> Iterator[Helpers]:
    """A cluster of two cores, whose processes find the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RAY_OVERRIDE_RESOURCES", '{"CPU": 2}')
        patch.delenv("RAY_ADDRESS", raising=False)
        with connected(None):
            yield Helpers("cpu", 1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labels and patches."""
    folder = tmp_path_factory.mktemp("cohort")
    cohort.write(folder, cohort.cohort(6, studies=2))
    return folder


def same(one: Path, other: Path) -> bool:
    """Whether two folders have the same files but for one, in which DeepLabCut names the folder."""

    def files(folder: Path) -> dict[str, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file() and path.name != CONFIG_FILE]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    assert len(files(one)) > 9
    return files(one) == files(other)


@pytest.mark.slow
def test_the_folds_of_classifiers(data: Path, tmp_path: Path, two_cores: Helpers) -> None:
    chosen: dict[str, Any] = {"start": "bundle", "frozen": True, "search": 2, "models": MODELS}
    train(data, tmp_path / "alone/run", epochs=2, **chosen)
    train(data, tmp_path / "helped/run", epochs=2, helpers=two_cores, **chosen)
    assert same(tmp_path / "alone", tmp_path / "helped")


@pytest.mark.slow
def test_the_folds_of_a_detector(
    tmp_path: Path, two_cores: Helpers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PERTURBATIONS", "HARD", "STRANGE"):
        monkeypatch.setattr(f"sharp_cli.training.detector.certainty.{name}", ())
    for name, help_of in (("alone", None), ("helped", two_cores)):
        folder = tmp_path / name / "pictures"
        annotate(folder, "joints.csv", hands(folder, count=10))
        train_all(folder, folds=2, helpers=help_of)
    assert same(tmp_path / "alone", tmp_path / "helped")


def test_what_ends_every_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "RayPool", FakeRayPool)
    with pytest.raises(UsageError, match="--engine ray: fold 2: every process ended"):
        Helpers("cpu", 1).work(tmp_path, leave, {"fold 2": 2}, prepare=str)
    assert not [*tmp_path.iterdir()]


def leave(_: object, status: int) -> None:
    sys.exit(status)


def test_a_machine_without_the_folder_is_refused(tmp_path: Path) -> None:
    driver = Driver(os.getcwd(), __version__)  # noqa: PTH109 - as `Driver.here`
    with pytest.raises(UsageError, match=r"\.sharp-1: is not there on "):
        helpers._prepare(driver, str(tmp_path / ".sharp-1"), 1, str)


@pytest.mark.slow
def test_a_machine_that_goes_takes_nothing_with_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - it takes the environment as it is now

    def start(run: Path, *more: str) -> subprocess.Popen[str]:
        words = cohort.training(data, run, samples=20, epochs=3)
        return subprocess.Popen(
            [sys.executable, "-m", "sharp_cli", *words, *more],
            stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    alone = start(tmp_path / "alone/run")
    _, said = alone.communicate()
    assert alone.returncode == 0, said
    cluster = Cluster()
    for cores in (0, 1, 1):
        cluster.add_node(num_cpus=cores, include_dashboard=False)
    try:
        helped = start(tmp_path / "helped/run", "--engine", "ray", "--address", cluster.address)
        while len([*(tmp_path / "helped").rglob(CHECKPOINT)]) < 2:
            assert helped.poll() is None
            time.sleep(0.02)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        _, said = helped.communicate()
    finally:
        cluster.shutdown()
    assert helped.returncode == 0, said
    assert "Traceback" not in said
    assert same(tmp_path / "alone", tmp_path / "helped")
