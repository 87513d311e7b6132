"""Time `sharp score` of one study from a cold start against what the arithmetic alone would take.

    python benchmarks/cold_start.py [RADIOGRAPH ...]

The limit is one and a half times the time that a full VGG16 (224 x 224) on all 62 patches would
take at the rate of this machine's fp32 matrix product, measured in the same run, plus 2 s.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np

PATCHES: Final = 62
OPERATIONS: Final = 30.7e9
"""Of VGG16's convolutions on one patch of 224 x 224."""

RUNS: Final = 5
_SIDE: Final = 4096


def matrix_rate() -> float:
    """Floating point operations a second of the best of some fp32 matrix products."""
    rng = np.random.default_rng(0)
    left, right = (rng.random((_SIDE, _SIDE), dtype=np.float32) for _ in range(2))
    best = np.inf
    for _ in range(RUNS):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return float(2 * _SIDE**3 / best)


def main() -> None:
    """Measure and print."""
    example = Path(__file__).parents[1] / "examples" / "two-hands.dcm"
    command = [sys.executable, "-m", "sharp_cli", "score", *(sys.argv[1:] or [str(example)])]
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    rate = matrix_rate()
    limit = 1.5 * PATCHES * OPERATIONS / rate + 2
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"fp32 matrix product  {rate / 1e9:.0f} GFLOP/s")
    print(f"cold runs            {', '.join(f'{one:.2f}' for one in seconds)} s")
    print(f"limit                {limit:.2f} s")
    print(f"peak memory          {peak:.0f} MB")


if __name__ == "__main__":
    main()
