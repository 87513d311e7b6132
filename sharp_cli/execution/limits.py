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


def cores() -> int:
    """How many cores: those that the process may run on, or fewer if their time is limited."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    for limit in _limits("cpu.max"):
        quota, period = limit.split()
        if quota != "max":
            count = min(count, math.ceil(int(quota) / int(period)))
    return max(1, count)


def memory() -> int | None:
    """How many bytes of memory this process and those beside it may have; None if all there is."""
    found = [int(limit) for limit in _limits("memory.max") if limit != "max"]
    return min(found, default=None)


def _limits(name: str) -> Iterator[str]:
    """A limit of the process's control group and of those above, where they have one.

    Source: Linux kernel, Control Group v2 (Documentation/admin-guide/cgroup-v2.rst). What a
    container sees as the root is its own group.
    """
    try:
        lines = _OWN_CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    place = _CGROUPS / own
    for folder in (place, *place.parents):
        if folder.is_relative_to(_CGROUPS):
            try:
                yield (folder / name).read_text(encoding="ascii").strip()
            except OSError:  # the root of all has none
                continue
