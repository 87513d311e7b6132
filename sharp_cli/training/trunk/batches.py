"""Batches of single joints: intact ones with lesions put in, and labelled ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from sharp_cli.core.joints import FINDINGS, TARGET_OF
from sharp_cli.inference.classifier import standardise
from sharp_cli.synthetic.adult_bones import random_gap
from sharp_cli.synthetic.joint_patches import generate_patch, random_grades
from sharp_cli.training.trunk.network import SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.synthetic.intact_hands import IntactHand
    from sharp_cli.training.trunk.network import Recipe

COHORT_FRACTION: Final = 0.3
PHANTOM_FRACTION: Final = 0.15
UNLABELLED_FRACTION: Final = 0.2
"""Fractions of patches from a labelled cohort and from unlabelled hands, where there are such, and
from intact phantoms."""

_UNLABELLED_END: Final = COHORT_FRACTION + UNLABELLED_FRACTION

ADULT_FRACTION: Final = 0.75
"""Fraction of the joints not of a labelled cohort that become an adult's."""

_DAMAGED_FRACTION: Final = 0.2
"""Of a cell's area, from which on it counts as damaged."""


class Batch(NamedTuple):
    """Patches of single joints.

    Attributes:
        pictures: Standardised, shape (B, S, S).
        joints: Names of their joints.
        labels: Shape (B, findings), NaN where the joint is not scored.
        places: Where damage is, shape (B, findings, G, G) of G cells, NaN where not known.
    """

    pictures: Tensor
    joints: Sequence[str]
    labels: Tensor
    places: Tensor


@dataclass(frozen=True, slots=True)
class HandSources:
    """Hands that patches are taken from.

    Attributes:
        real: Intact hands, which are given lesions.
        phantoms: Intact phantoms, which are given lesions.
        cohort: Labelled hands, which keep their own.
        unlabelled: Hands with any damage, of which a teacher knows more.
    """

    real: Sequence[IntactHand]
    phantoms: Sequence[IntactHand] = ()
    cohort: Sequence[IntactHand] = ()
    unlabelled: Sequence[IntactHand] = ()


class PatchSampler:
    """New patches for every step, determined by the step's number."""

    def __init__(self, sources: HandSources, recipe: Recipe, *, seed: int) -> None:
        """Take patches of hands, as many and with such maps of damage as a recipe says."""
        self._sources = sources
        self._count, self._grid = recipe.batch, recipe.grid
        self._seed = seed
        self._by_label = _by_label(sources.cohort)

    def batch(self, step: int) -> Batch:
        """The batch of one step."""
        rng = np.random.default_rng([self._seed, step])
        count, grid = self._count, self._grid
        pictures = np.empty((count, SIZE, SIZE), np.float32)
        labels = np.full((count, len(FINDINGS)), np.nan, np.float32)
        places = np.full((count, len(FINDINGS), grid, grid), np.nan, np.float32)
        joints = []
        for row in range(count):
            hand, joint, as_is = self._choose(rng)
            grades = (
                hand.grades.get(joint, {})
                if as_is
                else random_grades(joint, rng, favour_obvious=True)[0]
            )
            lesions = dict.fromkeys(grades, 0) if as_is else grades
            gap = random_gap(rng) if not as_is and rng.random() < ADULT_FRACTION else None
            patch = generate_patch(
                hand, joint, lesions, rng, augment=True, look_alikes=not as_is, gap=gap
            )
            pictures[row] = standardise(patch.pixels, SIZE)
            joints.append(joint)
            for finding, grade in grades.items():
                index = (row, FINDINGS.index(finding))
                labels[index] = grade > 0
                if not (as_is and grade):
                    places[index] = _on_grid(patch.damage.get(finding), grid)
        return Batch(
            torch.from_numpy(pictures), joints, torch.from_numpy(labels), torch.from_numpy(places)
        )

    def _choose(self, rng: np.random.Generator) -> tuple[IntactHand, str, bool]:
        """A hand, one of its joints, and whether it stays as it is, without new lesions."""
        kind = rng.random()
        if self._sources.unlabelled and COHORT_FRACTION < kind < _UNLABELLED_END:
            hand = _one(self._sources.unlabelled, rng)
            return hand, _one(list(hand.regions), rng), True
        if self._by_label and kind < COHORT_FRACTION:
            # Intact and non-intact joints of every joint group equally often.
            hand, joint = _one(_one(_one(self._by_label, rng), rng), rng)
            return hand, joint, True
        hands = self._sources.phantoms if kind > 1 - PHANTOM_FRACTION else self._sources.real
        hand = _one(hands or self._sources.real, rng)
        return hand, _one(list(hand.regions), rng), False


def _one(items: Any, rng: np.random.Generator) -> Any:
    return items[int(rng.integers(len(items)))]


def _by_label(
    hands: Sequence[IntactHand],
) -> list[list[list[tuple[IntactHand, str]]]]:
    """Joints of labelled hands, for each finding and joint group, and label that occurs."""
    found: dict[tuple[str, str], dict[bool, list[tuple[IntactHand, str]]]] = {}
    for hand in hands:
        for joint, grades in hand.grades.items():
            for finding, grade in grades.items():
                of_group = found.setdefault((finding, TARGET_OF[finding, joint].group), {})
                of_group.setdefault(grade > 0, []).append((hand, joint))
    return [list(labels.values()) for labels in found.values()]


def _on_grid(damage: NDArray[np.bool_] | None, grid: int) -> NDArray[np.float32] | float:
    """Cells with damage; 0 without any, NaN for damage too slight to be localised."""
    if damage is None:
        return 0.0
    fraction = cv2.resize(damage.astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA)
    cells = fraction > _DAMAGED_FRACTION
    return cells.astype(np.float32) if cells.any() else math.nan
