"""A cohort as each head sees it: input sets with their patches and labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.inputs import input_sets
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.training.classifier.patch_store import PatchKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding
    from sharp_cli.datasets.labels import LabelledJoint, LabelledSet
    from sharp_cli.training.classifier.patch_store import PatchStore


_UNKNOWN: Final = (-1, -1)
"""Indices of a joint that neither is labelled nor is of a labelled set."""


class HeadName(NamedTuple):
    """A model's head for a finding and joint group."""

    model: ModelName
    finding: Finding
    group: str

    def __str__(self) -> str:
        return "/".join(self)


@dataclass(frozen=True, slots=True)
class InputSets:
    """The input sets of a head, K inputs each.

    Attributes:
        patches: Rows of the patch store, shape (U, K); -1 where there is no patch.
        labels: 1 for non-intact, 0 for intact, NaN where not labelled, shape (U, K). Inputs from
            an earlier study have no label.
        joints: Index of the labelled joint in the cohort's list, shape (U, K); -1 for none.
        names: Number of an input's joint, the same for both hands, shape (U, K).
        patients: Shape (U,).
        sets: Index of the labelled set of joints in the cohort's list that an input is of, shape
            (U, K); -1 for none.
    """

    patches: NDArray[np.int64]
    labels: NDArray[np.float32]
    joints: NDArray[np.int64]
    names: NDArray[np.int64]
    patients: NDArray[np.str_]
    sets: NDArray[np.int64]

    @property
    def by_set(self) -> NDArray[np.int64]:
        """As `sets`, but -1 where the joint has a label of its own, as all of intact sets have."""
        return np.where(np.isnan(self.labels), self.sets, -1)

    def of_patients(self, patients: Collection[str]) -> InputSets:
        """Those of some patients."""
        return self.rows(np.isin(self.patients, list(patients)))

    def without_sets(self, numbers: Collection[int]) -> InputSets:
        """Those in which some joint has a label or is of another set of joints than these."""
        sets = np.where(np.isin(self.sets, list(numbers)), -1, self.sets)
        return replace(self, sets=sets).rows(((self.joints >= 0) | (sets >= 0)).max(axis=1))

    def rows(self, chosen: NDArray[np.bool_]) -> InputSets:
        """Those that are chosen, shape (U,)."""
        return InputSets(
            self.patches[chosen],
            self.labels[chosen],
            self.joints[chosen],
            self.names[chosen],
            self.patients[chosen],
            self.sets[chosen],
        )

    def __len__(self) -> int:
        return len(self.patients)


def head_names(models: Sequence[ModelName]) -> list[HeadName]:
    """Every head of some models."""
    return [HeadName(model, *head) for model in models for head in JOINT_GROUPS]


def gather_input_sets(
    head: HeadName,
    labelled: Sequence[LabelledJoint],
    store: PatchStore,
    earlier: Mapping[tuple[str, str], str],
    sets: Sequence[LabelledSet] = (),
) -> InputSets:
    """The input sets of a head in which some joint has a label, or its set has, and a patch.

    Args:
        head: The head.
        labelled: The cohort's joints.
        store: Their patches, and those of the joints of `sets`.
        earlier: By patient and study, the study before it.
        sets: The cohort's labelled sets of joints.
    """
    studies = _known_joints(head, labelled, sets)
    units = input_sets(*head)
    distinct = dict.fromkeys(one.joint for inputs in units for one in inputs)
    numbers = {joint: number for number, joint in enumerate(distinct)}
    patches: list[list[int]] = []
    known: list[list[tuple[int, int]]] = []
    names: list[list[int]] = []
    patients: list[str] = []
    for (patient, study), joints in studies.items():
        before = earlier.get((patient, study), "")
        for inputs in units:
            keys = [
                PatchKey(
                    patient, before if one.earlier else study, one.side, head.finding, one.joint
                )
                for one in inputs
            ]
            rows = [store.rows.get(key, -1) for key in keys]
            found = [
                _UNKNOWN if row < 0 else joints.get(key, _UNKNOWN)
                for key, row in zip(keys, rows, strict=True)
            ]
            if any(one != _UNKNOWN for one in found):
                patches.append(rows)
                known.append(found)
                names.append([numbers[one.joint] for one in inputs])
                patients.append(patient)
    truth = np.array([float(one.damaged) for one in labelled] + [np.nan], np.float32)
    shape = (len(patients), len(units[0]))
    indices = np.array(known, np.int64).reshape(*shape, 2)
    return InputSets(
        np.array(patches, np.int64).reshape(shape),
        truth[indices[..., 0]],
        indices[..., 0],
        np.array(names, np.int64).reshape(shape),
        np.array(patients, np.str_),
        indices[..., 1],
    )


def _known_joints(
    head: HeadName, labelled: Sequence[LabelledJoint], sets: Sequence[LabelledSet]
) -> dict[tuple[str, str], dict[PatchKey, tuple[int, int]]]:
    """By study the joints that are labelled, or their set is: the indices of both, or -1."""
    studies: dict[tuple[str, str], dict[PatchKey, tuple[int, int]]] = {}
    for index, one in enumerate(labelled):
        if one.finding == head.finding:
            joints = studies.setdefault((one.patient, one.study), {})
            joints[PatchKey(*one.identity)] = index, -1
    for number, some in enumerate(sets):
        if some.finding == head.finding:
            joints = studies.setdefault((some.patient, some.study), {})
            for joint in some.joints:
                key = PatchKey(*joint.identity)
                joints[key] = joints.get(key, _UNKNOWN)[0], number
    return studies


def of_heads(
    inputs: Mapping[HeadName, InputSets], heads: Collection[HeadName]
) -> dict[HeadName, InputSets]:
    """The input sets of some heads, without the sets of joints in which another head has a part.

    Of a non-intact set it may be the joint of the other head that is damaged.
    """
    lost = {
        (head.model, int(number))
        for head, mine in inputs.items()
        if head not in heads
        for number in np.unique(mine.sets)
    }
    return {
        head: inputs[head].without_sets([number for model, number in lost if model == head.model])
        for head in heads
    }


def has_both_classes(inputs: InputSets) -> bool:
    """Whether intact joints occur, and joints that are non-intact or may be by their set."""
    intact, damaged = (inputs.labels == label for label in (0, 1))
    return bool(intact.any()) and bool(damaged.any() or (inputs.by_set >= 0).any())
