"""`sharp score` beside the script that a user would write, on the same two radiographs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from timing.one_study import warm_seconds
from timing.processes import in_new_process, seconds, sharp
from timing.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BENCHMARKS: Final = Path(__file__).parents[1]
_TIMES: Final = 3


def compare(radiographs: Sequence[str], work: Path) -> Iterator[Row]:
    """Both in fp32, in a new process and with everything loaded.

    Args:
        radiographs: One of each hand.
        work: Folder for the script's networks.
    """
    project = work / "users-project"
    shutil.rmtree(project, ignore_errors=True)
    _run(sys.executable, str(_BENCHMARKS / "users_project.py"), str(project))
    script = [sys.executable, str(_BENCHMARKS / "users_script.py"), str(project), *radiographs]
    theirs, ours = (median(seconds(one, _TIMES)) for one in (script, sharp("score", *radiographs)))
    yield _row("new process", theirs, ours)
    lines = _run(*script, "--again", str(_TIMES)).splitlines()
    theirs = median(float(line) for line in lines[-_TIMES:])
    yield _row("loaded already", theirs, median(in_new_process(warm_seconds, radiographs, "fp32")))


def _row(when: str, theirs: float, ours: float) -> Row:
    return Row(
        f"DeepLabCut and VGG16 in a script, one study of two radiographs, {when}, fp32",
        f"{theirs:.2f} s",
        f"{theirs / ours:.1f} times the {ours:.2f} s of Sharp",
    )


def _run(*command: str) -> str:
    """What a command says on stderr."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr
