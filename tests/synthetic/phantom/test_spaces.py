"""Joint spaces of the wrist: narrower by grade, whatever the bones' outlines are."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.synthetic.phantom.bone import Bone, ellipse, lump, smooth
from sharp_cli.synthetic.phantom.spaces import SPACES, set_spaces

if TYPE_CHECKING:
    from numpy.typing import NDArray

CENTRE = np.array([0.2, 1.0])


def pair(joint: str, apart: float) -> list[Bone]:
    """Two round bones on either side of a joint, `apart` from each other."""
    up = np.array([0.0, 0.15 + apart / 2])
    sides = zip(SPACES[joint], (-1.0, 1.0), strict=True)
    return [
        lump(smooth(ellipse((0.2, 0.15), 40)) + CENTRE + sign * up, 0.1, 0.3, name=names[0])
        for names, sign in sides
    ]


def bones_of(joint: str, apart: float) -> list[Bone]:
    """All bones that any joint needs, those of `joint` at its centre, the others far away."""
    made = pair(joint, apart)
    known = {bone.name for bone in made}
    for other in SPACES:
        for bone in pair(other, 0.05):
            if bone.name not in known:
                known.add(bone.name)
                made.append(lump(bone.outline + 5.0 + len(made), 0.1, 0.3, name=bone.name))
    return made


def gap(joint: str, grade: int, *, apart: float, seed: int) -> float:
    far: NDArray[np.float64] = CENTRE + 5.0
    centres = {name: CENTRE if name == joint else far for name in SPACES}
    moved = set_spaces(
        bones_of(joint, apart), centres, {joint: grade}, cartilage=1.0, seeds=(seed,)
    )
    by_name = {bone.name: bone.outline for bone in moved}
    upper, lower = (by_name[names[0]] for names in SPACES[joint])
    middle = [outline[np.abs(outline[:, 0] - CENTRE[0]) < 0.05, 1] for outline in (upper, lower)]
    return float(middle[1].min() - middle[0].max())


@pytest.mark.parametrize("joint", ["CMC3", "multangular-navicular", "radiocarpal"])
@pytest.mark.parametrize("apart", [-0.03, 0.08])
def test_spaces_narrow_by_grade(joint: str, apart: float) -> None:
    widths = [median(gap(joint, g, apart=apart, seed=s) for s in range(5)) for g in range(5)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.005
    assert widths[4] < -0.01


def test_a_space_does_not_depend_on_where_the_bones_were() -> None:
    widths = [gap("CMC4", 0, apart=apart, seed=1) for apart in (-0.02, 0.0, 0.04)]
    assert np.ptp(widths) < 0.004


def test_bones_that_belong_to_no_space_stay() -> None:
    bystander = lump(smooth(ellipse((0.1, 0.1))) + CENTRE, 0.1, 0.3, name="pisiform")
    far = CENTRE + 5.0
    centres = {name: CENTRE if name == "CMC3" else far for name in SPACES}
    bones = [*bones_of("CMC3", 0.02), bystander]
    moved = set_spaces(bones, centres, {}, cartilage=1.0, seeds=(1,))
    assert np.array_equal(moved[-1].outline, bystander.outline)
    assert not np.array_equal(moved[0].outline, bones[0].outline)
