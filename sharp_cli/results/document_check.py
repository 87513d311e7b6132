"""Whether the records of a document fit together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.core.joints import GRADES, TARGET_OF, TARGETS
from sharp_cli.results.document import GRADE_COLUMNS

if TYPE_CHECKING:
    from sharp_cli.results.document import Document, JointRow

_CORNERS: Final = 4
_MAX_SCALE: Final = 1e3
_ROUNDING: Final = 1e-3
"""More than rounded probabilities that belong together differ by."""


def check(document: Document) -> None:
    """Check that the records fit together.

    Raises:
        ValueError: They do not; the message says where.
    """
    own = [value for heads in document.thresholds.values() for value in heads.values()]
    for value in [document.threshold, *own]:
        valid = value is None or 0.0 <= value <= 1.0
        require(valid, "threshold", "a number from 0 to 1")
    for head, prevalence in document.prevalence.items():
        require(0.0 < prevalence < 1.0, f"prevalence.{head}", "a number between 0 and 1")
    inputs = {(row.study, row.file) for row in document.inputs}
    hands = {(row.study, row.file, row.hand) for row in document.hands}
    sides = {(row.study, row.hand) for row in document.hands}
    for number, row in enumerate(document.inputs):
        aspect = row.pixel_aspect
        require(aspect > 0, f"inputs[{number}].pixel_aspect", "a number above 0")
        # It names a folder in what is written.
        plain = row.study == Path(row.study).name and row.study not in ("", ".", "..")
        require(plain, f"inputs[{number}].study", "a name without a folder")
    require(len(sides) == len(document.hands), "hands", "each side once a study")
    for number, hand in enumerate(document.hands):
        where = f"hands[{number}]"
        require((hand.study, hand.file) in inputs, f"{where}.file", "a file of the inputs")
        similar = 1 / _MAX_SCALE < hand.record.to_image.scale < _MAX_SCALE
        require(similar, f"{where}.to_image", "a similarity")
        fits = (hand.status == "uncertain") == bool(hand.reasons)
        require(fits, f"{where}.reasons", "what makes it 'uncertain', or none where it is 'ok'")
    for number, joint in enumerate(document.joints):
        where = f"joints[{number}]"
        require((joint.study, joint.file, joint.hand) in hands, where, "a hand of the document")
        check_joint(joint, where)
    joints = {(row.study, row.hand, row.finding, row.joint) for row in document.joints}
    complete = len(joints) == len(document.joints) == len(sides) * len(TARGETS)
    require(complete, "joints", f"{len(TARGETS)} joints of every hand, each once")
    for number, patch in enumerate(document.patches):
        known = (patch.study, patch.hand, patch.finding, patch.joint) in joints
        require(known, f"patches[{number}]", "a joint of the document")


def check_joint(row: JointRow, where: str) -> None:
    """Check that the values of one joint fit together; raises ValueError as `check` does."""
    target = TARGET_OF.get((row.finding, row.joint))
    require(
        target is not None and target.group == row.group,
        f"{where}.joint",
        "a scored joint in its group",
    )
    found = [value is not None for value in (row.x, row.y, row.box, row.likelihood)]
    places = {"not-detected": not any(found), "not-assessable": all(found) or not any(found)}
    known = places.get(row.status, all(found))
    what = "'ok' or 'uncertain' with x, y, box and likelihood, or 'not-detected'"
    require(known, f"{where}.status", what)
    require(row.box is None or len(row.box) == _CORNERS, f"{where}.box", "four corners")
    given = [value is not None for value in (row.probability, row.label, row.model)]
    together = all(given) if any(given) else True
    require(together, f"{where}.label", "probability, label and model together")
    unseen = row.status in ("not-detected", "not-assessable")
    require(row.label is None or not unseen, f"{where}.label", "none where nothing is classified")
    known = row.certainty is None or row.label is not None
    require(known, f"{where}.certainty", "one where there is a label")
    _check_grade(row, where)
    for name, value in (("likelihood", row.likelihood), ("probability", row.probability)):
        require(value is None or 0.0 <= value <= 1.0, f"{where}.{name}", "a number from 0 to 1")


def _check_grade(row: JointRow, where: str) -> None:
    """Check that the grade of a joint fits to itself and to the binary answer."""
    given = [getattr(row, name) is not None for name in GRADE_COLUMNS]
    require(all(given) or not any(given), f"{where}.grade", "grade and probabilities together")
    if row.grade_probabilities is None or row.expected_grade is None:
        return
    shares, grades = row.grade_probabilities, GRADES[row.finding]
    complete = len(shares) == len(grades) and abs(sum(shares) - 1) < _ROUNDING and min(shares) >= 0
    require(complete, f"{where}.grade_probabilities", f"{len(grades)} that add up to 1")
    expected = sum(grade * share for grade, share in zip(grades, shares, strict=True))
    near = abs(row.expected_grade - expected) < _ROUNDING
    require(near, f"{where}.expected_grade", "the mean of the grades by their probabilities")
    require(row.grade in grades, f"{where}.grade", f"a number from 0 to {grades[-1]}")
    agree = (row.grade == 0) == (row.label == "intact") and row.probability is not None
    require(agree, f"{where}.grade", "0 where the label is 'intact', else more")
    first = abs(1 - shares[0] - (row.probability or 0)) < _ROUNDING
    require(first, f"{where}.grade_probabilities", "the probability of damage beyond grade 0")


def require(condition: bool, where: str, what: str) -> None:  # noqa: FBT001
    """Raise ValueError with what was expected where, unless the condition holds."""
    if not condition:
        message = f"{where.lstrip('.')}: {what} expected"
        raise ValueError(message)
