"""Separating phantoms from real hands: features, folds, AUCs, and a classifier that uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.joints import BOXES, POINTS, SIDES
from sharp_cli.evaluation import phantoms
from sharp_cli.evaluation.patch_features import FAMILIES
from sharp_cli.evaluation.phantoms import (
    FOLDS,
    GROUPS,
    SIZE,
    MixedPatches,
    counterparts,
    extract_features,
    gather,
    score_held_out,
    separability,
)
from sharp_cli.synthetic.intact_hands import MARGIN, IntactHand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side

JOINTS = ("MCP2", "CMC4")
PEOPLE = 20


def grain(seed: int, size: tuple[int, int] = (SIZE, SIZE)) -> NDArray[np.float32]:
    """A bright disc in grain."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(size) - np.array(size)[:, None, None] / 2
    disc = np.hypot(x, y) < rng.uniform(0.2, 0.35) * min(size)
    return np.asarray(disc + rng.normal(0, 0.3, size), dtype=np.float32)


def hand(image: str, side: Side, seed: int, *, steps: int = 1) -> IntactHand:
    """Discs in grain, averaged over cells of some steps."""
    regions = {}
    for number, joint in enumerate(JOINTS):
        width, height = (side + 2 * MARGIN for side in BOXES[joint])
        view = grain(100 * seed + number, (height // steps, width // steps))
        view = np.kron(view, np.ones((steps, steps), np.float32))
        view = np.pad(view, ((0, height - len(view)), (0, width - view.shape[1])), mode="edge")
        regions[joint] = np.asarray(np.clip(20000 + 10000 * view, 0, 65535), dtype=np.uint16)
    return IntactHand(image, side, regions)


def hands(first: int, *, steps: int = 1) -> list[IntactHand]:
    """Two of each picture, from a seed on."""
    return [
        hand(f"{number // 2}.png", SIDES[number % 2], first + number, steps=steps)
        for number in range(PEOPLE)
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_finite_and_follow_from_the_patch(family: str) -> None:
    features = FAMILIES[family]
    one = features(grain(1))
    assert one == features(grain(1))
    assert one != features(grain(2))
    blank = np.zeros((SIZE, SIZE), np.float32)
    spot = blank.copy()
    spot[0, 0] = SIZE
    for patch in (grain(1), blank, spot):
        found = features(patch)
        assert list(found) == list(one)
        assert np.isfinite([*found.values()]).all()


def test_features_say_what_their_names_say() -> None:
    fine, plain = grain(1), np.zeros((SIZE, SIZE), np.float32)
    plain[:, SIZE // 2 :] = 1
    noise = np.random.default_rng(0).normal(0, 0.01, plain.shape).astype(np.float32)
    assert FAMILIES["noise"](plain + noise)["all"] == pytest.approx(-2, abs=0.05)
    assert FAMILIES["edges"](plain)["towards 0°"] == pytest.approx(1)
    assert FAMILIES["spectrum"](fine)["band 0"] > FAMILIES["spectrum"](plain)["band 0"]
    assert FAMILIES["texture"](plain)["8 at 1"] > 0.9
    assert FAMILIES["brightness"](plain)["percentile 100"] == 1


def test_folds_separate_people_and_hold_as_many_of_either_kind() -> None:
    patches = gather(hands(0), hands(50), seed=0)
    assert patches.pictures.shape == (2 * PEOPLE * len(JOINTS), SIZE, SIZE)
    assert set(patches.people[~patches.synthetic]).isdisjoint(patches.people[patches.synthetic])
    assert len(set(patches.people[~patches.synthetic])) == PEOPLE / 2
    assert len(set(patches.people[patches.synthetic])) == PEOPLE
    for person in set(patches.people):
        assert len(set(patches.folds[patches.people == person])) == 1
    for fold in range(FOLDS):
        here = patches.folds == fold
        assert here.sum() == 2 * patches.synthetic[here].sum() > 0


def test_counterparts_are_of_the_same_side_and_joints() -> None:
    real = [hand("a", "left", 0), hand("a", "right", 1)]
    drawn = counterparts(real, seed=1)
    assert [(one.side, *one.regions) for one in drawn] == [(one.side, *JOINTS) for one in real]
    again = counterparts(real, seed=1)
    other = counterparts(real, seed=2)
    for joint in JOINTS:
        assert drawn[0].regions[joint].shape == real[0].regions[joint].shape
        assert np.array_equal(drawn[0].regions[joint], again[0].regions[joint])
        assert not np.array_equal(drawn[0].regions[joint], other[0].regions[joint])


def scored(people: int) -> MixedPatches:
    """All joints of some real people and of as many phantoms, without pictures."""
    number = np.arange(2 * people * len(POINTS))
    person = number // len(POINTS)
    return MixedPatches(
        np.zeros((len(number), 1, 1), np.float32),
        number % len(POINTS),
        person >= people,
        person,
        person % FOLDS,
    )


def test_metrics_of_scores() -> None:
    patches = scored(15)
    rng = np.random.default_rng(0)
    chance = rng.normal(size=len(patches.synthetic))
    none = separability(patches, chance, seed=0)
    assert none.low < 0.5 < none.high
    assert none.auc == pytest.approx(0.5, abs=0.05)
    assert list(none.groups) == list(GROUPS)
    some = separability(patches, chance + patches.synthetic, seed=0)
    assert none.high < some.low < some.auc < some.high < 1
    all_ = separability(patches, chance + 10 * patches.synthetic, seed=0)
    assert (all_.auc, all_.low, all_.high) == (1, 1, 1)
    assert separability(patches, np.zeros(len(chance)), seed=0).auc == 0.5


def test_the_interval_is_of_people_not_of_patches() -> None:
    patches = scored(15)
    rng = np.random.default_rng(0)
    alike = rng.normal(size=30)[patches.people]
    each = rng.normal(size=len(patches.synthetic))
    wide, narrow = (separability(patches, scores, seed=0) for scores in (alike, each))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def auc(real: Sequence[IntactHand], drawn: Sequence[IntactHand]) -> dict[str, float]:
    patches = gather(real, drawn, seed=0)
    scores = score_held_out(patches, extract_features(patches.pictures), seed=0)
    return {name: separability(patches, one, seed=0).auc for name, one in scores.items()}


def test_alike_are_not_distinguished_and_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.evaluation.discriminator.EPOCHS", 1)
    monkeypatch.setattr(phantoms, "_TREES", {"max_iter": 10, "min_samples_leaf": 5})
    alike = auc(hands(0), hands(50))
    assert list(alike) == [*FAMILIES, "layout", "all features", "network"]
    assert all(0.3 < one < 0.7 for one in alike.values())
    coarse = auc(hands(0), hands(50, steps=4))
    told = [one for name, one in coarse.items() if name not in ("brightness", "layout", "network")]
    assert min(told) > 0.9
