"""What a monitor is told."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sharp_cli.core.errors import OutputError
from sharp_cli.pacs import health
from sharp_cli.pacs.callers import parse_address
from sharp_cli.pacs.health import Health, answering
from sharp_cli.pacs.spool import Spool
from tests.pacs.archive import free_port

if TYPE_CHECKING:
    from pathlib import Path

HERE = parse_address("127.0.0.1")


def asked(port: int, path: str = "/health") -> tuple[int, Any]:
    answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=10)
    return answer.status_code, json.loads(
        answer.content
    ) if answer.ok or answer.status_code == 503 else None


def test_it_says_what_works_and_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, state, port = Spool(tmp_path), Health(), free_port()
    queue.receive("1.2", "1.2.1", b"left")
    empty = {"received": 1, "scoring": 0, "outgoing": 0, "failed": 0}
    with answering(HERE, port, state, queue):
        assert asked(port) == (200, {"failing": [], **empty})
        state.fails("queue")
        state.fails("archive")
        assert asked(port) == (503, {"failing": ["archive", "queue"], **empty})
        state.works("queue")
        state.works("archive")
        assert asked(port)[0] == 200
        monkeypatch.setattr(health, "_LONGEST_STUDY", -1)
        with state.scoring():
            assert asked(port) == (503, {"failing": ["scoring"], **empty})
        assert asked(port)[0] == 200
        assert asked(port, "/other")[0] == 404
        with (
            pytest.raises(OutputError, match="cannot be listened at"),
            answering(HERE, port, state, queue),
        ):
            pass


def test_who_asks_nothing_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PATIENCE", 0.1)
    port = free_port()
    with (
        answering(HERE, port, Health(), Spool(tmp_path)),
        socket.create_connection(("127.0.0.1", port)) as silent,
    ):
        silent.sendall(b"GET /hea")
        assert asked(port)[0] == 200
