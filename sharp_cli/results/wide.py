"""A table with a row for each study, for statistics programs and REDCap.

The names of its columns are what REDCap, Stata, SPSS, SAS and R take: lower case letters, digits
and underscores, a letter first, at most 26 characters, which is what REDCap advises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.results.formats import SUMMARY_COLUMNS, encode_table, summary_rows
from sharp_cli.results.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sharp_cli.core.joints import Side, StudyJoint
    from sharp_cli.results.document import Document, JointRow
    from sharp_cli.results.selection import Selection

_FINDINGS: Final = {"erosion": "ero", "jsn": "jsn"}
_JOINTS: Final = {"multangular-navicular": "mult_nav", "capitate-navicular-lunate": "cap_nav_lun"}
_KEYS: Final = ("record_id", "study", "visit_date")
_OF_JOINTS: Final = ("", "_p", "_status", "_grade", "_exp")
_OF_HANDS: Final = SUMMARY_COLUMNS[2:]


def wide_columns(chosen: Selection = ALL) -> tuple[str, ...]:
    """The columns, with those of the chosen joints."""
    joints = [
        f"{name}{suffix}"
        for key, name in _names().items()
        if chosen.chooses(*key[1:])
        for suffix in _OF_JOINTS
    ]
    scores = [f"{_prefix(hand)}{name}" for hand in (*SIDES, None) for name in _OF_HANDS]
    return (*_KEYS, *scores, *joints)


def wide_rows(document: Document, chosen: Selection = ALL) -> Iterator[list[object]]:
    """A row for each study; what does not apply is None.

    A joint is 1 where it is non-intact and 0 where it is intact.
    """
    for name, study in document.split().items():
        found = {(row.hand, row.finding, row.joint): row for row in study.joints}
        scores = {hand: cells for _, hand, *cells in summary_rows(study)}
        own = study.inputs[0]
        row: list[object] = [own.patient or name, name, own.date]
        for hand in (*SIDES, None):
            row += scores.get(hand, [None] * len(_OF_HANDS))
        for key in _names():
            if chosen.chooses(*key[1:]):
                row += _cells(found.get(key))
        yield row


def to_wide(document: Document, selection: Selection, path: str) -> bytes:
    """The table in the kind of file that the ending of a path says, see `formats.encode_table`."""
    return encode_table(path, wide_columns(selection), wide_rows(document, selection))


def _names() -> Mapping[StudyJoint, str]:
    """The name of each joint's column."""
    return {
        (side, target.finding, target.joint): (
            f"{_prefix(side)}{_FINDINGS[target.finding]}_"
            f"{_JOINTS.get(target.joint, target.joint.lower())}"
        )
        for side in SIDES
        for target in TARGETS
    }


def _prefix(hand: Side | None) -> str:
    return "" if hand is None else f"{hand[0]}_"


def _cells(row: JointRow | None) -> list[object]:
    if row is None:
        return [None] * len(_OF_JOINTS)
    damaged = None if row.label is None else int(row.label == "non-intact")
    return [damaged, row.probability, row.status, row.grade, row.expected_grade]
