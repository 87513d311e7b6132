"""Joints that are not assessable: operated on, fused by surgery, amputated or covered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.joint_keys import JointKey, match_image
from sharp_cli.datasets.labels import NOT_ASSESSABLE, read_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Patch
    from sharp_cli.results.document import Document


@dataclass(frozen=True, slots=True)
class NotAssessable:
    """The joints that are left out of scoring.

    Attributes:
        joints: By the images that labels name.
    """

    joints: frozenset[JointKey] = frozenset()

    def mark(self, document: Document) -> Document:
        """A document whose rows say so, before it is classified."""
        if not self.joints:
            return document
        images = {key.image for key in self.joints}
        rows = (
            (JointKey(match_image(row.file, images), row.hand, row.finding, row.joint), row)
            for row in document.joints
        )
        return replace(
            document,
            joints=tuple(
                replace(row, status="not-assessable") if key in self.joints else row
                for key, row in rows
            ),
        )


NONE: Final = NotAssessable()
"""Every joint is assessable."""


def read_not_assessable(path: Path, files: Iterable[str]) -> NotAssessable:
    """The joints with the grade `labels.NOT_ASSESSABLE` in a table of labels.

    Args:
        path: The table, see `labels.read_labels`.
        files: The radiographs; each is the image that is the longest end of its path.

    Raises:
        DocumentError: Listing every bad row; or there is no such joint on any of the radiographs.
    """
    joints = frozenset(
        JointKey(one.image, one.side, one.finding, one.joint)
        for one in read_labels(path, patients=False).not_assessable
    )
    images = {key.image for key in joints}
    if not any(match_image(file, images) in images for file in files):
        message = (
            f"{path}: no joint of these radiographs has the grade {NOT_ASSESSABLE}; compare the "
            "names of images, or leave it out"
        )
        raise DocumentError(message)
    return NotAssessable(joints)


def assessable(
    patches: Mapping[Side, Sequence[Patch]], document: Document
) -> dict[Side, list[Patch]]:
    """The patches of a study without those of joints that are not assessable."""
    left_out = {
        (row.hand, row.finding, row.joint)
        for row in document.joints
        if row.status == "not-assessable"
    }
    return {
        side: [one for one in found if (side, one.finding, one.joint) not in left_out]
        for side, found in patches.items()
    }
