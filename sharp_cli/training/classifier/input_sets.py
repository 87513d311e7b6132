"""A cohort as each head sees it: input sets with their patches and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sharp_cli.core.inputs import input_sets
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.training.classifier.patch_store import PatchKey

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
class InputSets:
    """The input sets of a head, K inputs each.

    Attributes:
        patches: Rows of the patch store, shape (U, K); -1 where there is no patch.
        labels: 1 for non-intact, 0 for intact, NaN where not labelled, shape (U, K). Inputs from
            an earlier study have no label.
        joints: Index of the labelled joint in the cohort's list, shape (U, K); -1 for none.
        names: Number of an input's joint, the same for both hands, shape (U, K).
        patients: Shape (U,).
    """

    patches: NDArray[np.int64]
    labels: NDArray[np.float32]
    joints: NDArray[np.int64]
    names: NDArray[np.int64]
    patients: NDArray[np.str_]

    def of_patients(self, patients: Collection[str]) -> InputSets:
        """Those of some patients."""
        mine = np.isin(self.patients, list(patients))
        return InputSets(
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


def gather_input_sets(
    head: HeadName,
    labelled: Sequence[LabelledJoint],
    store: PatchStore,
    earlier: Mapping[tuple[str, str], str],
) -> InputSets:
    """The input sets of a head in which some joint has a label and a patch.

    Args:
        head: The head.
        labelled: The cohort's joints.
        store: Their patches.
        earlier: By patient and study, the study before it.
    """
    studies: dict[tuple[str, str], dict[PatchKey, int]] = {}
    for index, one in enumerate(labelled):
        if one.finding == head.finding:
            key = PatchKey(one.patient, one.study, one.side, one.finding, one.joint)
            studies.setdefault((one.patient, one.study), {})[key] = index
    sets = input_sets(*head)
    distinct = dict.fromkeys(one.joint for inputs in sets for one in inputs)
    numbers = {joint: number for number, joint in enumerate(distinct)}
    patches: list[list[int]] = []
    joints: list[list[int]] = []
    names: list[list[int]] = []
    patients: list[str] = []
    for (patient, study), indices in studies.items():
        before = earlier.get((patient, study), "")
        for inputs in sets:
            keys = [
                PatchKey(
                    patient, before if one.earlier else study, one.side, head.finding, one.joint
                )
                for one in inputs
            ]
            rows = [store.rows.get(key, -1) for key in keys]
            labels = [
                -1 if row < 0 else indices.get(key, -1) for key, row in zip(keys, rows, strict=True)
            ]
            if max(labels) >= 0:
                patches.append(rows)
                joints.append(labels)
                names.append([numbers[one.joint] for one in inputs])
                patients.append(patient)
    truth = np.array([float(one.damaged) for one in labelled] + [np.nan], np.float32)
    shape = (len(patients), len(sets[0]))
    known = np.array(joints, np.int64).reshape(shape)
    return InputSets(
        np.array(patches, np.int64).reshape(shape),
        truth[known],
        known,
        np.array(names, np.int64).reshape(shape),
        np.array(patients, np.str_),
    )


def has_both_classes(inputs: InputSets) -> bool:
    """Whether intact and non-intact joints occur."""
    known = inputs.labels[np.isfinite(inputs.labels)]
    return bool(len(known)) and 0 < known.mean() < 1
