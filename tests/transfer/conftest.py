"""A small bundle, and a server that can go wrong."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from sharp_cli.joints import HEADS
from tests import tiny_findings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADS_FILE = "heads-1.safetensors"
TRUNK_FILE = "trunk-1.safetensors"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of one head."""
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    network = tiny_findings.network(models=("siso",), known=HEADS[:1])
    return tiny_findings.write(folder, network.member).path


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    """A bundle that may be damaged."""
    return shutil.copytree(bundle, tmp_path / "copy")


def contents(folder: Path) -> dict[str, bytes]:
    """What is in a folder, without hidden files."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@dataclass
class Site:
    """A folder on the web, and what its server does wrong."""

    files: dict[str, bytes]
    url: str = ""
    ranges: bool = True
    cut: dict[str, int] = field(default_factory=dict)  # bytes until it hangs up, once
    stall: threading.Event | None = None
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def site(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    shown = Site({f"tiny/{name}": content for name, content in contents(bundle).items()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].strip("/")
            wanted = self.headers["Range"]
            shown.asked.append((name, wanted))
            if name in shown.moved:
                self.send_response(302)
                self.send_header("Location", shown.moved[name])
                self.end_headers()
                return
            if name not in shown.files:
                self.send_error(404)
                return
            if shown.stall is not None:
                shown.stall.wait(10)
            whole = shown.files[name]
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and shown.ranges else 0
            if start >= len(whole):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                span = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
                self.send_header("Content-Range", span)
            part = whole[start:]
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked may be gone
                self.wfile.write(part[: shown.cut.pop(name, len(part))])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shown.url = f"http://127.0.0.1:{server.server_port}/tiny"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield shown
    server.shutdown()
    thread.join()
    server.server_close()


def change(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
