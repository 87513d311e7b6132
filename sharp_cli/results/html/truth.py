"""Readers' labels, matched to the joints of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.image_names import annotated_name
from sharp_cli.datasets.labels import read_labels
from sharp_cli.fileio.tables import Problem, raise_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.results.document import Document, JointRow


class _Place(NamedTuple):
    """A joint on a picture; `image` as the labels name it."""

    image: str
    hand: str
    finding: str
    joint: str


class Truth:
    """The labels of a table, found by the joints of documents.

    Args:
        labels: By the joints they are of.
    """

    def __init__(self, labels: Mapping[_Place, LabelledJoint]) -> None:
        self._labels = labels
        self._images = {place.image for place in labels}

    def image(self, file: str) -> str:
        """The name of a radiograph in the labels, or its path if it is not among them."""
        name = annotated_name(file, self._images)
        return name if name in self._images else file

    def of(self, row: JointRow) -> LabelledJoint | None:
        """The label of a joint, or None."""
        return self._labels.get(_Place(self.image(row.file), row.hand, row.finding, row.joint))


NO_TRUTH = Truth({})


def read_truth(path: Path, studies: Iterable[Document]) -> Truth:
    """Read a table of labels; a radiograph is the image that is the longest end of its path.

    Args:
        path: See `labels.read_labels`.
        studies: Whose joints are to be found in it.

    Raises:
        DocumentError: Listing every bad row; or none of the joints is in it.
    """
    labels: dict[_Place, LabelledJoint] = {}
    problems = []
    for joint in read_labels(path).joints:
        place = _Place(joint.image, joint.side, joint.finding, joint.joint)
        if place in labels:
            what = f"{joint.finding} of {joint.side} {joint.joint} of {joint.image} stands twice"
            problems.append(Problem(f"line {joint.line}", what))
        labels[place] = joint
    raise_problems(path, problems)
    truth = Truth(labels)
    if not any(truth.of(row) for study in studies for row in study.joints):
        message = f"{path}: none of the joints is labelled; compare the names of pictures"
        raise DocumentError(message)
    return truth
