"""Questions that get no answer."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from sharp_cli.core.errors import InputError
from sharp_cli.execution.questions import HERE, asking


def answer(path: str) -> str:
    if path == "silent":
        time.sleep(1000)
    if path == "deadly":
        os._exit(9)
    if path == "odd":
        raise KeyError(path)
    return path.upper()


def test_answers_come_in_order() -> None:
    paths = [f"p{at}" for at in range(600)]
    with asking(60) as asker:
        assert asker.each(answer, paths) == [path.upper() for path in paths]
        assert asker.each(len, ["abc"]) == [3]
        assert asker.each(len, []) == []
    assert HERE.each(len, ["abc"]) == [3]


def test_what_gives_none_is_named_and_the_others_are_asked() -> None:
    with asking(0.5) as asker:
        found = asker.each(answer, ["a", "silent", "b", "deadly", "c", "odd"])
        again = asker.each(answer, ["d"])
    assert [one for one in found if not isinstance(one, InputError)] == ["A", "B", "C"]
    assert again == ["D"]
    assert "silent: nothing came of it within 0.5 s" in str(found[1])
    assert "deadly: the process that looked at it ended" in str(found[3])
    assert "odd: unexpected KeyError; please report this" in str(found[5])


def test_who_stops_waiting_ends_what_is_asked() -> None:
    begun = time.monotonic()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), asking(600) as asker:
        asker.each(answer, ["silent"])
    assert time.monotonic() - begun < 60
