"""What a monitor is told of a node over HTTP: whether it works, and how much waits.

Nothing identifies a patient or a study.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from sharp_cli.core.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sharp_cli.pacs.callers import Address
    from sharp_cli.pacs.spool import Spool

Part: TypeAlias = Literal["queue", "scoring", "archive"]

PATH: Final = "/health"

_LONGEST_STUDY: Final = 900.0
"""s, a choice: a study takes seconds, one whose decoder hangs takes minutes."""

_PATIENCE: Final = 2.0  # s, for a monitor's question


class Health:
    """Which parts of a node work; its methods may be called by several threads."""

    def __init__(self) -> None:
        """Everything works."""
        self._lock = threading.Lock()
        self._failing: set[Part] = set()
        self._began: float | None = None

    def fails(self, part: Part) -> None:
        """A part does not work."""
        with self._lock:
            self._failing.add(part)

    def works(self, part: Part) -> None:
        """A part works again."""
        with self._lock:
            self._failing.discard(part)

    @contextmanager
    def scoring(self) -> Iterator[None]:
        """While a study is scored."""
        self._began = time.monotonic()
        try:
            yield
        finally:
            self._began = None

    def failing(self) -> list[Part]:
        """The parts that do not work now."""
        with self._lock:
            failing = {*self._failing}
        began = self._began
        if began is not None and time.monotonic() - began > _LONGEST_STUDY:
            failing.add("scoring")
        return sorted(failing)


@contextmanager
def answering(address: Address, port: int, health: Health, spool: Spool) -> Iterator[None]:
    """Answer `GET /health`, in a thread of its own, while the context lasts.

    The answer has status 200 where all parts work, else 503, and is a JSON object: `failing` (the
    parts that do not work) and how many studies and results lie in each folder of the queue.

    Raises:
        OutputError: The port cannot be listened at.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE

        def do_GET(self) -> None:
            if self.path != PATH:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            failing = health.failing()
            content = json.dumps({"failing": failing, **spool.counts()}).encode() + b"\n"
            self.send_response(HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    try:
        # One question at a time: nobody can make it hold many.
        server = _Server(address, port, Handler)
    except OSError as error:
        message = (
            f"{address}, port {port}: cannot be listened at ({error.strerror}); choose another"
        )
        raise OutputError(message) from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.server_close()


class _Server(TCPServer):
    allow_reuse_address = True

    def __init__(self, address: Address, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
        super().__init__((str(address), port), handler)

    def handle_error(self, *_: Any) -> None:
        """Print nothing: who asks and goes away is no matter."""
