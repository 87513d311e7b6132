"""Agreement of ordinal grades, of many weightings of the same patients at a time.

All metrics are of confusion matrices, so a bootstrap adds the matrices of the patients it draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRADE_METRICS: Final = (
    "quadratic_kappa", "exact", "within_1", "mean_absolute_error", "balanced_accuracy",
)  # fmt: skip


def confusions(
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    patients: NDArray[np.intp],
    grades: int,
    count: int,
) -> NDArray[np.float64]:
    """How often each grade of the first rater meets each of the second, by patient.

    Args:
        first: Grades from 0, shape (joints,).
        second: Likewise.
        patients: The number of each joint's patient, from 0, shape (joints,).
        grades: How many grades there are.
        count: How many patients.

    Returns:
        Shape (patients, grades, grades), the first rater's grades along axis 1.
    """
    cells = (patients * grades + first) * grades + second
    counted = np.bincount(cells, minlength=count * grades * grades)
    return counted.reshape(count, grades, grades).astype(np.float64)


def grade_metrics(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """The metrics of confusion matrices.

    Quadratic weighted kappa is that of Cohen, Psychol Bull 70:213 (1968), with the squared
    differences of grades as weights of disagreement. Balanced accuracy is the mean over the second
    rater's grades of the fraction that the first gives as well.

    Args:
        matrices: Shape (…, grades, grades); the second rater's grades along the last axis.

    Returns:
        `GRADE_METRICS`, shape (…, 5); NaN where one is not defined.
    """
    grades = np.arange(matrices.shape[-1])
    apart = np.abs(grades[:, None] - grades)
    total = matrices.sum(axis=(-2, -1))
    ours, theirs = matrices.sum(axis=-1), matrices.sum(axis=-2)
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)

    def share(weights: NDArray[np.integer | np.bool_]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = (matrices * weights).sum(axis=(-2, -1)) / total
        return mean

    with np.errstate(invalid="ignore", divide="ignore"):
        by_chance = np.einsum("...i,ij,...j->...", ours, apart**2, theirs) / total**2
        kappa = np.where(by_chance > 0, 1 - share(apart**2) / by_chance, np.nan)
        recalls = hits / theirs
        given = theirs > 0
        balanced = np.where(given, recalls, 0).sum(axis=-1) / given.sum(axis=-1)
        values = [kappa, share(apart == 0), share(apart <= 1), share(apart), balanced]
    return np.stack(values, axis=-1)
