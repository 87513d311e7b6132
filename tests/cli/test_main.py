"""Help, version, and what is bundled."""

from __future__ import annotations

import csv
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import sharp_cli
from sharp_cli.bundles.terms import BUNDLED_TERMS
from tests.cli.conftest import bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

RUN = (sys.executable, "-c", "from sharp_cli.cli import main; main()")


def test_help_names_the_commands_and_the_exit_codes(sharp: Sharp) -> None:
    done = sharp("--help")
    assert done.code == 0
    for word in ("score", "detect", "crop", "classify", "models", "130", "not validated"):
        assert word in done.out.decode()


def test_the_version(sharp: Sharp) -> None:
    for option in ("-V", "--version"):
        assert sharp(option).out.decode() == f"sharp {sharp_cli.__version__}\n"


@pytest.mark.parametrize("words", [(), ("score",), ("train", "classifier"), ("models",)])
def test_help_is_asked_for_in_three_ways(sharp: Sharp, words: tuple[str, ...]) -> None:
    pages = [sharp("help", *words), sharp(*words, "-h"), sharp(*words, "--help")]
    assert {done.code for done in pages} == {0}
    shown = [done.out.partition(b"\n")[2] for done in pages]
    assert shown[0] == shown[1] == shown[2] != b""


def test_help_with_an_unknown_command_is_wrong_usage(sharp: Sharp) -> None:
    done = sharp("help", "scores")
    assert done.code == 2
    assert "No such command 'scores'" in done.err


def test_the_bundled_models_are_listed_with_and_without_the_word(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharp_cli.bundles.store.bundled", lambda: [bundle("hands")])
    assert sharp("models").out == sharp("models", "list").out != b""


def test_models_into_a_pipe_are_csv(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "weights").write_bytes(b"12345")
    monkeypatch.setattr("sharp_cli.bundles.store.bundled", lambda: [bundle("hands")])
    rows = list(csv.DictReader(sharp("models").out.decode().splitlines()))
    assert rows == [
        {
            "kind": "hands",
            "name": "hands",
            "version": "1",
            "size": "5",
            "sha256": "0" * 64,
            "validated_on_patients": "no",
            "terms": "",
        }
    ]


def test_models_on_a_terminal_are_a_table(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.bundles.store.bundled", lambda: [bundle("hands")])
    monkeypatch.setattr("sharp_cli.cli.terminal.is_terminal", lambda: True)
    assert "hands" in sharp("models").out.decode()


def test_models_on_a_terminal_end_with_their_terms_once(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharp_cli.cli.terminal.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "1000")
    assert sharp("models").out.decode().splitlines()[-3:] == list(BUNDLED_TERMS)


def test_a_reader_that_goes_away_is_no_error() -> None:
    sharp = subprocess.Popen([*RUN, "models"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert sharp.stdout is not None
    assert sharp.stderr is not None
    sharp.stdout.close()
    assert sharp.stderr.read() == b""
    assert sharp.wait() == 0
    sharp.stderr.close()


def test_a_full_disk_under_stdout_is_4() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run([*RUN, "models"], stdout=full, capture_output=False, check=False)
    assert done.returncode == 4
