"""What memory a process takes to read a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
MOST = 48 << 10
"""KiB more than a small file takes."""

READ = """
import json, re, sys
from sharp_cli import radiograph
from sharp_cli.core.errors import RadiographError
def memory(what):
    return int(re.search(what + r":\\s*(\\d+)", open("/proc/self/status").read())[1])
found = {}
for path in sys.argv[1:]:
    open("/proc/self/clear_refs", "w").write("5")
    before = memory("VmRSS")
    try:
        radiograph.read(path)
        said = ""
    except RadiographError as error:
        said = str(error)
    found[path] = (memory("VmHWM") - before, said)
print(json.dumps(found))
"""


def measured(paths: Iterable[Path]) -> dict[str, tuple[int, str]]:
    """KiB that each file takes, in one process, and what is said of it; by name."""
    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True,
    )  # fmt: skip
    return {Path(path).name: (kib, said) for path, (kib, said) in json.loads(done.stdout).items()}
