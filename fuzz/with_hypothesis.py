"""Fuzz one target with hypothesis, where atheris does not install; see `with_atheris`.

python -m fuzz.with_hypothesis TARGET FOLDER SECONDS INPUTS CORPUS FINDINGS
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings

from fuzz.damage import damaged
from fuzz.targets import TARGETS, Target, found_before

_A_ROUND = 1_000


def main() -> None:
    """Fuzz until a finding or a limit."""
    name, folder, seconds, inputs, _, findings = sys.argv[1:]
    target, place, end = TARGETS[name], Path(folder), time.monotonic() + float(seconds)
    files = [*target.write(place), *found_before(name)]
    done = 0
    while done < int(inputs) and time.monotonic() < end:
        count = min(_A_ROUND, int(inputs) - done)
        fuzz(target, place, files, count, number=done, findings=Path(findings))
        done += count
    print(f"stat::number_of_executed_units: {done}", file=sys.stderr)


def fuzz(
    target: Target, place: Path, files: list[bytes], count: int, *, number: int, findings: Path
) -> None:
    """Fuzz with some inputs; the smallest that is a finding is written to a file, and raised."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(files))
    def check(content: bytes) -> None:
        try:
            target.check(content, place)
        except BaseException:
            (findings / "finding").write_bytes(content)
            raise

    check()


if __name__ == "__main__":
    main()
