"""Sending to a DICOM node: whatever it takes, and what it says if it takes nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
)
from pynetdicom import AE, evt

from sharp_cli.pacs.errors import RefusedError, ServerError
from sharp_cli.pacs.peer import Peer
from tests.pacs.archive import free_port
from tests.pacs.senders import film

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset
    from pynetdicom.events import Event


class Archive:
    """A node that takes some transfer syntaxes."""

    def __init__(self) -> None:
        self.port = free_port()
        self.status = 0
        self.stored: list[tuple[str, Dataset]] = []

    @property
    def peer(self) -> Peer:
        return Peer("PACS", "127.0.0.1", self.port, "SHARP")

    @contextmanager
    def taking(self, kind: str, *syntaxes: str) -> Iterator[None]:
        def store(event: Event) -> int:
            self.stored.append((event.context.transfer_syntax, event.dataset))
            return self.status

        entity = AE("PACS")
        entity.add_supported_context(kind, [*syntaxes])
        server = entity.start_server(
            ("127.0.0.1", self.port), block=False, evt_handlers=[(evt.EVT_C_STORE, store)]
        )
        assert server is not None
        try:
            yield
        finally:
            server.shutdown()


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.mark.parametrize("syntax", [JPEGLSLossless, ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_any_archive_takes_what_is_compressed(archive: Archive, syntax: str) -> None:
    made = film("one")
    plain = made.PixelData
    made.compress(JPEGLSLossless, generate_instance_uid=False)
    packed = made.PixelData
    with archive.taking(made.SOPClassUID, syntax):
        archive.peer.send(made)
    ((used, stored),) = archive.stored
    assert used == syntax
    assert stored.PixelData == (packed if syntax == JPEGLSLossless else plain)
    assert stored.SOPInstanceUID == made.SOPInstanceUID


def test_an_archive_that_knows_only_implicit(archive: Archive) -> None:
    made = film("one")
    with archive.taking(made.SOPClassUID, ImplicitVRLittleEndian):
        archive.peer.send(made)
    assert archive.stored[0][1].PixelData == made.PixelData


def test_what_it_does_not_take_is_named(archive: Archive) -> None:
    made = film("one")
    kind = DigitalMammographyXRayImageStorageForPresentation
    with (
        archive.taking(kind, ImplicitVRLittleEndian),
        pytest.raises(RefusedError) as raised,
    ):
        archive.peer.send(made)
    said = str(raised.value)
    assert f"{made.SOPInstanceUID} (Computed Radiography Image Storage, Explicit VR Little" in said
    assert f"PACS@127.0.0.1:{archive.port} takes no such objects" in said


@pytest.mark.parametrize(("status", "kind"), [(0xA700, ServerError), (0xA900, RefusedError)])
def test_a_status_is_read(archive: Archive, status: int, kind: type[ServerError]) -> None:
    made = film("one")
    archive.status = status
    with (
        archive.taking(made.SOPClassUID, ExplicitVRLittleEndian),
        pytest.raises(ServerError) as raised,
    ):
        archive.peer.send(made)
    assert type(raised.value) is kind
    assert f"status {status:04X}" in str(raised.value)
