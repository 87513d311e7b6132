"""One connection to the node: what its PDUs and messages may cost, checked before they are read.

pynetdicom reads as many bytes as a PDU announces, for as long as that takes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from pynetdicom.transport import AssociationSocket

from sharp_cli.pacs.limits import MAX_OBJECT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association

    from sharp_cli.pacs.callers import Address

MAX_PDU_BYTES: Final = 1 << 18
"""A choice: 16 times what the node offers to take (DICOM PS3.8 annex D.1), and enough for a request
with 128 presentation contexts."""

MAX_COMMAND_BYTES: Final = 1 << 16
"""A choice: that of a C-STORE has some 200 bytes (DICOM PS3.7 table 9.3-1)."""

MAX_AT_ONCE_BYTES: Final = 2 * MAX_OBJECT_BYTES
"""Of all objects that are being received."""

_CHUNK: Final = 1 << 16
_HEADER: Final = struct.Struct(">BxL")
"""Type and length of a PDU (DICOM PS3.8 section 9.3)."""

_TITLES: Final = struct.Struct(">4x16s16s")
"""The titles called and calling, near the beginning of an A-ASSOCIATE-RQ (table 9-11)."""

_VALUE: Final = struct.Struct(">LxB")
"""Length and message control header of a value in a P-DATA-TF (table 9-23, section E.2)."""

_REQUEST, _DATA = 0x01, 0x04
_ABORT: Final = struct.pack(">BxLxxBB", 0x07, 4, 2, 6)
"""An A-ABORT (table 9-26) by the service provider: a parameter of a PDU makes no sense."""


class BrokenError(OSError):
    """A connection ended, or sent what is past a limit; to pynetdicom both are the same."""


@dataclass(eq=False, slots=True)
class Connection:
    """A connection from its acceptance to its end.

    Attributes:
        stream: Its socket.
        address: Where it comes from.
        waits_since: When the PDU that is incomplete began, by the monotonic clock; None between
            PDUs.
        command_bytes: Of the command that is being received.
        object_bytes: Of the object that is being received or answered.
        answering: Whether an object is complete and its sender has no answer yet.
    """

    stream: socket.socket
    address: Address
    waits_since: float | None = field(default_factory=time.monotonic)
    command_bytes: int = 0
    object_bytes: int = 0
    answering: bool = False

    def waits(self, seconds: float) -> bool:
        """Whether the rest of a PDU has been awaited for longer."""
        since = self.waits_since
        return since is not None and time.monotonic() - since > seconds

    def end(self) -> None:
        """End it, whatever other threads do with it."""
        with contextlib.suppress(OSError):
            self.stream.shutdown(socket.SHUT_RDWR)


class Request(NamedTuple):
    """The beginning of an A-ASSOCIATE-RQ.

    Attributes:
        called: The title called.
        calling: The title of the caller.
        begun: Its bytes so far.
        rest: How many are to come.
    """

    called: str
    calling: str
    begun: bytes
    rest: int


def read_request(stream: socket.socket) -> Request:
    """Read the beginning of an A-ASSOCIATE-RQ.

    Raises:
        OSError: The connection ended, or this is none, or it is too long.
    """
    header = read_bytes(stream, _HEADER.size)
    kind, length = _HEADER.unpack(header)
    rest = length - _TITLES.size
    if kind != _REQUEST or not 0 <= rest <= MAX_PDU_BYTES:
        raise BrokenError
    titles = read_bytes(stream, _TITLES.size)
    called, calling = (
        text.decode("ascii", "replace").strip(" \0") for text in _TITLES.unpack(titles)
    )
    return Request(called, calling, header + titles, rest)


def read_bytes(stream: socket.socket, count: int) -> bytes:
    """Read just so many bytes.

    Raises:
        OSError: The connection ended.
    """
    found = bytearray()
    while len(found) < count:
        chunk = stream.recv(min(count - len(found), _CHUNK))
        if not chunk:
            raise BrokenError
        found += chunk
    return bytes(found)


class BoundedSocket(AssociationSocket):
    """What pynetdicom reads PDUs from: first that which was read before, then the connection.

    An association that goes past a limit ends. Nothing is read while an object is being answered,
    so that no more than one of each connection is in memory.
    """

    def __init__(
        self,
        association: Association,
        connection: Connection,
        begun: bytes,
        *,
        receiving: Callable[[], int],
        refuse: Callable[[str], None],
    ) -> None:
        """Go on with a connection.

        Args:
            association: Whose.
            connection: It.
            begun: What was read of it.
            receiving: Gives the bytes of all objects that are being received.
            refuse: Called with why an association ends.
        """
        super().__init__(association, client_socket=connection.stream)
        self._connection = connection
        self._begun = begun
        self._receiving = receiving
        self._refuse = refuse
        self._awaited: int | None = None  # bytes of the PDU whose header was read
        self._is_data = False

    @property
    def ready(self) -> bool:
        """Whether there is something that may be read now."""
        if self._begun:
            return True
        busy = self._connection.answering or not self.assoc.dimse.msg_queue.empty()
        return not busy and super().ready

    def recv(self, nr_bytes: int) -> bytearray:
        """Read the header of a PDU, or else the rest of it, as pynetdicom asks for them in turn.

        Raises:
            OSError: The connection ended, or a limit is passed.
        """
        connection = self._connection
        if connection.waits_since is None:
            connection.waits_since = time.monotonic()
        found = self._begun[:nr_bytes]
        self._begun = self._begun[nr_bytes:]
        found += read_bytes(connection.stream, nr_bytes - len(found))
        if self._awaited is None:
            kind, self._awaited = _HEADER.unpack(found)
            self._is_data = kind == _DATA
            if self._awaited > MAX_PDU_BYTES:
                self._end_past(f"a PDU of more than {MAX_PDU_BYTES >> 10} KiB")
        else:
            self._awaited = connection.waits_since = None
            if self._is_data:
                self._count(found)
        return bytearray(found)

    def send(self, bytestream: bytes) -> None:
        """Send an answer."""
        super().send(bytestream)
        if self._connection.answering:
            self._connection.object_bytes = 0
            self._connection.answering = False

    def _count(self, data: bytes) -> None:
        """Count what a P-DATA-TF brings of a command or an object."""
        connection, place = self._connection, 0
        while place + _VALUE.size <= len(data):
            length, control = _VALUE.unpack_from(data, place)
            place += 4 + length
            is_command, is_last = control & 1, control & 2
            if is_command:
                connection.command_bytes = 0 if is_last else connection.command_bytes + length
                if max(connection.command_bytes, length) > MAX_COMMAND_BYTES:
                    self._end_past(f"a command of more than {MAX_COMMAND_BYTES >> 10} KiB")
                continue
            connection.object_bytes += length
            connection.answering = bool(is_last)
            if connection.object_bytes > MAX_OBJECT_BYTES:
                self._end_past(f"an image of more than {MAX_OBJECT_BYTES >> 20} MiB")
            if self._receiving() > MAX_AT_ONCE_BYTES:
                self._end_past(f"more than {MAX_AT_ONCE_BYTES >> 20} MiB at a time, of all callers")

    def _end_past(self, what: str) -> NoReturn:
        """End an association that went past a limit, and tell the other side."""
        self._refuse(f"ended a connection from {self._connection.address}: {what}")
        with contextlib.suppress(OSError):
            self._connection.stream.sendall(_ABORT)
        raise BrokenError
