"""What this process may use of its machine: a container or a job is given less than there is."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")
_NO_QUOTA: Final = ("max", "-1")
_NO_LIMIT: Final = 1 << 62
"""Version 1 gives about twice as many bytes where memory is not limited."""


def cores() -> int:
    """How many cores: those that the process may run on, or fewer if their time is limited."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    for group in _groups("cpu"):
        limit = _words(group / "cpu.max") or (
            *_words(group / "cpu.cfs_quota_us"),
            *_words(group / "cpu.cfs_period_us"),
        )
        if limit and limit[0] not in _NO_QUOTA:
            quota, period = map(int, limit)
            count = min(count, math.ceil(quota / period))
    return max(1, count)


def memory() -> int | None:
    """How many bytes of memory this process and those beside it may have; None if all there is."""
    found = []
    for group in _groups("memory"):
        limit = _words(group / "memory.max") or _words(group / "memory.limit_in_bytes")
        if limit and limit[0] != "max":
            found.append(int(limit[0]))
    least = min(found, default=_NO_LIMIT)
    return least if least < _NO_LIMIT else None


def _groups(controller: str) -> Iterator[Path]:
    """The process's control group and those above, as folders, of either version.

    What a container sees as the root is its own group.

    Source: Linux kernel, Control Group v2 (Documentation/admin-guide/cgroup-v2.rst), and v1
    (admin-guide/cgroup-v1/cgroups.rst, memory.rst; scheduler/sched-bwc.rst), where each controller
    has a hierarchy of its own.
    """
    try:
        lines = _OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = _CGROUPS / controller if controllers else _CGROUPS
        place = root / own.lstrip("/")
        yield from (one for one in (place, *place.parents) if one.is_relative_to(root))


def _words(path: Path) -> tuple[str, ...]:
    """What a file of a group holds; nothing where it has none, as the root of all."""
    try:
        return tuple(path.read_text(encoding="ascii").split())
    except OSError:
        return ()
