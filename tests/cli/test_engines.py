"""`sharp score --engine ray` writes what `--engine local` writes; here without a cluster."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli import __version__
from sharp_cli.batch import ray_engine, ray_worker
from sharp_cli.core.errors import UsageError
from sharp_cli.execution.ray_pool import Driver
from sharp_cli.results.failures import read_failures
from sharp_cli.scoring.not_assessable import NONE
from tests.fakes import FakeDetector, FakeRayPool, paint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sharp_cli.core.records import Hand, Radiograph
    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "connected", nullcontext)
    monkeypatch.setattr(ray_engine, "RayPool", FakeRayPool)
    monkeypatch.setattr(
        ray_engine, "cluster_device", lambda device: "cuda" if device == "cuda" else "cpu"
    )


def state(folder: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and path.name not in (".lock", "run.json")
    }


@pytest.mark.usefixtures("ray")
@pytest.mark.parametrize("source", [("a", "--strict"), ("--manifest", "m.csv")])
def test_files_are_the_same(sharp: Sharp, source: tuple[str, ...]) -> None:
    """Also names of studies, which depend on those before them."""
    names = ("p_L", "p_R", "x/two", "two", "none", "bug", "a_L", "b_L", "d_R", "gap_R")
    for at, name in enumerate(names):
        paint(Path(f"a/{name}.png"), seed=at)
    Path("m.csv").write_text(
        "study,patient,hand,path\nS,,,a/two.png\nT,,,a/p_L.png\nT,,,a/a_L.png\nT,,,a/d_R.png\n"
        "T,,,a/b_L.png\nT-2,,,a/x/two.png\nU,,,a/none.png\nU,,,a/p_R.png\nV,,,a/bug.png\n"
    )
    local = sharp("score", *source, "--out", "local")
    there = sharp("score", *source, "--out", "ray", "--engine", "ray")
    assert (local.code, there.code) == (1, 1)
    assert there.err.replace("ray", "local") == local.err
    assert state("ray") == state("local")
    assert len(state("ray")) > 9


@pytest.mark.usefixtures("ray")
def test_a_film_that_ends_processes_fails_alone(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = FakeDetector.detect

    def detect(self: FakeDetector, radiograph: Radiograph, hand: Hand) -> Any:
        if radiograph.file in ("a/p_L.png", "a/x.png"):
            raise SystemExit
        return original(self, radiograph, hand)

    monkeypatch.setattr(FakeDetector, "detect", detect)
    for name in ("p_L", "p_R", "two", "x"):
        paint(Path(f"a/{name}.png"))
    assert sharp("score", "a", "--out", "out", "--engine", "ray").code == 1
    assert sorted(path.parent.name for path in Path("out").glob("*/result.csv")) == ["p", "two"]
    failures = {row.file: row.reason for row in read_failures(Path("out"))}
    assert sorted(failures) == ["a/p_L.png", "a/x.png"]
    assert all("the process that worked on it ended" in reason for reason in failures.values())


@pytest.mark.usefixtures("ray")
def test_a_run_resumes_with_another_engine(sharp: Sharp) -> None:
    paint(Path("a/two.png"))
    paint(Path("a/p_R.png"))
    assert sharp("score", "a", "--out", "out").code == 0
    paint(Path("a/p_L.png"))
    done = sharp("score", "a", "--out", "out", "--engine", "ray")
    assert done.code == 0
    assert "studies done before: 2, left: 1" in done.err
    assert sharp("score", "a", "--out", "undisturbed").code == 0
    assert state("out") == state("undisturbed")


@pytest.mark.usefixtures("ray")
def test_what_processes_take_of_the_cluster(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    paint(Path("two.png"))

    def ask(*more: str) -> Mapping[str, float]:
        assert sharp("score", "two.png", "--out", f"out{more}", "--engine", "ray", *more).code == 0
        return FakeRayPool.needs

    assert ask() == {"cpus": 1, "gpus": 0}
    assert ask("--threads", "3") == {"cpus": 3, "gpus": 0}
    assert ask("--device", "cuda") == {"cpus": 1, "gpus": 0.25}
    monkeypatch.setattr(
        ray_engine, "cluster_device", lambda device: "cpu" if device == "cpu" else "cuda"
    )
    assert ask("--threads", "2") == {"cpus": 2, "gpus": 0.25}
    assert ask("--device", "cpu") == {"cpus": 1, "gpus": 0}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--engine", "ray"), "name it with --out DIR"),
        (("--engine", "ray", "--out", "out", "--precision", "auto"), "name fp32 or bf16"),
        (("--out", "out", "--address", "localhost:6379"), "add --engine ray"),
    ],
)
def test_what_does_not_fit_together_is_usage(
    sharp: Sharp, arguments: tuple[str, ...], text: str
) -> None:
    paint(Path("two.png"))
    done = sharp("score", "two.png", *arguments)
    assert done.code == 2
    assert text in done.err
    assert not Path("out").exists()


def test_without_ray_it_is_said_what_to_install(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(Path("two.png"))
    monkeypatch.setitem(sys.modules, "ray", None)
    done = sharp("score", "two.png", "--out", "out", "--engine", "ray")
    assert done.code == 2
    assert "pip install 'sharp-cli[ray]'" in done.err


@pytest.mark.usefixtures("sharp")
@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"driver": Driver("/no/such/folder", __version__)}, "/no/such/folder: is not there on "),
        ({"driver": Driver(".", "0")}, "has Sharp .*, not 0; install the same"),
        ({"checksums": ("1" * 64, "0" * 64, "0" * 64)}, "has other models than there are here"),
    ],
)
def test_a_machine_that_is_not_like_this_one_is_refused(changed: dict[str, Any], text: str) -> None:
    paint(Path("two.png"))
    given: dict[str, Any] = {
        "driver": Driver.here(), "bundles": (None, None, None),
        "checksums": ("0" * 64,) * 3, "trust": (), "model": "siso", "threshold": None,
        "strict": False, "missing": "scale", "not_assessable": NONE,
        "mask_annotations": False,
        "prevalence": None, "device": "cpu", "precision": "fp32", "threads": 1,
    }  # fmt: skip
    ray_worker.load_ray_worker(ray_worker.Setup(**given), "two.png")
    with pytest.raises(UsageError, match=text):
        ray_worker.load_ray_worker(ray_worker.Setup(**given | changed), "two.png")
    with pytest.raises(UsageError, match=r"^other.png: is not there on "):
        ray_worker.load_ray_worker(ray_worker.Setup(**given), "other.png")
