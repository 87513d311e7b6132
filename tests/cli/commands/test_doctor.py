"""`sharp doctor`."""

from __future__ import annotations

import getpass
import platform
from typing import TYPE_CHECKING

from sharp_cli.core.about import __version__
from tests.fakes import FakeFinder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Done


def facts(done: Done) -> dict[str, str]:
    lines = done.out.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_it_says_what_a_report_needs_and_names_nobody(
    sharp: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.fakes.hands_on", both)
    done = sharp("doctor", "--threads", "1")
    said = facts(done)
    assert (done.code, said["self-test"]) == (0, "passed")
    assert said["sharp"] == __version__
    assert said["models, findings"] == f"findings 1, sha256 {'0' * 64}"
    assert said["found"].startswith("2 hands, 62 joints, mean probability 0.")
    assert (said["device"], said["threads"]) == ("cpu", "1")
    for private in (platform.node(), str(tmp_path), f"/{getpass.getuser()}"):
        assert private not in done.out.decode()


def test_what_does_not_work_is_said(
    sharp: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        message = "secret"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(FakeFinder, "find", broken)
    done = sharp("doctor")
    said = facts(done)
    assert (done.code, said["self-test"]) == (1, "failed")
    assert said["found"] == "0 hands, 0 joints, ZeroDivisionError"


def both(_: str) -> object:
    from tests.fakes import WIDTH, frame  # noqa: PLC0415

    return [("left", frame("left")), ("right", frame("right", x=1.5 * WIDTH))]
