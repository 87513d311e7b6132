from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.core.joints import FINDINGS
from sharp_cli.synthetic.joint_patches import generate_patch, random_grades
from sharp_cli.synthetic.lesions import LESION_GRADES
from tests.synthetic.bones import bones, intact


def test_grades_are_balanced_and_correlated_between_hands() -> None:
    rng = np.random.default_rng(0)
    pairs = [random_grades("MCP2", rng) for _ in range(2000)]
    for finding in FINDINGS:
        first, second = (np.array([pair[side][finding] for pair in pairs]) for side in (0, 1))
        assert np.mean(first > 0) == pytest.approx(0.5, abs=0.07)
        assert np.mean(second[first > 0] > 0) == pytest.approx(0.6, abs=0.07)
        assert set(first) == {0, *LESION_GRADES[finding]}
    assert all(one["jsn"] for pair in pairs for one in pair if one["erosion"] == 5)
    assert set(random_grades("lunate", rng)[0]) == {"erosion"}


def test_obvious_lesions_can_be_favoured() -> None:
    rng = np.random.default_rng(0)
    drawn = [random_grades("lunate", rng, favour_obvious=True)[0]["erosion"] for _ in range(3000)]
    counts = np.bincount(drawn, minlength=6)[1:] / np.count_nonzero(drawn)
    np.testing.assert_allclose(counts, np.array([1, 2, 3, 3, 3]) / 12, atol=0.04)


@pytest.mark.parametrize("augment", [False, True])
def test_generate_patch(*, augment: bool) -> None:
    hand = intact("a", "left")
    one, two, damaged = (
        generate_patch(
            hand, "MCP2", {"erosion": grade}, np.random.default_rng(5),
            augment=augment, look_alikes=False,
        )
        for grade in (0, 0, 4)
    )  # fmt: skip
    assert not one.damage
    (damage,) = damaged.damage.values()
    assert 0.005 < damage.mean() < 0.3
    plain, again, eroded = one.pixels, two.pixels, damaged.pixels
    assert plain.shape == (250, 250)
    assert plain.dtype == np.uint16
    np.testing.assert_array_equal(plain, again)
    assert np.abs(plain.astype(int) - eroded).max() > 5000
    assert hand.regions["MCP2"][0, 0] == bones(1, "MCP2")[0, 0]
