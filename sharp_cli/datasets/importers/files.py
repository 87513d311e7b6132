"""Finding and reading the files of datasets."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.annotations.names import side_at_end
from sharp_cli.fileio.tables import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sharp_cli.core.joints import Side
    from sharp_cli.datasets.importers.cohort import Cohort

_ENDINGS: Final = (".bmp", ".jpeg", ".jpg", ".png")

_PARTS: Final = {"train": "train", "val": "val", "validation": "val", "test": "test"}

_NAME: Final = re.compile(r"\w[\w.-]*")
"""What may be the name of a patient or study; a study's becomes that of a folder."""


_EMPTY: Final = ("", "na", "nan", "none")
"""What stands in a table for a value that is not there, in upper or lower case."""


class ImageName(NamedTuple):
    """Patient, study and side in the name of a picture."""

    patient: str
    study: str
    side: Side


def parse_image_name(name: str) -> ImageName | None:
    """Parse a name that is made of patient, study and side, as `0172_0003_L`.

    The study is all but the side, and the patient its first part. A name without a part for the
    study, as `0172_L`, is that of the patient's only one.

    Returns:
        None if it does not end in a side, or cannot be a name.
    """
    side = side_at_end(name)
    study = re.sub(r"[_-]?[a-z]+$", "", name, flags=re.IGNORECASE)
    if side is None or not is_name(study):
        return None
    return ImageName(study.partition("_")[0], study, side)


def is_name(text: str) -> bool:
    """Whether a text can name a patient or a study."""
    return _NAME.fullmatch(text) is not None


def split_part(name: str) -> str | None:
    """The part of a split that a folder or key names, a key of `cohort.FOLDS`; None if it does not.

    Validation parts are called `val` or `validation`.
    """
    return _PARTS.get(name.casefold())


def read_json(path: Path, cohort: Cohort) -> Any:
    """Read a JSON file; of a key that an object has twice, the first is taken and that is noted.

    Raises:
        DocumentError: It cannot be read.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                cohort.remark(f"{path.name} {key}", "stands twice; the first is taken")
            found.setdefault(key, value)
        return found

    try:
        return json.loads(path.read_bytes(), object_pairs_hook=unique)
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path}: cannot be read as JSON ({error}); download it again"
        raise DocumentError(message) from error


def is_empty(cell: str) -> bool:
    """Whether a cell of a table has no value."""
    return cell.strip().casefold() in _EMPTY


def cell_value(cell: str) -> float | str:
    """The number in a cell of a table, or its text if it is none."""
    found = parse_number(cell)
    return cell if math.isnan(found) else found


def pictures(folder: Path) -> list[Path]:
    """The pictures of a folder, by name; none if it is not there."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_picture(path))


def is_picture(path: Path) -> bool:
    """Whether a file's name is that of a picture."""
    return path.suffix.casefold() in _ENDINGS


class ImageIndex:
    """The radiographs of a dataset, wherever they lie in it, by their names without ending."""

    def __init__(self, folder: Path, cohort: Cohort, wanted: Iterable[str]) -> None:
        """Look for radiographs.

        Args:
            folder: The dataset's.
            cohort: Gets a remark on names that are missing or not unique.
            wanted: Their names without ending.
        """
        names = dict.fromkeys(wanted)
        self._found: dict[str, str] = {}
        for path in sorted(folder.rglob("*")):
            if path.stem not in names or not is_picture(path):
                continue
            place = path.relative_to(folder).as_posix()
            first = self._found.setdefault(path.stem, place)
            if first != place:
                cohort.remark(place, "there is another of this name; the first is taken")
        for name in names:
            if name not in self._found:
                cohort.remark(name, "there is no radiograph of this name")

    def __getitem__(self, name: str) -> str:
        """Path relative to the folder; empty if there is no such radiograph."""
        return self._found.get(name, "")
