"""Control groups and the cores that a process may run on."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sharp_cli.execution import limits

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folders of a control group `a/b`; the machine has 64 cores."""
    own = tmp_path / "own"
    own.write_text("1:cpu:/other\n0::/a/b\n")
    (tmp_path / "cgroup/a/b").mkdir(parents=True)
    monkeypatch.setattr(limits, "_OWN_CGROUP", own)
    monkeypatch.setattr(limits, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    return tmp_path / "cgroup"


@pytest.mark.parametrize(
    ("own", "above", "count"),
    [
        ("max 100000", "max 100000", 64),
        ("150000 100000", "max 100000", 2),
        ("1000 100000", "max 100000", 1),
        ("800000 100000", "400000 100000", 4),
        ("9000000 100000", None, 64),
    ],
)
def test_time_that_is_limited_counts_as_fewer_cores(
    groups: Path, own: str, above: str | None, count: int
) -> None:
    (groups / "a/b/cpu.max").write_text(f"{own}\n")
    if above:
        (groups / "a/cpu.max").write_text(f"{above}\n")
    assert limits.cores() == count


def test_memory_is_that_of_the_narrowest_group(groups: Path) -> None:
    assert limits.memory() is None
    (groups / "memory.max").write_text("max\n")
    assert limits.memory() is None
    (groups / "a/memory.max").write_text("2000\n")
    (groups / "a/b/memory.max").write_text("4000\n")
    assert limits.memory() == 2000


@pytest.fixture
def older(groups: Path) -> Path:
    """The folders of a control group `a/b` of version 1, `cpu` and `memory`."""
    (groups.parent / "own").write_text("4:memory:/a/b\n1:cpu,cpuacct:/a/b\n0::/\n")
    for controller in ("cpu", "memory"):
        (groups / controller / "a/b").mkdir(parents=True)
    return groups


@pytest.mark.parametrize(("quota", "count"), [("-1", 64), ("150000", 2), ("1000", 1)])
def test_time_is_limited_by_version_1(older: Path, quota: str, count: int) -> None:
    (older / "cpu/a/cpu.cfs_quota_us").write_text(f"{quota}\n")
    (older / "cpu/a/cpu.cfs_period_us").write_text("100000\n")
    assert limits.cores() == count


def test_memory_is_limited_by_version_1(older: Path) -> None:
    (older / "memory/memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert limits.memory() is None
    (older / "memory/a/memory.limit_in_bytes").write_text("2000\n")
    assert limits.memory() == 2000


def test_where_there_are_no_groups_nothing_is_limited(
    groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_OWN_CGROUP", groups / "none")
    assert (limits.cores(), limits.memory()) == (64, None)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_cores_are_those_that_the_process_may_run_on() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from sharp_cli.execution.limits import cores; print(cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"1\n"
