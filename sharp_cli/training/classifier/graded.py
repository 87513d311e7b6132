"""What heads that grade learn from: the grades of non-intact joints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.training.classifier.fit import HeadData

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.training.classifier.input_sets import HeadName, InputSets


def damage_grades(labelled: Sequence[LabelledJoint]) -> NDArray[np.float32]:
    """The grade of each joint that is known to be 1 or more, else NaN; shape (N,)."""
    return np.array([float(one.grade or "nan") for one in labelled], np.float32)


def graded_data(
    data: Mapping[HeadName, HeadData], grades: NDArray[np.float32]
) -> dict[HeadName, HeadData]:
    """What each head can learn to grade from, without those that cannot.

    To learn it takes joints of at least two grades, and to validate some joint.

    Args:
        data: What the heads learn from.
        grades: Of the cohort's joints, see `damage_grades`.
    """
    found = {}
    for head, parts in data.items():
        training, validation = (_graded(part, grades) for part in parts)
        known = training.labels[np.isfinite(training.labels)]
        if len(np.unique(known)) > 1 and len(validation):
            found[head] = HeadData(training, validation)
    return found


def _graded(inputs: InputSets, grades: NDArray[np.float32]) -> InputSets:
    """The input sets with a joint of a known grade, whose labels are these grades."""
    labels = np.where(inputs.joints < 0, np.nan, grades[inputs.joints]).astype(np.float32)
    graded = replace(inputs, labels=labels, sets=np.full_like(inputs.sets, -1))
    return graded.rows(np.isfinite(labels).max(axis=1))
