"""Fuzz one target with atheris: libFuzzer, which looks at what of the Python code an input reaches.

python -m fuzz.with_atheris TARGET FOLDER SECONDS INPUTS CORPUS FINDINGS
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["sharp_cli"]):
    from fuzz.targets import TARGETS, found_before

_SLOW: Final = 60
"""Seconds after which an input counts as a finding; a machine may have much else to do."""

_MEBIBYTES: Final = 4096


def main() -> None:
    """Fuzz until a finding or a limit."""
    name, folder, seconds, inputs, corpus, findings = sys.argv[1:]
    target, place = TARGETS[name], Path(folder)
    for number, content in enumerate([*target.write(place), *found_before(name)]):
        Path(corpus, f"seed-{number}").write_bytes(content)
    options = {
        "max_total_time": seconds,
        "runs": inputs,
        "timeout": _SLOW,
        "rss_limit_mb": _MEBIBYTES,
        "artifact_prefix": f"{findings}/",
        "print_final_stats": 1,
    }
    given = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([sys.argv[0], *given, corpus], lambda content: target.check(content, place))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
