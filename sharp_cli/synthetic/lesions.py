"""Synthetic lesions: put an erosion or a narrowed joint space into a patch of an intact joint.

Lengths are in mm, 0.1 mm a pixel at the common scale; a patch may have any resolution, its width
being that of the joint's box. The grades are those of the modified Sharp/van der Heijde score (van
der Heijde, J Rheumatol 2000;27:261-3); what a grade means in mm is a choice, made by eye on intact
joints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import GRADES
from sharp_cli.synthetic.erosion import erode
from sharp_cli.synthetic.joint_anatomy import find_anatomy
from sharp_cli.synthetic.narrowing import narrow
from sharp_cli.synthetic.warping import slight_warp, warp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding

LESION_GRADES: Final[Mapping[Finding, range]] = {
    finding: grades[1:] for finding, grades in GRADES.items()
}
"""The grades of a non-intact joint."""


def implant(
    pixels: NDArray[np.float32],
    finding: Finding,
    grade: int,
    seed: int | np.random.Generator,
    *,
    joint: str,
    varied: bool = False,
) -> NDArray[np.float32]:
    """A copy of a patch of an intact joint with a lesion of one grade put into it.

    Args:
        pixels: The patch in the canonical view, the joint's point at its centre, its width being
            that of the joint's box: shape (H, W), 0 to 1, bones bright.
        finding: `erosion` (loss of bone at the joint's margin) or `jsn` (bone ends drawn together).
        grade: SHS grade, 1 to 5 for erosion, 1 to 4 for JSN.
        seed: Decides position, shape and extent: a random seed, or a generator to draw from.
        joint: Name of the joint.
        varied: Whether chance decides by which technique the lesion is made, so that a classifier
            cannot learn how one of them looks.

    Returns:
        float32, shape (H, W), 0 to 1.

    Raises:
        UsageError: There is no such joint, or no such grade of the finding.
    """
    rng = np.random.default_rng(seed)
    # Sites have a generator of their own: they stay where they are as the disease progresses.
    site_rng = np.random.default_rng(rng.integers(2**32))
    anatomy = find_anatomy(pixels, joint)
    if grade not in LESION_GRADES[finding]:
        grades = ", ".join(map(str, LESION_GRADES[finding]))
        message = f"Grade {grade} of {finding} cannot be put into a patch; use one of {grades}."
        raise UsageError(message)
    shift = slight_warp(anatomy, rng)
    if finding == "jsn":
        return narrow(pixels, anatomy, grade, rng, shift, varied=varied)
    if grade == max(GRADES["erosion"]) and anatomy.has_line:  # collapsing bone ends approach
        warped = narrow(pixels, anatomy, int(rng.integers(2, 4)), rng, shift, varied=varied)
    else:
        warped = warp(pixels, anatomy, shift)
    return erode(warped, find_anatomy(warped, joint), grade, rng, site_rng, varied=varied)
