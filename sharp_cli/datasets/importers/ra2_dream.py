"""RA2-DREAM: radiographs of both hands, their joints scored for erosion and JSN.

Synapse syn20545111, by application (RA2 DREAM Challenge, 2020). Feet, which it has too, are not
for this tool.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.importers.boxes import add_hands
from sharp_cli.datasets.importers.cohort import Cohort, Score
from sharp_cli.datasets.importers.files import ImageIndex, cell_value, is_empty, is_name
from sharp_cli.datasets.importers.labelme import read_points
from sharp_cli.fileio.tables import read_header, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sharp_cli.core.joints import Finding, Side

_SCORES: Final = "training.csv"
_PATIENT: Final = "Patient_ID"

_HANDS: Final[Mapping[str, Side]] = {"LH": "left", "RH": "right"}

_FEET: Final = ("-LF", "-RF")

_WRIST: Final[Mapping[str, tuple[Finding, str]]] = {
    "wrist_E__mc1": ("erosion", "CMC1"),
    "wrist_E__mul": ("erosion", "multangular"),
    "wrist_E__nav": ("erosion", "navicular"),
    "wrist_E__lunate": ("erosion", "lunate"),
    "wrist_E__radius": ("erosion", "radius"),
    "wrist_E__ulna": ("erosion", "ulna"),
    "wrist_J__cmc3": ("jsn", "CMC3"),
    "wrist_J__cmc4": ("jsn", "CMC4"),
    "wrist_J__cmc5": ("jsn", "CMC5"),
    "wrist_J__mna": ("jsn", "multangular-navicular"),
    "wrist_J__capnlun": ("jsn", "capitate-navicular-lunate"),
    "wrist_J__radcar": ("jsn", "radiocarpal"),
}

_FINGERS: Final[Mapping[str, tuple[Finding, str]]] = {
    "mcp_E__ip": ("erosion", "IP"),
    **{f"pip_E__{finger}": ("erosion", f"PIP{finger}") for finger in range(2, 6)},
    **{f"pip_J__{finger}": ("jsn", f"PIP{finger}") for finger in range(2, 6)},
    **{f"mcp_E__{finger}": ("erosion", f"MCP{finger}") for finger in range(1, 6)},
    **{f"mcp_J__{finger}": ("jsn", f"MCP{finger}") for finger in range(1, 6)},
}

_JOINTS: Final = {
    f"{hand}_{name}": (side, *joint)
    for hand, side in _HANDS.items()
    for name, joint in {**_FINGERS, **_WRIST}.items()
}
"""Side, finding and joint by column."""


def read_cohort(folder: Path, positions: Path | None = None) -> Cohort:
    """Read the training part of RA2-DREAM, the one that has scores.

    Args:
        folder: Has `training.csv`; the radiographs, `<patient>-LH.jpg` and `<patient>-RH.jpg`,
            lie anywhere in it.
        positions: Folder of landmarks, see `labelme.read_points`. The download has none.

    Raises:
        DocumentError: `training.csv` is missing or no such table, or there are no landmarks.
    """
    cohort = Cohort()
    rows = _rows(folder / _SCORES, cohort)
    images = ImageIndex(folder, cohort, (f"{name}-{hand}" for name in rows for hand in _HANDS))
    for patient, (line, row) in rows.items():
        for name, given in row.items():
            side, finding, joint = _JOINTS[name]
            where = f"line {line} {name}"
            if is_empty(given):
                cohort.remark(where, "not scored")
                continue
            grade = cohort.grade(where, finding, cell_value(given))
            if grade is not None and (image := images[f"{patient}-{name[:2]}"]):
                cohort.scores.append(
                    Score(where, patient, patient, image, side, finding, joint, grade)
                )
    if positions is not None:
        hand_of = {f"{name}-{hand}": side for name in rows for hand, side in _HANDS.items()}

        def place(name: str) -> tuple[str, Side] | None:
            if images[name]:
                return images[name], hand_of[name]
            if not name.endswith(_FEET):
                cohort.remark(name, "no hand of the table has these positions; excluded")
            return None

        add_hands(cohort, folder, read_points(positions, cohort, place))
    return cohort


def _rows(path: Path, cohort: Cohort) -> dict[str, tuple[int, dict[str, str]]]:
    """Line and cells of each patient; the cells are those of the joints."""
    names = _columns(path, cohort)
    rows: dict[str, tuple[int, dict[str, str]]] = {}
    for line, row in read_table(path, (_PATIENT, *names)):
        patient = row.pop(_PATIENT).strip()
        if not is_name(patient):
            cohort.remark(f"line {line}", f"{patient!r} cannot name a patient; excluded")
        elif patient in rows:
            cohort.remark(f"line {line}", f"{patient} stands twice; the first is taken")
        else:
            rows[patient] = line, row
    return rows


def _columns(path: Path, cohort: Cohort) -> list[str]:
    """The columns of joints."""
    given = read_header(path)
    there = [name for name in given if name in _JOINTS]
    if not there:
        message = f"{path}: no column of a joint, as {next(iter(_JOINTS))}; download it again"
        raise DocumentError(message)
    for name in _JOINTS:
        if name not in there:
            cohort.remark(name, "this column is not there")
    for name in given:
        if re.match("[LR]H_", name) and name not in _JOINTS:
            cohort.remark(name, "this column is no joint of the score; excluded")
    return there
