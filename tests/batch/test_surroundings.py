"""What a run may meet where nobody looks: streams that take nothing, no locale, no home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
BARE = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize(
    ("streams", "more"), [("2>/dev/full", {}), (">&- 2>&- <&-", {}), ("2>err.txt", ASCII)]
)
def test_nothing_is_lost(tmp_path: Path, streams: str, more: Mapping[str, str]) -> None:
    for name in ("two", "m\u00fc_L", "none"):
        paint(tmp_path / f"\u00e4/{name}.png")
    command = f"{sys.executable} -m tests.batch.fake_sharp score \u00e4 --out out {streams}"
    shell = ["/bin/sh", "-c", command]
    done = subprocess.run(shell, cwd=tmp_path, env={**BARE, **more}, check=False)
    assert done.returncode == 1
    assert len([*tmp_path.glob("out/*/result.csv")]) == 2
    assert b"none.png" in (tmp_path / "out/failures.csv").read_bytes()
