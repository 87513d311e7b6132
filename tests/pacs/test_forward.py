"""Sending results on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sharp_cli.pacs import forward
from sharp_cli.pacs.errors import RefusedError, ServerError, refused
from sharp_cli.pacs.health import Health
from sharp_cli.pacs.spool import Spool
from sharp_cli.results.dicom.files import to_bytes
from tests.pacs.senders import film

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom import Dataset


class Moody:
    """An archive with errors to raise, by object, before it stores."""

    def __init__(self, errors: dict[str, list[Exception]]) -> None:
        self.errors = errors
        self.stored: list[str] = []

    def send(self, result: Dataset) -> None:
        name = str(result.SOPInstanceUID)
        if self.errors.get(name):
            raise self.errors[name].pop(0)
        self.stored.append(name)


@pytest.fixture
def results(tmp_path: Path) -> tuple[Spool, list[str]]:
    """A queue with three results, and their identifiers."""
    queue = Spool(tmp_path)
    made = [film(name) for name in "abc"]
    queue.receive("1.2", "1.2.1", b"image")
    study = queue.claim(quiet=0)
    assert study is not None
    queue.finish(study, {str(one.SOPInstanceUID): to_bytes(one) for one in made})
    return queue, [str(one.SOPInstanceUID) for one in made]


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_each_is_sent_once_whatever_happens_to_others(
    results: tuple[Spool, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "_SHORTEST", 0.01)
    queue, (late, unwanted, odd) = results
    secret = ZeroDivisionError("of the patient")
    archive = Moody(
        {late: [ServerError("down")] * 3, unwanted: [RefusedError("no")], odd: [secret]}
    )
    said: list[str] = []
    with forward.forwarding(queue, archive, Health(), said.append):
        until(lambda: not queue.outgoing())
    assert sorted(archive.stored) == sorted([late, odd])
    failed = queue.folder / "failed"
    assert sorted(path.name for path in failed.iterdir()) == [f"{unwanted}.dcm", f"{unwanted}.txt"]
    assert sum("down; tried again" in text for text in said) == 3
    assert not any("patient" in text for text in said)


def test_one_that_never_succeeds_keeps_no_other_back(
    results: tuple[Spool, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "_SHORTEST", 0.01)
    queue, (stuck, *others) = results
    archive = Moody({stuck: [ServerError("full")] * 10_000})
    with forward.forwarding(queue, archive, Health(), lambda _: None):
        until(lambda: sorted(archive.stored) == sorted(others))
    assert [path.stem for path in queue.outgoing()] == [stuck]


def test_news_are_sent_at_once(tmp_path: Path) -> None:
    queue, archive = Spool(tmp_path), Moody({})
    with forward.forwarding(queue, archive, Health(), lambda _: None) as news:
        queue.receive("1.2", "1.2.1", b"image")
        study = queue.claim(quiet=0)
        assert study is not None
        queue.finish(study, {"9": to_bytes(film("late"))})
        news.set()
        until(lambda: len(archive.stored) == 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(0xA700, ServerError), (0x0110, ServerError), (None, ServerError), (0xA900, RefusedError),
     (0xC001, RefusedError), (0x0122, RefusedError)],
)  # fmt: skip
def test_which_failures_are_for_good(status: int | None, kind: type[ServerError]) -> None:
    assert type(refused(film("one"), "PACS", status)) is kind
