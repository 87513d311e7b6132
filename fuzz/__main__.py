"""Fuzz targets one after another, and print a row of a table, in Markdown, for each.

    python -m fuzz [TARGET …] [--seconds S] [--inputs N] [--corpus DIR]

atheris (`pip install atheris`) chooses inputs by what they reach; where it does not install,
hypothesis damages files at random. A finding is written to a folder; once it is mended, it belongs
into fuzz/seeds/TARGET, where the tests read it again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fuzz.targets import TARGETS

_COUNT: Final = re.compile(rb"stat::number_of_executed_units: (\d+)")
_FOUND: Final = 1
"""How `fuzz.with_…` ends when it has found something; libFuzzer has codes of its own."""


def main() -> int:
    """Fuzz; gives how many targets had a finding."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="at most, for each target")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="at most, for each target")
    parser.add_argument("--corpus", type=Path, help="folder that keeps inputs for another time")
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    given = parser.parse_args()
    unknown = set(given.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    engine = "with_atheris" if find_spec("atheris") else "with_hypothesis"
    print("| target | inputs | minutes | ended by a finding |", flush=True)
    print("| --- | --- | --- | --- |", flush=True)
    found = 0
    for name in given.targets or TARGETS:
        findings = given.findings / name
        findings.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            corpus = given.corpus / name if given.corpus else Path(folder, "corpus")
            corpus.mkdir(parents=True, exist_ok=True)
            limits = [str(given.seconds), str(given.inputs)]
            command = [sys.executable, "-m", f"fuzz.{engine}", name, folder, *limits]
            begun = time.monotonic()
            done = subprocess.run(
                [*command, str(corpus), str(findings)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        (findings / "log.txt").write_bytes(done.stdout)
        counts = _COUNT.findall(done.stdout)
        minutes = (time.monotonic() - begun) / 60
        found += done.returncode != 0
        shown = f"yes, see {findings}" if done.returncode else "no"
        inputs = int(counts[-1]) if counts else 0
        print(f"| {name} | {inputs:,} | {minutes:.1f} | {shown} |", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(min(main(), _FOUND))
