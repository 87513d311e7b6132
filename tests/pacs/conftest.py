"""An archive, where one is installed, and a node that sends it what it is sent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import sharp
from tests.pacs.archive import PASSWORD, USER, Orthanc, free_port, plugin, program
from tests.pacs.senders import is_listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["node", "orthanc", "sharp"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def orthanc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Orthanc]:
    """A running archive, whose user name and password are in the environment."""
    if program() is None or plugin() is None:
        pytest.skip("no archive: orthanc and orthanc-dicomweb are not installed")
    monkeypatch.setenv("SHARP_DICOMWEB_USER", USER)
    monkeypatch.setenv("SHARP_DICOMWEB_PASSWORD", PASSWORD)
    archive = Orthanc(tmp_path / "orthanc")
    archive.start()
    yield archive
    archive.stop()


@dataclass
class Node:
    """`sharp listen`, which may be killed and started again."""

    folder: Path
    to: str
    limits: dict[str, str] = field(default_factory=dict)
    quiet: float = 0.3
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def queue(self) -> Path:
        return self.folder / "queue"

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "tests.pacs.fake_sharp", "listen"),
            *("--port", str(self.port), "--allow", "SENDER,OTHER", "--queue", str(self.queue)),
            *("--to", self.to, "--wait", str(self.quiet)),
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **self.limits}
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(command, env=environment, stderr=said)
        self.wait_for(lambda: is_listening(self.port))

    def end(self, how: int = signal.SIGTERM) -> int:
        """End it with a signal; gives its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(20)

    def said(self) -> str:
        return (self.folder / "said").read_text()

    def waiting(self) -> list[str]:
        """What is in the queue, without what failed."""
        return [
            str(path.relative_to(self.queue))
            for part in ("received", "scoring", "outgoing")
            for path in (self.queue / part).rglob("*")
        ]

    def wait_for(self, what: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert self.process is not None
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """Make nodes, which are ended at the end."""
    made: list[Node] = []

    def make(to: str, **options: object) -> Node:
        made.append(Node(tmp_path, to, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        if one.process is not None:
            one.process.kill()
            one.process.wait()
