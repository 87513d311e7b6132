"""Readers' labels, matched to the joints of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.joint_keys import JointKey, index_joints, match_image
from sharp_cli.datasets.labels import read_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.results.document import Document, JointRow


class Truth:
    """The labels of a table, found by the joints of documents.

    Args:
        labels: By the joints they are of.
    """

    def __init__(self, labels: Mapping[JointKey, LabelledJoint]) -> None:
        self._labels = labels
        self._images = {key.image for key in labels}

    def image(self, file: str) -> str:
        """The name of a radiograph in the labels, or its path if it is not among them."""
        name = match_image(file, self._images)
        return name if name in self._images else file

    def of(self, row: JointRow) -> LabelledJoint | None:
        """The label of a joint, or None."""
        return self._labels.get(JointKey(self.image(row.file), row.hand, row.finding, row.joint))


NO_TRUTH = Truth({})


def read_truth(path: Path, studies: Iterable[Document]) -> Truth:
    """Read a table of labels; a radiograph is the image that is the longest end of its path.

    Args:
        path: See `labels.read_labels`.
        studies: Whose joints are to be found in it.

    Raises:
        DocumentError: Listing every bad row; or none of the joints is in it.
    """
    rows = (
        (f"line {one.line}", JointKey(one.image, one.side, one.finding, one.joint), one)
        for one in read_labels(path, patients=False).joints
    )
    truth = Truth(index_joints(path, rows))
    if not any(truth.of(row) for study in studies for row in study.joints):
        message = f"{path}: none of the joints is labelled; compare the names of pictures"
        raise DocumentError(message)
    return truth
