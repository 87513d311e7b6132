"""A whole node, whose archive is not there."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.pacs.archive import free_port
from tests.pacs.senders import film, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pacs.conftest import Node


def test_a_study_that_fails_stops_nothing(node: Callable[..., Node]) -> None:
    one = node(f"NOBODY@127.0.0.1:{free_port()}")
    one.start()
    blank, deadly, good = film("blank"), film("deadly"), film("good")
    blank.PixelData = bytes(len(blank.PixelData))
    assert send(one.port, blank, good) == [0, 0]
    one.wait_for(lambda: len(list(one.queue.glob("outgoing/*"))) == 1)
    failed = one.queue / "failed" / blank.StudyInstanceUID
    one.wait_for(lambda: f"note: {blank.StudyInstanceUID}: failed" in one.said())
    one.wait_for(lambda: "NOBODY@127.0.0.1" in one.said())
    assert "has no contrast" in (failed / "reason.txt").read_text()
    assert (failed / f"{blank.SOPInstanceUID}.dcm").is_file()
    assert "SECRET" not in one.said().upper()
    assert one.end(signal.SIGINT) == 0

    one.limits = {"SHARP_TEST_DEADLY": str(deadly.StudyInstanceUID)}
    one.start()
    assert send(one.port, deadly) == [0]
    assert one.process is not None
    assert one.process.wait(20) == -signal.SIGKILL
    one.limits = {}
    one.start()
    one.wait_for(lambda: len(list(one.queue.glob("outgoing/*"))) == 2)
    assert one.end() == 0
    assert "Traceback" not in one.said()
