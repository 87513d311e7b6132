from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import TARGETS
from sharp_cli.synthetic import erosion, narrowing
from sharp_cli.synthetic.lesions import LESION_GRADES, implant
from sharp_cli.synthetic.look_alikes import add_look_alikes
from tests.synthetic.bars import BONE, CORTEX, GAP, SOFT, bars, gap

if TYPE_CHECKING:
    from types import ModuleType

    from sharp_cli.core.joints import Finding, Target

SEEDS = range(12)


def narrowed(grade: int, *, varied: bool = False) -> float:
    rngs = [np.random.default_rng(seed) for seed in SEEDS]
    patches = [implant(bars(), "jsn", grade, rng, joint="MCP3", varied=varied) for rng in rngs]
    return float(np.mean([gap(patch) for patch in patches]))


@pytest.mark.parametrize("finding", ["erosion", "jsn"])
def test_same_seed_same_patch(finding: Finding) -> None:
    first, again, other = (
        implant(bars(), finding, 3, np.random.default_rng(seed), joint="MCP3") for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05
    once, twice = (
        add_look_alikes(bars(), np.random.default_rng(5), joint="MCP3") for _ in range(2)
    )
    np.testing.assert_array_equal(once, twice)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.finding}-{target.joint}")
@pytest.mark.parametrize("shrink", [1.0, 0.576])
def test_every_joint_size_and_grade_gives_a_patch_like_its_input(
    target: Target, shrink: float
) -> None:
    width, height = (round(side * shrink) for side in target.box)
    patch = bars(width, height, target.box[0])
    kept = patch.copy()
    rng = np.random.default_rng(1)
    results = [
        implant(patch, target.finding, g, rng, joint=target.joint)
        for g in LESION_GRADES[target.finding]
    ]
    for result in (*results, add_look_alikes(patch, rng, joint=target.joint)):
        assert result.shape == patch.shape
        assert result.dtype == np.float32
        assert result.min() >= 0
        assert result.max() <= 1
    np.testing.assert_array_equal(patch, kept)


@pytest.mark.parametrize("finding", ["erosion", "jsn"])
def test_change_is_local_and_grows_with_the_grade(finding: Finding) -> None:
    patch = bars()
    sizes = []
    for grade in LESION_GRADES[finding]:
        changes = [
            np.abs(implant(patch, finding, grade, np.random.default_rng(s), joint="MCP3") - patch)
            for s in SEEDS
        ]
        for change in changes:
            corners = change[:10, :10], change[:10, -10:], change[-10:, :10], change[-10:, -10:]
            assert max(float(corner.max()) for corner in corners) < 0.02
        sizes.append(np.mean(changes))
    assert sizes == sorted(sizes)
    assert sizes[-1] > 1.3 * sizes[0]


def test_jsn_narrows_the_gap_by_grade() -> None:
    assert gap(bars()) == pytest.approx(GAP, abs=0.05)
    left = [narrowed(grade) / GAP for grade in LESION_GRADES["jsn"]]
    assert left == sorted(left, reverse=True)
    assert 0.6 < left[0] < 0.9
    assert 0.45 < left[1] < 0.75
    assert left[2] < 0.45
    assert left[3] < 0.12


def test_narrowing_scales_with_the_patch() -> None:
    small = implant(bars(144, 144), "jsn", 3, np.random.default_rng(3), joint="MCP3")
    dark = (small[:, 62:82] < (SOFT + CORTEX) / 2).sum(axis=0).mean() / 5.76
    assert dark < 0.5 * GAP


@pytest.mark.parametrize("grade", [2, 3, 4])
def test_erosion_takes_bone_at_the_margin(grade: int) -> None:
    patch = bars()
    for seed in SEEDS:
        result = implant(patch, "erosion", grade, np.random.default_rng(seed), joint="MCP3")
        change = result - patch
        bone = patch > (SOFT + BONE) / 2
        lost = bone & (change < -0.15)
        assert lost.sum() > 100  # 1 mm²
        rows, columns = np.nonzero(lost)
        assert np.abs(rows - 124.5).mean() < 80
        assert np.abs(columns - 124.5).mean() > 20  # not in the middle of the joint surface
        assert np.percentile(result[lost], 2) > SOFT - 0.05  # down to soft tissue, no further
        assert np.abs(change[~bone]).mean() < 0.02


@pytest.mark.parametrize("joint", ["MCP3", "lunate", "radius"])
def test_a_patch_without_anything_in_it_stays_so(joint: str) -> None:
    patch = np.full((150, 150), 0.5, dtype=np.float32)
    rng = np.random.default_rng(0)
    for finding in LESION_GRADES:
        np.testing.assert_allclose(implant(patch, finding, 3, rng, joint=joint), 0.5, atol=0.01)
    assert np.isfinite(add_look_alikes(patch, rng, joint=joint)).all()


def test_what_there_is_not_cannot_be_put_in() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="Grade 5 of jsn"):
        implant(bars(), "jsn", 5, rng, joint="MCP3")
    with pytest.raises(UsageError, match="no joint 'knee'"):
        implant(bars(), "jsn", 1, rng, joint="knee")
    with pytest.raises(UsageError, match="no joint 'knee'"):
        add_look_alikes(bars(), rng, joint="knee")


@pytest.mark.parametrize(("module", "name"), [(erosion, "_INDENTED"), (narrowing, "_SLID")])
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_each_technique_puts_the_lesion_in(
    module: ModuleType, name: str, chance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, chance)
    if module is narrowing:
        left = [narrowed(grade, varied=True) / GAP for grade in LESION_GRADES["jsn"]]
        assert left == sorted(left, reverse=True)
        assert 0.55 < left[0] < 0.9
        assert left[-1] < 0.3
        return
    patch = bars()
    lost = []
    for grade in LESION_GRADES["erosion"]:
        patches = [
            implant(patch, "erosion", grade, seed, joint="MCP3", varied=True) for seed in SEEDS
        ]
        lost.append(np.mean([np.maximum(patch - one, 0).mean() for one in patches]))
    assert lost == sorted(lost)
    assert lost[-1] > 2 * lost[0] > 0
