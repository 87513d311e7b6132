from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sharp_cli import radiograph
from sharp_cli.core.errors import DocumentError
from sharp_cli.results.document import InputRow
from sharp_cli.results.locate import Radiographs
from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Row = Callable[[str], InputRow]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return paint(tmp_path_factory.mktemp("film") / "left.png", seed=1)


@pytest.fixture
def row(film: Path) -> Row:
    """Makes the row of the radiograph, as if it had had some path when it was scored."""
    sha256 = radiograph.file_sha256(film)
    made = InputRow("p1", "", 480, 520, None, sha256, None, None, None)
    return lambda file: replace(made, file=file)


def put(film: Path, place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(film.read_bytes())
    return place


@pytest.mark.parametrize("place", ["study/left.png", "left.png", "data/p1/left.png"])
def test_a_path_leads_from_the_results_and_from_above_them(
    film: Path, row: Row, tmp_path: Path, place: str
) -> None:
    put(film, tmp_path / place)
    found = Radiographs().read(row("data/p1/left.png"), tmp_path / "study")
    assert found.file == str(tmp_path / place)


@pytest.mark.parametrize("file", ["/home/a/p1/left.png", r"C:\films\p1\left.png", "p1/left.png"])
def test_a_folder_holds_the_radiographs_whatever_their_paths_were(
    film: Path, row: Row, tmp_path: Path, file: str
) -> None:
    for other in ("p0", "p2"):
        paint(tmp_path / "cohort" / other / "left.png", seed=2)
    there = put(film, tmp_path / "cohort/x/left.png")
    found = Radiographs(tmp_path / "cohort").read(row(file), tmp_path)
    assert found.file == str(there)


def test_another_radiograph_of_the_name_is_refused(row: Row, tmp_path: Path) -> None:
    paint(tmp_path / "left.png", seed=2)
    with pytest.raises(DocumentError, match=r"p1/left\.png: not the radiograph that was"):
        Radiographs(tmp_path).read(row("p1/left.png"), tmp_path)


def test_what_is_not_there_is_named_with_what_to_do(row: Row, tmp_path: Path) -> None:
    message = f"p1/left.png: not found in {tmp_path}; give the folder of the radiographs with --im"
    with pytest.raises(DocumentError, match=message):
        Radiographs(tmp_path).read(row("p1/left.png"), tmp_path)
