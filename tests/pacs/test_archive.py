"""A real archive: what is sent to the node is found there again with its report, each once."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.pacs.senders import film, is_listening, send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import FileDataset

    from tests.pacs.archive import Orthanc
    from tests.pacs.conftest import Node

STUDIES = 50


def reports(orthanc: Orthanc) -> list[str]:
    """The studies of the reports in the archive."""
    return sorted(one["StudyInstanceUID"] for one in orthanc.objects() if one["Modality"] == "SR")


def send_stubbornly(port: int, films: Sequence[FileDataset]) -> None:
    """Send each film until it is taken, as modalities do."""
    for one in films:
        while send(port, one) != [0]:
            time.sleep(0.05)


@pytest.mark.parametrize("way", ["DICOMweb", "DICOM"])
def test_a_study_is_found_again_with_its_report(
    orthanc: Orthanc, node: Callable[..., Node], way: str
) -> None:
    one = node(orthanc.url if way == "DICOMweb" else f"ORTHANC@127.0.0.1:{orthanc.dicom_port}")
    one.start()
    made = film("one")
    assert send(one.port, made) == [0]
    one.wait_for(lambda: reports(orthanc) == [made.StudyInstanceUID])
    one.wait_for(lambda: one.waiting() == [])
    assert one.end() == 0
    assert "not validated on patients" in one.said()
    assert "SECRET" not in one.said().upper()
    assert one.said().splitlines()[-1] == "note: ended"


def test_nothing_is_lost_nor_doubled_while_the_archive_comes_and_goes(
    orthanc: Orthanc, node: Callable[..., Node]
) -> None:
    one = node(orthanc.url)
    one.start()
    films = [film(f"study {at}", at) for at in range(STUDIES)]
    send_stubbornly(one.port, films[:10])
    for stored, meanwhile in ((5, films[10:30]), (15, films[30:])):
        one.wait_for(lambda: len(reports(orthanc)) >= stored)  # noqa: B023 - called at once
        orthanc.stop()
        send_stubbornly(one.port, meanwhile)
        one.wait_for(lambda: len(list(one.queue.glob("outgoing/*"))) >= STUDIES // 5)
        orthanc.start()
    one.wait_for(lambda: len(reports(orthanc)) >= STUDIES)
    one.wait_for(lambda: one.waiting() == [])
    assert reports(orthanc) == sorted(made.StudyInstanceUID for made in films)
    assert "cannot be reached" in one.said()
    assert list((one.queue / "failed").iterdir()) == []


def test_nothing_is_lost_nor_doubled_when_the_node_is_killed(
    orthanc: Orthanc, node: Callable[..., Node]
) -> None:
    one = node(orthanc.url)
    films = [film(f"study {at}", at) for at in range(STUDIES // 2)]
    one.start()
    sender = threading.Thread(target=send_stubbornly, args=(one.port, films))
    sender.start()
    for seconds in (0.1, 0.5, 1.0, 1.5):
        time.sleep(seconds)
        assert one.end(signal.SIGKILL) == -signal.SIGKILL
        one.start()
    sender.join()
    one.wait_for(lambda: len(reports(orthanc)) >= len(films))
    one.wait_for(lambda: one.waiting() == [])
    assert reports(orthanc) == sorted(made.StudyInstanceUID for made in films)
    assert list((one.queue / "failed").iterdir()) == []
    assert is_listening(one.port)
