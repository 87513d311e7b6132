"""Memory of a process and of those that it began."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
from timing.memory import Sample, watch, while_done

CHILD = "b = bytes([1]) * (60 << 20); import time; time.sleep(1.5)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux")
def test_memory_of_what_a_process_began_counts() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT]) as process:
        samples = watch(process, lambda: 7)
    assert max(sample.megabytes for sample in samples) > 60
    assert {sample.done for sample in samples} == {7}


def test_memory_while_something_was_done() -> None:
    samples = [Sample(megabytes, done) for done, megabytes in enumerate([9.0, 1.0, 2.0, 6.0, 9.0])]
    assert while_done(samples, 1, 4) == 2.0
    assert math.isnan(while_done(samples, 5, 9))
