"""Real processes: killed and resumed, and two at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sharp_cli.batch.engine import TIMEOUT
from sharp_cli.results.failures import read_failures
from sharp_cli.results.formats import from_csv
from tests.fakes import paint

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive, and what a run that nothing disturbed makes of it."""
    folder = tmp_path_factory.mktemp("killed")
    names = [f"p{at}_{side}" for at in range(4) for side in "LR"]
    for at, name in enumerate([*names, "x/two", "y/two", "none", "gap"]):
        paint(folder / f"archive/{name}.png", seed=at)
    assert sharp(folder, "undisturbed").wait() == 1
    return folder


def sharp(
    folder: Path,
    out: str,
    *more: str,
    source: str = "archive",
    pause: float = 0,
    limit: float = TIMEOUT,
) -> subprocess.Popen[bytes]:
    chosen = {"SHARP_TEST_PAUSE": str(pause), "SHARP_TEST_TIMEOUT": str(limit)}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **chosen}
    command = [sys.executable, "-m", "tests.batch.fake_sharp", "score", source, "--out", out, *more]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE)


def until(folder: Path, studies: int) -> None:
    """Wait until so many studies are there."""
    end = time.monotonic() + 120
    while len(list(folder.glob("*/result.csv"))) < studies:
        assert time.monotonic() < end
        time.sleep(0.01)


def state(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "run.json")
    }


def test_what_was_killed_resumes_to_the_same_results(archive: Path) -> None:
    out = archive / "out"
    for studies in (1, 4):
        process = sharp(archive, "out", pause=0.2)
        until(out, studies)
        process.kill()
        process.communicate()
        assert process.returncode == -9
        rows = from_csv((out / "results.csv").read_bytes(), "results.csv")
        for study in {row.study for row in rows}:
            mine = tuple(row for row in rows if row.study == study)
            assert mine == from_csv((out / study / "result.csv").read_bytes(), study)
    assert b'"finished": false' in (out / "run.json").read_bytes()
    done = {path: path.stat().st_mtime_ns for path in out.glob("*/result.csv")}
    last = sharp(archive, "out")
    assert last.wait() == 1
    assert last.stderr is not None
    assert f"studies done before: {len(done)}, " in last.stderr.read().decode()
    assert state(out) == state(archive / "undisturbed")
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())
    assert b'"finished": true' in (out / "run.json").read_bytes()


@pytest.mark.slow
def test_killed_at_twenty_moments_a_run_gives_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    for at in range(60):
        paint(tmp_path / f"archive/p{at:02}/two.png", seed=at)
    begun = time.monotonic()
    assert sharp(tmp_path, "undisturbed", pause=0.05).wait() == 0
    whole = time.monotonic() - begun
    rng = np.random.default_rng(60)
    for moment in rng.uniform(0, whole / 2, 20):
        process = sharp(tmp_path, "out", pause=0.05)
        time.sleep(moment)
        process.kill()
        process.communicate()
    assert sharp(tmp_path, "out").wait() == 0
    assert state(tmp_path / "out") == state(tmp_path / "undisturbed")


def test_a_file_that_ends_its_process_is_a_failure_of_its_own(archive: Path) -> None:
    paint(archive / "crashing/crash.png")
    for at in range(9):
        paint(archive / f"crashing/{at}.png", seed=at)
    process = sharp(archive, "crashed", source="crashing")
    assert process.wait() == 1
    assert len(list(archive.glob("crashed/*/result.csv"))) == 9
    (failure,) = read_failures(archive / "crashed")
    assert failure.file == "crashing/crash.png"
    assert "the process that worked on it ended" in failure.reason


def test_a_film_that_never_ends_fails_by_name_and_the_others_are_scored(archive: Path) -> None:
    for name in ("hang", "p_L", "two", "pair/hang_L", "pair/mate_R", "x/stall_L", "x/stalled_R"):
        paint(archive / f"hanging/{name}.png")
    os.mkfifo(archive / "hanging/pipe.dcm")
    assert sharp(archive, "hung", "--timeout", "3", source="hanging").wait() == 1
    done = sorted(path.parent.name for path in archive.glob("hung/*/result.csv"))
    assert done == ["mate_R", "p_L", "stalled_R", "two"]
    failures = {row.file: row.reason for row in read_failures(archive / "hung")}
    late = ["hanging/hang.png", "hanging/pair/hang_L.png", "hanging/x/stall_L.png"]
    assert sorted(failures) == late
    assert all(f"{file}: nothing came of it within 3 s" in failures[file] for file in late)


def test_one_radiograph_alone_has_the_default_time_limit(archive: Path) -> None:
    paint(archive / "alone/hang.png")
    assert sharp(archive, "late", source="alone", limit=2).wait() == 1
    (failure,) = read_failures(archive / "late")
    assert "alone/hang.png: nothing came of it within 2 s" in failure.reason


def test_a_second_process_is_refused(archive: Path) -> None:
    first = sharp(archive, "both", pause=0.2)
    until(archive / "both", 1)
    second = sharp(archive, "both")
    _, said = second.communicate()
    assert second.returncode == 2
    assert f"process {first.pid} writes there" in said.decode()
    assert first.poll() is None
    first.communicate()
    assert first.returncode == 1
    assert state(archive / "both") == state(archive / "undisturbed")
