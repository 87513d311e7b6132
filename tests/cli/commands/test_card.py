"""`sharp card`: where the sheet goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.evaluation.test_reporting_sheet import BUNDLE

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def test_it_goes_to_stdout_or_a_file(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.bundles.store.open_bundle", lambda *_: BUNDLE)
    done = sharp("card")
    assert done.code == 0, done.err
    assert done.out.startswith(b"# Reporting sheet of ")
    assert sharp("card", "--out", "new/card.md").code == 0
    assert Path("new/card.md").read_bytes() == done.out
    assert sharp("card", "-o", "card.docx").code == 0
    assert Path("card.docx").read_bytes().startswith(b"PK")
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: None)
    done = sharp("card", "-o", "card.docx")
    assert done.code == 2
    assert "pip install 'sharp-cli[docx]'" in done.err


def test_other_kinds_of_files_are_wrong_usage(sharp: Sharp) -> None:
    done = sharp("card", "--out", "card.pdf")
    assert done.code == 2
    assert "give a name that ends in .md or .docx" in done.err
