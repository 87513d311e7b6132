from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.results.document import Failure
from sharp_cli.results.formats import to_json
from sharp_cli.results.html.sources import read_results
from tests.results.html.documents import scored

if TYPE_CHECKING:
    from pathlib import Path


def test_a_document_gives_its_studies_and_failures(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png", tmp_path / "two_b.png")
    failure = Failure("x.png", "RadiographError", "x.png: not a picture")
    path = tmp_path / "all.json"
    path.write_bytes(to_json(replace(document, failures=(failure,))))
    results = read_results([path])
    assert results.studies == document.split()
    assert results.failures == [failure]


def test_studies_of_one_name_are_distinguished(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    for name in ("a/result.json", "b/deeper/result.json"):
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(to_json(document))
    results = read_results([tmp_path / "results"])
    assert list(results.studies) == ["two", "two-2"]
    assert list(results.studies.values()) == [document, document]


def test_other_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(DocumentError, match=r"settings\.json: not a sharp-score/1 document"):
        read_results([tmp_path])


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no study in it"):
        read_results([tmp_path])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"gone\.json: cannot be read"):
        read_results([tmp_path / "gone.json"])
