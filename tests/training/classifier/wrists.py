"""Wrists of which some joints are eroded, and nobody says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sharp_cli.datasets.labels import LabelledJoint, LabelledSet
from sharp_cli.training.classifier.input_sets import (
    HeadName,
    InputSets,
    gather_input_sets,
)
from sharp_cli.training.classifier.patch_store import PatchKey, PatchStore
from tests.labels import labelled_joint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side

GROUPS = ("CMC-M", "wrist")
"""The joint groups that a wrist spans for erosion."""


def erosion_heads(model: ModelName) -> list[HeadName]:
    return [HeadName(model, "erosion", group) for group in GROUPS]


def wrist(patient: str, side: Side = "left", *, damaged: bool = True) -> LabelledSet:
    return LabelledSet(2, patient, "s1", "a.png", side, "erosion", "wrist", damaged)


def intact(one: LabelledSet) -> list[LabelledJoint]:
    """The labels of the joints of an intact set."""
    return [
        labelled_joint(patient=one.patient, side=one.side, joint=joint.joint)
        for joint in one.joints
    ]


class Wrists:
    """Wrists of which some joints are eroded, and nobody says which.

    The first feature of a joint tells whether it is.
    """

    def __init__(self, count: int = 40, sides: Sequence[Side] = ("left", "right")) -> None:
        rng = np.random.default_rng(1)
        self.sets: list[LabelledSet] = []
        self.joints: list[LabelledJoint] = []
        self.damaged: dict[PatchKey, bool] = {}
        for number in range(count):
            for side in sides:
                erosive = bool(rng.integers(2))
                one = wrist(f"p{number}", side, damaged=erosive)
                self.sets.append(one)
                eroded = rng.permutation(6)[: rng.integers(1, 3)] if erosive else ()
                for place, joint in enumerate(one.joints):
                    self.damaged[PatchKey(*joint.identity)] = place in eroded
                if not erosive:
                    self.joints += intact(one)
        rows = {key: row for row, key in enumerate(self.damaged)}
        self.store = PatchStore(np.zeros((len(rows), 2, 2), np.float16), rows, 2)
        features = rng.standard_normal((2, len(rows), 6)).astype(np.float32)
        features[..., 0] += 6 * np.array([*self.damaged.values()]) - 3
        self.features = torch.from_numpy(features)

    def inputs(self, model: ModelName) -> dict[HeadName, InputSets]:
        return {
            head: gather_input_sets(head, self.joints, self.store, {}, self.sets)
            for head in erosion_heads(model)
        }
