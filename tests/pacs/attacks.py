"""Those who mean no good by a node."""

from __future__ import annotations

import socket
import struct
import time
from itertools import repeat
from typing import TYPE_CHECKING, Final

from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

if TYPE_CHECKING:
    from collections.abc import Iterable

PDU: Final = struct.Struct(">BxL")
STORE, ECHO = 1, 3
"""Presentation contexts."""

ECHO_COMMAND: Final = bytes.fromhex(
    "00000000 04000000 38000000"
    "00000200 12000000 312e322e3834302e31303030382e312e3100"
    "00000001 02000000 3000"
    "00001001 02000000 0100"
    "00000008 02000000 0101"
)


def request(caller: str = "SENDER", called: str = "SHARP") -> bytes:
    """The A-ASSOCIATE-RQ of who wants to store and echo."""
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = caller, called
    store = build_context("1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.1.2.1")
    echo = build_context("1.2.840.10008.1.1", "1.2.840.10008.1.2")
    store.context_id, echo.context_id = STORE, ECHO
    asked.presentation_context_definition_list = [store, echo]
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received = 16384
    implementation.implementation_class_uid = "1.2.3"
    asked.user_information = [length, implementation]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(asked)
    return bytes(pdu.encode())


def connect(port: int, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10, (address, 0))


def associate(port: int) -> socket.socket:
    """A connection with an association."""
    one = connect(port)
    one.sendall(request())
    kind, length = PDU.unpack(one.recv(PDU.size))
    assert kind == 2
    while length:
        length -= len(one.recv(length))
    return one


def value(context: int, control: int, content: bytes) -> bytes:
    """A presentation data value: control 1 is of a command, 2 the last."""
    return struct.pack(">LBB", len(content) + 2, context, control) + content


def data(*values: bytes) -> bytes:
    """A P-DATA-TF."""
    return PDU.pack(4, sum(map(len, values))) + b"".join(values)


def flood(one: socket.socket, chunks: Iterable[bytes], seconds: float = 20) -> int:
    """Send until the other side ends the connection; how many bytes that took."""
    taken, end = 0, time.monotonic() + seconds
    try:
        for chunk in chunks:
            one.sendall(chunk)
            taken += len(chunk)
            assert time.monotonic() < end, "it is still taken"
        one.settimeout(seconds)
        while one.recv(1 << 16):
            pass
    except TimeoutError:
        raise
    except OSError:
        pass
    return taken


def announce_4_gib(port: int, caller: str) -> None:
    """Announce a request of 4 GiB, and send it."""
    one = connect(port)
    one.sendall(PDU.pack(1, 0xFFFF_FFFF) + request(caller)[PDU.size :])
    assert flood(one, repeat(bytes(1 << 16), 1 << 16)) < 16 << 20


def announce_4_gib_of_data(port: int) -> None:
    one = associate(port)
    one.sendall(PDU.pack(4, 0xFFFF_FFFF))
    assert flood(one, repeat(bytes(1 << 16), 1 << 16)) < 16 << 20


def endless_command(port: int) -> None:
    chunk = data(value(STORE, 1, bytes(60_000)))
    assert flood(associate(port), repeat(chunk, 1 << 16)) < 16 << 20


def crumbs(port: int) -> None:
    """A command in values of one byte."""
    chunk = data(*[value(STORE, 1, b"\0")] * 30_000)
    assert flood(associate(port), repeat(chunk, 1 << 10)) < 16 << 20


def items(port: int) -> None:
    """A request with as many items as there is room for, one contexts of nothing."""
    content = request()[PDU.size : PDU.size + 68] + struct.pack(">BxHB3x", 0x20, 4, 1) * 30_000
    one = connect(port)
    flood(one, [PDU.pack(1, len(content)) + content])


def unheard_echoes(port: int) -> None:
    """Ask and ask, and never read the answers."""
    one = associate(port)
    one.settimeout(2)
    try:
        for _ in range(200):
            one.sendall(data(value(ECHO, 3, ECHO_COMMAND)) * 500)
    except TimeoutError:
        pass
    finally:
        one.close()
