"""`sharp listen`: what it does not begin with; `tests.pacs` has what it does."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharp_cli.batch.lock import locked
from sharp_cli.core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

GOOD = {"--port": "11112", "--allow": "SENDER", "--queue": "queue", "--to": "PACS@host:104"}


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--allow", "SENDER,", "no AE title"),
        ("--allow", "A TITLE OF 17 CHA", "no AE title"),
        ("--allow", "SENDER@hospital", "no IP address or network"),
        ("--allow", "SENDER@10.0.0.1/24", "no IP address or network"),
        ("--bind", "localhost", "no IP address"),
        ("--tls-key", "sharp.key", "belong together"),
        ("--aet", "BACK\\SLASH", "no AE title"),
        ("--to", "host:104", "no address of an archive"),
        ("--to", "https://user:secret@host", "holds a user name or password"),
        ("--port", "0", "Invalid value for '--port'"),
    ],
)
def test_what_makes_no_sense(sharp: Sharp, option: str, value: str, said: str) -> None:
    words = [word for pair in (GOOD | {option: value}).items() for word in pair]
    done = sharp("listen", *words)
    assert done.code == UsageError.exit_code
    assert said in done.err
    assert not Path("queue").exists()


def test_a_queue_has_one_process(sharp: Sharp) -> None:
    Path("queue").mkdir()
    with locked(Path("queue")):
        done = sharp("listen", *(word for pair in GOOD.items() for word in pair))
    assert done.code == UsageError.exit_code
    assert "writes there" in done.err


def test_a_port_that_is_taken(sharp: Sharp) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        options = GOOD | {"--port": str(taken.getsockname()[1])}
        done = sharp("listen", *(word for pair in options.items() for word in pair))
    assert done.code == OutputError.exit_code
    assert "cannot be listened at" in done.err
