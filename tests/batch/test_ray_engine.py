"""A cluster of several machines, which here are parts of this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.batch.test_killed import sharp, state, until
from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that does no work, and two machines that do, a process each."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("SHARP_TEST_PAUSE", "0.3")
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - it takes the environment as it is now

    cluster = Cluster()
    for cores in (0, 1, 1):
        cluster.add_node(num_cpus=cores, include_dashboard=False)
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
def test_a_machine_that_goes_takes_nothing_with_it(tmp_path: Path, machines: Any) -> None:
    for at in range(8):
        for side in "LR":
            paint(tmp_path / f"archive/p{at:02}_{side}.png", seed=at)
    paint(tmp_path / "archive/x/two.png")
    paint(tmp_path / "archive/y/two.png")
    paint(tmp_path / "archive/none.png")
    local = sharp(tmp_path, "local")
    command = [sys.executable, "-m", "tests.batch.fake_sharp", "score", "archive", "--out", "ray"]
    there = subprocess.Popen(
        [*command, "--engine", "ray", "--address", machines.address],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(tmp_path / "ray", 3)
    machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
    done = len(list(tmp_path.glob("ray/*/result.csv")))
    said, told = there.communicate()
    assert (local.wait(), there.returncode, said) == (1, 1, b"")
    assert b"Traceback" not in told
    assert done < 10
    assert len(list(tmp_path.glob("ray/*/result.csv"))) == 10
    assert state(tmp_path / "ray") == state(tmp_path / "local")
