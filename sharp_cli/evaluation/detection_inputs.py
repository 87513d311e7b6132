"""What detection is measured by: predicted joints, reader adjudication, and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import SIDES, TARGET_OF
from sharp_cli.datasets.joint_keys import JointKey, index_joints, match_image
from sharp_cli.evaluation.cases import picture
from sharp_cli.fileio.tables import Problem, raise_problems, read_table
from sharp_cli.results.formats import from_csv, from_json

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.results.document import JointRow

_ADJUDICATION: Final = ("image", "hand", "finding", "joint", "correct")
_ANSWERS: Final = {
    "1": True, "yes": True, "true": True,
    "0": False, "no": False, "false": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Predictions:
    """What `sharp detect` or `sharp score` found.

    Attributes:
        path: The file it was read from.
        joints: Its rows, a joint each.
        spacing: Height and width of a pixel in mm by file, where the predictions say.
    """

    path: Path
    joints: Sequence[JointRow]
    spacing: Mapping[str, tuple[float, float]]

    def by_joint(self, images: Container[str]) -> dict[JointKey, JointRow]:
        """The rows by joint, on `images` where a file is one of them by the end of its path.

        Raises:
            DocumentError: Two rows are of one joint.
        """
        rows = [
            (
                f"joint {count}",
                JointKey(match_image(row.file, images), row.hand, row.finding, row.joint),
                row,
            )
            for count, row in enumerate(self.joints, start=1)
        ]
        return index_joints(self.path, rows)


def read_predictions(path: Path) -> Predictions:
    """Read the CSV of `sharp detect` or `sharp score`, or their JSON, which knows the spacing.

    Raises:
        DocumentError: It is neither.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); give what sharp detect wrote"
        raise DocumentError(message) from error
    if not content.lstrip().startswith(b"{"):
        return Predictions(path, from_csv(content, str(path)), {})
    document = from_json(content, str(path))
    spacing = {row.file: row.spacing_mm for row in document.inputs if row.spacing_mm is not None}
    return Predictions(path, document.joints, spacing)


def read_adjudication(path: Path) -> dict[JointKey, bool]:
    """Read whether a reader found joints correctly detected, one row a joint.

    The columns are `image,hand,finding,joint,correct`; `correct` is 1 or 0, yes or no, true or
    false.

    Raises:
        DocumentError: Listing every bad row.
    """
    rows: list[tuple[str, JointKey, bool]] = []
    problems: list[Problem] = []
    for line, row in read_table(path, _ADJUDICATION):
        *cells, answer = row.values()
        key = JointKey(*cells)
        correct = _ANSWERS.get(answer.strip().casefold())
        where = f"line {line}"
        if not key.image:
            problems.append(Problem(where, "no image"))
        if key.hand not in SIDES:
            problems.append(Problem(where, f"hand {key.hand!r} is neither left nor right"))
        if (key.finding, key.joint) not in TARGET_OF:
            what = f"{key.joint!r} is no joint that is scored for {key.finding!r}"
            problems.append(Problem(where, what))
        if correct is None:
            what = f"correct {answer!r} is none of {', '.join(_ANSWERS)}"
            problems.append(Problem(where, what))
        else:
            rows.append((where, key, correct))
    raise_problems(path, problems)
    return index_joints(path, rows)


def index_damage(
    path: Path, joints: Iterable[LabelledJoint], images: Container[str]
) -> dict[JointKey, bool]:
    """Whether labelled joints are damaged, by key, named as `Predictions.by_joint` does.

    Args:
        path: The file of labels, for messages.
        joints: What it holds.
        images: The pictures that detection is measured on.

    Raises:
        DocumentError: A joint is labelled twice.
    """
    rows = [
        (
            f"line {joint.line}",
            JointKey(match_image(picture(joint), images), joint.side, joint.finding, joint.joint),
            joint.damaged,
        )
        for joint in joints
    ]
    return index_joints(path, rows)
