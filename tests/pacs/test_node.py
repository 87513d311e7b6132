"""The node: who may send what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom.uid import UID, ComprehensiveSRStorage

from sharp_cli.core.errors import OutputError
from sharp_cli.pacs import connection, node, spool
from sharp_cli.pacs.callers import Caller, parse_address
from sharp_cli.pacs.health import Health
from sharp_cli.pacs.spool import Spool
from tests.pacs.archive import free_port
from tests.pacs.senders import film, is_listening, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR UI")


def endpoint(port: int) -> node.Endpoint:
    return node.Endpoint(parse_address("127.0.0.1"), port, "SHARP", [Caller("SENDER")])


class Open:
    """A node that listens."""

    def __init__(self, folder: Path) -> None:
        self.queue = Spool(folder)
        self.folder = folder
        self.port = free_port()
        self.said: list[str] = []

    def kept(self) -> dict[str, bytes]:
        return {p.stem: p.read_bytes() for p in self.folder.glob("received/*/*.dcm")}


@pytest.fixture
def open_node(tmp_path: Path) -> Iterator[Open]:
    one = Open(tmp_path)
    with node.listening(endpoint(one.port), one.queue, Health(), one.said.append):
        yield one


def test_what_was_taken_is_on_the_disk_as_it_was_sent(open_node: Open) -> None:
    assert is_listening(open_node.port)
    made = film("one")
    assert send(open_node.port, made) == [0x0000]
    (kept,) = open_node.kept().items()
    assert kept[0] == made.SOPInstanceUID
    assert kept[1][128:132] == b"DICM"
    assert made.PixelData in kept[1]
    assert [path.name for path in open_node.folder.glob("received/*")] == [made.StudyInstanceUID]


def test_only_those_who_may_call(open_node: Open) -> None:
    assert send(open_node.port, film("one"), caller="STRANGER") == [None]
    assert send(open_node.port, film("one"), called="OTHER") == [None]
    assert open_node.kept() == {}
    assert ["'STRANGER'" in text for text in open_node.said] == [True, False]


@pytest.mark.parametrize(
    "tags",
    [
        {"StudyInstanceUID": None},
        {"StudyInstanceUID": "../../1.2"},
        {"StudyInstanceUID": ".."},
        {"StudyInstanceUID": "7"},
        {"SeriesInstanceUID": None},
        {"SeriesInstanceUID": "1.2.x"},
        {"Modality": "OT"},
        {"Modality": None},
    ],
)
def test_what_makes_no_sense_is_refused(open_node: Open, tags: dict[str, str | None]) -> None:
    made = film("one")
    for keyword, value in tags.items():
        if value is None:
            del made[keyword]
        else:
            made[keyword]._value = value
    assert send(open_node.port, made) == [0xC000]
    assert open_node.kept() == {}
    assert len(open_node.said) == 1
    assert "SECRET" not in open_node.said[0].upper()


def test_identifiers_with_leading_zeros_are_taken(open_node: Open) -> None:
    made = film("one")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        made[keyword]._value = UID(f"1.2.826.0.01.{len(keyword)}")
    made.file_meta["MediaStorageSOPInstanceUID"]._value = made.SOPInstanceUID
    assert send(open_node.port, made) == [0x0000]
    assert [*open_node.kept()] == [made.SOPInstanceUID]


def test_an_object_cannot_choose_its_place(open_node: Open) -> None:
    made = film("one")
    made["SOPInstanceUID"]._value = UID("../../../evil")
    made.file_meta["MediaStorageSOPInstanceUID"]._value = UID("../../../evil")
    assert send(open_node.port, made) == [0xC000]
    assert open_node.kept() == {}


def test_only_images_are_taken(open_node: Open) -> None:
    made = film("one", SOPClassUID=ComprehensiveSRStorage)
    assert send(open_node.port, made) == [None]


def test_a_full_queue_says_so(open_node: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MAX_QUEUE_BYTES", 1000)
    assert send(open_node.port, film("one")) == [0xA700]
    assert "the queue is full" in open_node.said[0]


def test_too_large_an_object_ends_the_association(
    open_node: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(film("one").PixelData)
    monkeypatch.setattr(connection, "MAX_OBJECT_BYTES", size // 2)
    assert send(open_node.port, film("one")) == [None]
    # The limit is of one object, not of an association.
    monkeypatch.setattr(connection, "MAX_OBJECT_BYTES", 2 * size)
    assert send(open_node.port, *(film(name) for name in "abcde")) == [0] * 5
    assert len(open_node.said) == 1


def test_a_port_that_is_taken(open_node: Open) -> None:
    again = node.listening(endpoint(open_node.port), open_node.queue, Health(), print)
    with pytest.raises(OutputError, match="cannot be listened at"), again:
        pass
