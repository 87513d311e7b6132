"""The command `sharp` of this checkout, for shells."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def install(folder: Path) -> dict[str, str]:
    """Write the command into a folder's bin, and give an environment whose path begins there."""
    sharp = folder / "bin" / "sharp"
    sharp.parent.mkdir()
    guard = 'if __name__ == "__main__":'  # for the processes that it starts
    sharp.write_text(f"#!{sys.executable}\nfrom sharp_cli.cli import main\n{guard}\n    main()\n")
    sharp.chmod(0o755)
    path = f"{sharp.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
