"""A small bundle, and a server that can go wrong."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from sharp_cli.bundles.transfer import pull as pulling
from sharp_cli.bundles.transfer import push as pushing
from sharp_cli.bundles.transfer import verify as verifying
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.inference.bundle_check import check_loads
from tests import tiny_findings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADS_FILE = "heads-1.safetensors"
TRUNK_FILE = "trunk-1.safetensors"

pull = partial(pulling.pull, load_check=check_loads)
push = partial(pushing.push, load_check=check_loads)
verify = partial(verifying.verify, load_check=check_loads)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of one head."""
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    network = tiny_findings.network(models=("siso",), known=JOINT_GROUPS[:1])
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
    refused: int | None = None  # the status that a file to be stored gets
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    known: dict[str, str | None] = field(default_factory=dict)  # who asked, by host and path


class Handler(BaseHTTPRequestHandler):
    """Answers for a site."""

    site: ClassVar[Site]

    def heard(self) -> str:
        name = self.path.partition("?")[0].strip("/")
        host = self.headers["Host"].partition(":")[0]
        self.site.known[f"{host}/{name}"] = self.headers["Authorization"]
        return name

    def move(self, name: str) -> bool:
        if name in self.site.moved:
            self.send_response(302)
            self.send_header("Location", self.site.moved[name])
            self.send_header("Content-Length", "0")
            self.end_headers()
        return name in self.site.moved

    def do_PUT(self) -> None:
        name = self.heard()
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.site.refused is not None:
            self.send_error(self.site.refused)
        elif not self.move(name):
            self.site.files[name] = content
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self) -> None:
        name = self.heard()
        wanted = self.headers["Range"]
        self.site.asked.append((name, wanted))
        if self.move(name):
            return
        if name not in self.site.files:
            self.send_error(404)
            return
        if self.site.stall is not None:
            self.site.stall.wait(10)
        whole = self.site.files[name]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.site.ranges else 0
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
            self.wfile.write(part[: self.site.cut.pop(name, len(part))])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setenv("NETRC", "none")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    shown = Site({f"tiny/{name}": content for name, content in contents(bundle).items()})

    class Own(Handler):
        site = shown

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
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
