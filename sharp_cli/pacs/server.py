"""The server under the node: who gets a connection, and for how long.

Each connection takes one of few places. Who stops in the middle of a PDU loses it, at once if
another wants it. pynetdicom gets only those to see whose address and titles are known.
"""

from __future__ import annotations

import struct
import threading
import time
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any, Final

from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from sharp_cli.pacs.callers import may_call, may_connect, parse_address
from sharp_cli.pacs.connection import BoundedSocket, Connection, read_bytes, read_request

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence

    from pynetdicom import AE
    from pynetdicom.events import EventHandlerType

    from sharp_cli.pacs.callers import Caller

PDU_SECONDS: Final = 10.0
"""For each PDU from its first byte to its last, and for the first one of a connection."""

_STALLED: Final = 1.0
"""s, in the middle of a PDU, after which a connection gives way to a new one."""

MAX_CONNECTIONS: Final = 32
_OF_ONE_ADDRESS: Final = 8
"""How many at a time: in all, and of one address."""

_FINISHING: Final = 1.5
"""s, for the answers about what is on the disk when the node ends."""

_POLL: Final = 0.1  # s
_SAID_AGAIN: Final = 60.0  # s
_MOST_SAID: Final = 100

_REJECTION: Final = struct.Struct(">BxLxBBB")
"""An A-ASSOCIATE-RJ: type, length, result, source, reason (DICOM PS3.8 table 9-21)."""

_UNKNOWN_CALLING, _UNKNOWN_CALLED = 3, 7


class Server(ThreadedAssociationServer):
    """pynetdicom's server, with limits.

    Attributes:
        callers: Who may call.
        tls: How connections are encrypted; None if they are not.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        entity: AE,
        address: tuple[str, int],
        handlers: list[EventHandlerType],
        *,
        callers: Sequence[Caller],
        tls: ssl.SSLContext | None,
        report: Callable[[str], None],
    ) -> None:
        """Bind the port.

        Args:
            entity: Whose title is called, and whose contexts are taken.
            address: Address and port.
            handlers: Answer what comes.
            callers: See the class.
            tls: Likewise.
            report: Called with who is turned away, and why.

        Raises:
            OSError: The port cannot be listened at.
        """
        self.callers = callers
        self.tls = tls
        self._report = report
        self._said: dict[str, float] = {}
        self._connections: dict[socket.socket, Connection] = {}
        self._lock = threading.RLock()
        super().__init__(
            entity,
            address,
            entity.ae_title,
            entity.supported_contexts,
            evt_handlers=handlers,
            request_handler=_Handler,
        )

    def run(self) -> None:
        """Take connections until the end."""
        self.serve_forever(_POLL)

    def end(self) -> None:
        """End all connections, those whose object is on the disk once that is confirmed."""
        BaseServer.shutdown(self)  # pynetdicom's expects to have started the server itself
        self.server_close()
        end = time.monotonic() + _FINISHING
        while time.monotonic() < end and any(one.answering for one in self._open()):
            time.sleep(0.01)
        for one in self._open():
            one.end()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether a connection gets a place; nothing of it has been read."""
        address = parse_address(client_address[0])
        if not may_connect(self.callers, address):
            self.say(f"turned {address} away: its address is not among --allow")
            return False
        with self._lock:
            same = [one for one in self._open() if one.address == address]
            if not (
                self._has_room(same, _OF_ONE_ADDRESS)
                and self._has_room(self._open(), MAX_CONNECTIONS)
            ):
                self.say(f"turned {address} away: too many call at once")
                return False
            self._connections[request] = Connection(request, address)
        return True

    def service_actions(self) -> None:
        """End what takes too long; called all the time."""
        super().service_actions()
        with self._lock:
            for one in self._open():
                if one.waits(PDU_SECONDS):
                    self.say(f"ended a connection from {one.address}: it stopped half-way")
                    self._drop(one)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing, as socketserver does: a broken connection is its caller's affair."""

    def connection(self, request: socket.socket) -> Connection | None:
        """The connection of a socket, unless it lost its place."""
        with self._lock:
            return self._connections.get(request)

    def forget(self, request: socket.socket) -> None:
        """Give the place of a connection that ended to others."""
        with self._lock:
            self._connections.pop(request, None)

    def receiving(self) -> int:
        """How many bytes all objects have that are being received."""
        return sum(one.object_bytes for one in self._open())

    def say(self, text: str) -> None:
        """Report something, but not again and again."""
        with self._lock:
            now = time.monotonic()
            recent = {one: at for one, at in self._said.items() if now - at < _SAID_AGAIN}
            self._said = recent
            if text in recent or len(recent) >= _MOST_SAID:
                return
            recent[text] = now
        self._report(text)

    def _open(self) -> list[Connection]:
        with self._lock:
            return [*self._connections.values()]

    def _has_room(self, held: Sequence[Connection], most: int) -> bool:
        """Whether there is a place for one more, if need be that of who stopped longest ago."""
        if len(held) < most:
            return True
        stalled = [one for one in held if one.waits(_STALLED)]
        if stalled:
            self._drop(min(stalled, key=lambda one: one.waits_since or 0))
        return bool(stalled)

    def _drop(self, connection: Connection) -> None:
        for request, one in [*self._connections.items()]:
            if one is connection:
                del self._connections[request]
        connection.end()


class _Handler(RequestHandler):
    """Looks at who calls before pynetdicom does."""

    server: Server

    def handle(self) -> None:
        """Serve a connection to its end."""
        raw = self.request
        connection = self.server.connection(raw)
        if connection is None:
            return
        try:
            raw.settimeout(PDU_SECONDS)
            if self.server.tls is not None:
                self.request = connection.stream = self.server.tls.wrap_socket(
                    raw, server_side=True, do_handshake_on_connect=False
                )
                self.request.do_handshake()
            begun = self._request(connection)
            if begun is not None:
                self._serve(connection, begun)
        except OSError:
            pass  # see `handle_error`
        finally:
            self.server.forget(raw)
            self.server.shutdown_request(self.request)

    def _request(self, connection: Connection) -> bytes | None:
        """The request for an association, if its titles are right; else the answer is sent."""
        request = read_request(self.request)
        rest = read_bytes(self.request, request.rest)
        known = may_call(self.server.callers, request.calling, connection.address)
        if known and request.called == self.server.ae_title:
            return request.begun + rest
        why = "its title is not among --allow" if not known else "it called another title"
        self.server.say(f"turned {request.calling!r} at {connection.address} away: {why}")
        reason = _UNKNOWN_CALLED if known else _UNKNOWN_CALLING
        self.request.sendall(_REJECTION.pack(3, 4, 1, 1, reason))
        return None

    def _serve(self, connection: Connection, begun: bytes) -> None:
        """Let pynetdicom serve an association to its end."""
        association = self._create_association()
        association.dul.event_queue.get_nowait()  # of the socket that another replaces
        association.dul.socket = BoundedSocket(
            association,
            connection,
            begun,
            receiving=self.server.receiving,
            refuse=self.server.say,
        )
        association.start()
        association.join()
