"""A cohort as each head sees it: sets of inputs with their patches and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sharp_cli.core.inputs import input_sets
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.training.classifier.patch_store import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.training.classifier.patch_store import PatchStore


class HeadName(NamedTuple):
    """A model's head for a finding and joint group."""

    model: ModelName
    finding: Finding
    group: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True, slots=True)
class Units:
    """Sets of inputs; K inputs a set.

    Attributes:
        patches: Rows of the patch store, shape (U, K); -1 where there is no patch.
        labels: 1 for non-intact, 0 for intact, NaN where not labelled, shape (U, K). Inputs from
            an earlier study have none.
        joints: Index of the labelled joint in the cohort's list, shape (U, K); -1 for none.
        names: Number that tells an input's joint, the same for both hands, shape (U, K).
        patients: Shape (U,).
    """

    patches: NDArray[np.int64]
    labels: NDArray[np.float32]
    joints: NDArray[np.int64]
    names: NDArray[np.int64]
    patients: NDArray[np.str_]

    def of(self, patients: Collection[str]) -> Units:
        """Those of some patients."""
        mine = np.isin(self.patients, list(patients))
        return Units(
            self.patches[mine],
            self.labels[mine],
            self.joints[mine],
            self.names[mine],
            self.patients[mine],
        )

    def __len__(self) -> int:
        return len(self.patients)


def head_names(models: Sequence[ModelName]) -> list[HeadName]:
    """Every head of some models."""
    return [HeadName(model, *head) for model in models for head in JOINT_GROUPS]


def gather(
    head: HeadName,
    labelled: Sequence[LabelledJoint],
    store: PatchStore,
    earlier: Mapping[tuple[str, str], str],
) -> Units:
    """The sets of inputs of a head in which some joint has a label and a patch.

    Args:
        head: The head.
        labelled: The cohort's joints.
        store: Their patches.
        earlier: By patient and study, the study before it.
    """
    mine: dict[tuple[str, str], dict[Place, int]] = {}
    for index, one in enumerate(labelled):
        if one.finding == head.finding:
            place = Place(one.patient, one.study, one.side, one.finding, one.joint)
            mine.setdefault((one.patient, one.study), {})[place] = index
    sets = input_sets(*head)
    kinds = dict.fromkeys(one.joint for unit in sets for one in unit)
    numbers = {name: number for number, name in enumerate(kinds)}
    patches: list[list[int]] = []
    joints: list[list[int]] = []
    names: list[list[int]] = []
    patients: list[str] = []
    for (patient, study), indices in mine.items():
        before = earlier.get((patient, study), "")
        for unit in sets:
            places = [
                Place(patient, before if one.earlier else study, one.side, head.finding, one.joint)
                for one in unit
            ]
            shown = [store.rows.get(place, -1) for place in places]
            labels = [
                -1 if row < 0 else indices.get(place, -1)
                for one, place, row in zip(unit, places, shown, strict=True)
            ]
            if max(labels) >= 0:
                patches.append(shown)
                joints.append(labels)
                names.append([numbers[one.joint] for one in unit])
                patients.append(patient)
    truth = np.array([float(one.damaged) for one in labelled] + [np.nan], np.float32)
    shape = (len(patients), len(sets[0]))
    known = np.array(joints, np.int64).reshape(shape)
    return Units(
        np.array(patches, np.int64).reshape(shape),
        truth[known],
        known,
        np.array(names, np.int64).reshape(shape),
        np.array(patients, np.str_),
    )


class Balanced:
    """Draws sets of inputs such that every joint comes alike often, intact and non-intact.

    A joint is that of either hand. One with a single class comes with that alone.
    """

    def __init__(self, given: Units) -> None:
        self._units = given
        known = np.isfinite(given.labels)
        self._strata: list[list[NDArray[np.int64]]] = []
        for name in np.unique(given.names[known]):
            classes = [
                np.nonzero(((given.labels == label) & (given.names == name)).any(axis=1))[0]
                for label in (0, 1)
            ]
            self._strata.append([rows for rows in classes if len(rows)])

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows of `count` sets of inputs, with replacement."""
        drawn = []
        for joint in rng.integers(len(self._strata), size=count):
            classes = self._strata[joint]
            rows = classes[int(rng.integers(len(classes)))]
            drawn.append(rows[int(rng.integers(len(rows)))])
        return np.array(drawn, np.int64)


def trainable(given: Units) -> bool:
    """Whether both classes occur."""
    known = given.labels[np.isfinite(given.labels)]
    return bool(len(known)) and 0 < known.mean() < 1
