"""`python -m tests.pacs.bare_node PORT FOLDER`: a node that keeps what it is sent, and no more.

When its stdin closes it prints how many KiB of memory it took at most since the first line of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sharp_cli.pacs.callers import Caller, parse_address
from sharp_cli.pacs.health import Health
from sharp_cli.pacs.node import Endpoint, listening
from sharp_cli.pacs.spool import Spool


def peak() -> int:
    """The most memory that this process had resident, in KiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    endpoint = Endpoint(parse_address("127.0.0.1"), int(sys.argv[1]), "SHARP", [Caller("SENDER")])
    spool = Spool(Path(sys.argv[2]))
    with listening(endpoint, spool, Health(), lambda text: print(text, file=sys.stderr)):
        sys.stdin.readline()
        before = peak()
        sys.stdin.read()
        print(peak() - before)
