"""Grad-CAM maps of the answers of a study, small enough for a page."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.joints import Side, StudyJoint
    from sharp_cli.core.records import Patch
    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.document import Document
    from sharp_cli.results.html.pictures import Pictures

    Explanations: TypeAlias = Mapping[StudyJoint, Mapping[str, str]]
    """By joint, then by the patches that its answer depends on (`left/erosion/MCP2`): a square map,
    8 bit, row by row from the top left, as base64."""

_SIDE: Final = 16
"""Largest width and height of a map: the 516 maps of a study then take 0.2 MB at most."""


def require_maker(studies: Mapping[str, Document], bundle: Bundle) -> None:
    """Check that a findings bundle made all results.

    Args:
        studies: By name.
        bundle: The bundle.

    Raises:
        UsageError: Another one made some, or they are not classified.
    """
    for name, study in studies.items():
        made = study.models.get("findings")
        if made is None:
            message = f"{name}: not classified, so there is nothing to explain; run sharp classify"
            raise UsageError(message)
        if made.sha256 != bundle.sha256:
            message = (
                f"{name}: made by {made.name} (sha256 {made.sha256}), and {bundle.path} is "
                f"{bundle.name} (sha256 {bundle.sha256}); name the one that made it with --models"
            )
            raise UsageError(message)


def explain(
    study: Document,
    pictures: Sequence[Pictures],
    saliency: Saliency,
    earlier: Sequence[Pictures] | None,
) -> Explanations:
    """Explain the answers of a study.

    Answers that the study before it had a part in are explained only where that is at hand.

    Args:
        study: The study.
        pictures: Of each of its inputs, see `pictures.draw`.
        saliency: Of the bundle that made its results.
        earlier: Of the study that was classified beside it as the one before; None if that is not
            at hand.

    Raises:
        ModelError: The bundle lacks a model that answered.
    """
    alone = earlier is None and any(row.earlier_study for row in study.inputs)
    models = {
        (row.hand, row.finding, row.joint): row.model
        for row in study.joints
        if row.model is not None and not (alone and row.model == "mimo-time")
    }
    found = saliency.maps(_cut(pictures), models, earlier=_cut(earlier or ()))
    return {
        (side, finding, joint): {
            f"{one.side}/{finding}/{one.joint}": _packed(values)
            for one, values in maps.items()
            if not one.earlier
        }
        for (side, finding, joint), maps in found.items()
    }


def _cut(pictures: Sequence[Pictures]) -> dict[Side, Sequence[Patch]]:
    return {side: cut for each in pictures for side, cut in each.cut.items()}


def _packed(values: NDArray[np.float32]) -> str:
    if len(values) > _SIDE:
        values = cv2.resize(values, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return b64encode(np.rint(values * 255).astype(np.uint8).tobytes()).decode()
