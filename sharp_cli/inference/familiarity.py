"""How far the features of a patch are from those that a joint group's patches had in training.

Training patches are described by their mean and their principal components. The distance is the
mean squared deviation along the components, each in units of its own variance (Mahalanobis), and
that of the rest from their space, in units of the rest's variance; both are scaled such that 1 is
the limit beyond which a patch is unlike them: a covered joint, an implant, another part of the
body.

A bundle that can tell names in `bundle.json`, under `familiarity`, a file for some of its trunks.
It holds, by `<finding>/<group>`, the `mean` of F features, K components as `basis`, their `spread`
and that of the `rest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Familiarity:
    """The features of a joint group's training patches.

    Attributes:
        mean: Shape (F,).
        basis: Orthogonal components of length 1, shape (K, F).
        spread: Of each component, shape (K,).
        rest: Of what is left, shape (1,).
    """

    mean: Array
    basis: Array
    spread: Array
    rest: Array

    @classmethod
    def of(cls, tensors: Mapping[str, Array], width: int) -> Familiarity:
        """What some tensors describe.

        Args:
            tensors: By the names of the attributes.
            width: Number of features.

        Raises:
            TypeError: One is missing, or there is another.
            ValueError: They do not fit together.
        """
        found = cls(**tensors)
        count = len(found.spread)
        shapes = found.mean.shape, found.basis.shape, found.spread.shape, found.rest.shape
        if shapes != ((width,), (count, width), (count,), (1,)):
            message = f"familiarity of shapes {shapes}"
            raise ValueError(message)
        return found

    def distances(self, features: Array) -> Array:
        """The distances of features of shape (N, F), shape (N,); more than 1 is unlike."""
        deviations = features - self.mean
        along = deviations @ self.basis.T
        left = deviations - along @ self.basis
        return np.asarray(
            np.square(along / self.spread).sum(axis=1) + np.square(left / self.rest).sum(axis=1)
        )
