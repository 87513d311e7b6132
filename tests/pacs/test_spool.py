"""The queue: what is in it after any end of the process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sharp_cli.pacs import spool
from sharp_cli.pacs.spool import QueueError, Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUDY = {"1.2.1": b"left", "1.2.2": b"right"}
RESULTS = {"9.1": b"report", "9.2": b"overlay"}


class KilledError(BaseException):
    """The process ends here."""


def run(folder: Path) -> Iterator[None]:
    """Take a study, score it and send the results, or go on with that; pauses when told of it."""
    queue = Spool(folder)
    if not list(folder.glob("outgoing/*")) and not list(folder.glob("scoring/*")):
        for name, content in STUDY.items():
            queue.receive("1.2", name, content)
        yield
    while (study := queue.claim(quiet=0)) is not None:
        assert {p.stem: p.read_bytes() for p in study.glob("*.dcm")} == STUDY
        queue.finish(study, RESULTS)
    yield


def state(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_killed_at_any_step_it_goes_on_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync
    steps = 0

    def fsync(handle: int) -> None:
        nonlocal steps
        steps -= 1
        if not steps:
            raise KilledError
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    killed = 0
    for at in range(1, 100):
        folder, steps = tmp_path / str(at), at
        try:
            list(run(folder))
        except KilledError:
            killed += 1
        else:
            break
        list(run(folder))
        assert state(folder) == {f"outgoing/{k}.dcm": v for k, v in RESULTS.items()}
    assert killed > 10


def test_a_study_is_complete_once_nothing_more_comes(tmp_path: Path) -> None:
    queue = Spool(tmp_path)
    queue.receive("1.2", "1.2.1", b"left")
    assert queue.claim(quiet=60) is None
    study = queue.claim(quiet=0)
    assert study is not None
    # What comes from now on is another round.
    queue.receive("1.2", "1.2.2", b"right")
    assert [path.name for path in study.glob("*.dcm")] == ["1.2.1.dcm"]
    queue.finish(study, {})
    again = queue.claim(quiet=0)
    assert again is not None
    assert [path.name for path in again.glob("*.dcm")] == ["1.2.2.dcm"]


def test_a_full_queue_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MAX_QUEUE_BYTES", 10)
    queue = Spool(tmp_path)
    queue.receive("1.2", "1.2.1", b"12345678")
    before = state(tmp_path)
    with pytest.raises(QueueError, match="full"):
        queue.receive("1.2", "1.2.2", b"123")
    assert state(tmp_path) == before


def test_a_study_that_always_ends_the_process_is_laid_aside(tmp_path: Path) -> None:
    Spool(tmp_path).receive("1.2", "1.2.1", b"deadly")
    begun = 0
    while Spool(tmp_path).claim(quiet=0) is not None:
        begun += 1
    assert begun == 5
    assert "ended each of 5 times" in (tmp_path / "failed/1.2/reason.txt").read_text()
    assert (tmp_path / "failed/1.2/1.2.1.dcm").read_bytes() == b"deadly"
    # Put back by hand, it may begin anew.
    (tmp_path / "failed/1.2").rename(tmp_path / "received/1.2")
    assert Spool(tmp_path).claim(quiet=0) is not None


def test_an_interruption_is_not_the_fault_of_the_study(tmp_path: Path) -> None:
    Spool(tmp_path).receive("1.2", "1.2.1", b"slow")
    for _ in range(10):
        queue = Spool(tmp_path)
        study = queue.claim(quiet=0)
        assert study is not None
        queue.release()


def test_failures_of_one_study_stand_beside_each_other(tmp_path: Path) -> None:
    queue = Spool(tmp_path)
    for reason in ("no hand", "no hand again"):
        queue.receive("1.2", "1.2.1", b"foot")
        study = queue.claim(quiet=0)
        assert study is not None
        queue.fail(study, reason)
    assert (tmp_path / "failed/1.2/reason.txt").read_text() == "no hand\n"
    assert (tmp_path / "failed/1.2-2/reason.txt").read_text() == "no hand again\n"


def test_what_is_postponed_is_sent_last(tmp_path: Path) -> None:
    queue = Spool(tmp_path)
    queue.receive("1.2", "1.2.1", b"left")
    study = queue.claim(quiet=0)
    assert study is not None
    queue.finish(study, {"9.1": b"a", "9.2": b"b"})
    first, second = queue.outgoing()
    queue.postpone(first)
    assert queue.outgoing() == [second, first]
    queue.refuse(second, "not wanted")
    assert queue.outgoing() == [first]
    assert (tmp_path / "failed" / f"{second.stem}.txt").read_text() == "not wanted\n"
