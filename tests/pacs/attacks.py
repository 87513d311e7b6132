"""Those who mean no good by a node."""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING

from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE, ImplementationClassUIDNotification, MaximumLengthNotification
from pynetdicom.presentation import build_context

if TYPE_CHECKING:
    from collections.abc import Iterable

PDU = struct.Struct(">BxL")


def request(caller: str = "SENDER", called: str = "SHARP") -> bytes:
    """The A-ASSOCIATE-RQ of who wants to store and echo, context 1 and 3."""
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = caller, called
    store, echo = (
        build_context("1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.1.2.1"),
        build_context("1.2.840.10008.1.1", "1.2.840.10008.1.2"),
    )
    store.context_id, echo.context_id = 1, 3
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


def associate(port: int, caller: str = "SENDER") -> socket.socket:
    """A connection with an association."""
    one = connect(port)
    one.sendall(request(caller))
    kind, length = PDU.unpack(one.recv(6))
    assert kind == 2, kind
    while length:
        length -= len(one.recv(length))
    return one


def data(context: int, control: int, content: bytes) -> bytes:
    """A P-DATA-TF with one value."""
    value = struct.pack(">LBB", len(content) + 2, context, control) + content
    return PDU.pack(4, len(value)) + value


def flood(one: socket.socket, chunks: Iterable[bytes], seconds: float = 20) -> int:
    """Send until the other side ends it; how many bytes it took."""
    taken, end = 0, time.monotonic() + seconds
    try:
        for chunk in chunks:
            one.sendall(chunk)
            taken += len(chunk)
            if time.monotonic() > end:
                raise AssertionError("it is still taken")
    except OSError:
        return taken
    one.settimeout(seconds)
    try:
        while one.recv(1 << 16):
            pass
    except TimeoutError:
        raise AssertionError("it is still open") from None
    except OSError:
        pass
    return taken
