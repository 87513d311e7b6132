"""Run the commands of the journeys, and paste what they print below them.

    python docs/journeys/paste_outputs.py first-study

The commands of the console blocks of each page that is named, or of all, are typed into one shell,
in a new folder with a copy of the examples. What they print is pasted as it is.
"""

from __future__ import annotations

import os
import pty
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOME: Final = Path(__file__).parent
EXAMPLES: Final = HOME.parents[1] / "examples"

_BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LIMIT: Final = 1800
"""Seconds after which a command that prints nothing hangs."""

_END: Final = "\x01ended\x01"


def pages() -> list[Path]:
    """The journeys."""
    return sorted(HOME.glob("*.md"))


def with_outputs(text: str, environment: Mapping[str, str]) -> str:
    """A page with what its commands print now.

    Args:
        text: The page.
        environment: Has the command `sharp` on its path.

    Raises:
        RuntimeError: A command fails.
    """
    with tempfile.TemporaryDirectory() as folder, _shell(Path(folder), environment) as shell:
        shutil.copytree(EXAMPLES, Path(folder) / "examples")

        def run(block: re.Match[str]) -> str:
            printed = (f"$ {command}\n{shell.run(command)}" for command in commands(block[1]))
            return f"```console\n{''.join(printed)}```"

        return _BLOCK.sub(run, text)


def commands(block: str) -> Iterator[str]:
    """The commands of a console block."""
    for line in block.splitlines():
        if line.startswith("$ "):
            yield line.removeprefix("$ ")


@contextmanager
def _shell(folder: Path, environment: Mapping[str, str]) -> Iterator[_Shell]:
    terminal, inside = pty.openpty()
    plain = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    # Messages come through a pipe, so that no progress is drawn.
    with subprocess.Popen(
        ["/bin/bash", "--norc"],
        cwd=folder,
        env={**environment, **plain},
        stdin=subprocess.PIPE,
        stdout=inside,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        os.close(inside)
        try:
            yield _Shell(process, terminal)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
    os.close(terminal)


class _Shell:
    """A shell whose stdout is a terminal."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process, self.terminal = process, terminal
        self.ready = selectors.DefaultSelector()
        for stream in (terminal, process.stderr):
            if stream is not None:
                self.ready.register(stream, selectors.EVENT_READ)

    def run(self, command: str) -> str:
        """What a command prints, messages and data as they come."""
        if self.process.stdin is not None:
            self.process.stdin.write(f"{command}\nprintf '{_END}%s{_END}' $?\n".encode())
            self.process.stdin.flush()
        printed = ""
        while not (end := re.search(f"{_END}(\\d+){_END}", printed)):
            # Messages first: those of a command were there before its end was.
            for stream in sorted(self._ready(), key=lambda one: one == self.terminal):
                printed += os.read(stream, 65536).decode().replace("\r\n", "\n")
        if end[1] != "0":
            message = f"{command}: exit code {end[1]}: {printed}"
            raise RuntimeError(message)
        lines = (printed[: end.start()] + printed[end.end() :]).splitlines()
        return "".join(f"{line.rstrip()}\n" for line in lines)

    def _ready(self) -> set[int]:
        found = {key.fd for key, _ in self.ready.select(timeout=_LIMIT)}
        if not found:
            raise TimeoutError
        return found | {key.fd for key, _ in self.ready.select(timeout=0)}


def main() -> None:
    """Paste what the commands of pages print."""
    names = sys.argv[1:] or [page.stem for page in pages()]
    for page in (HOME / f"{name}.md" for name in names):
        text = page.read_text(encoding="utf-8")
        page.write_text(with_outputs(text, os.environ), encoding="utf-8")


if __name__ == "__main__":
    main()
