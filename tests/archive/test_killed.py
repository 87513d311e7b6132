"""Real processes: killed and gone on with, and two at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sharp_cli.formats import from_csv
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


def sharp(folder: Path, out: str, *, pause: float = 0) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SHARP_TEST_PAUSE": str(pause)}
    command = [sys.executable, "-m", "tests.archive.fake_sharp", "score", "archive", "--out", out]
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


def test_what_was_killed_goes_on_to_the_same_results(archive: Path) -> None:
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
