"""The patches of a cohort, cut once and kept as the training takes them."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from safetensors.numpy import load_file, save

from sharp_cli.core.errors import DocumentError, InputError
from sharp_cli.core.joints import SCORED_FINDINGS
from sharp_cli.fileio import output
from sharp_cli.training.classifier.patch_cutter import LabelledHand, PatchCutter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.datasets.labels import ShownJoint
    from sharp_cli.scoring.stages import Detector, Finder

    Array = NDArray[np.float16]

LOGGER: Final = logging.getLogger(__name__)

_LOGS: Final = 10
"""How often progress is logged while patches are cut."""


class PatchKey(NamedTuple):
    """Which joint a patch shows, and for which finding it is scored."""

    patient: str
    study: str
    side: Side
    finding: Finding
    joint: str


@dataclass(frozen=True, slots=True)
class PatchStore:
    """Patches in memory.

    Attributes:
        pixels: float16, shape (N, S + 2 m, S + 2 m): the box, resized to S x S, with m = `margin`
            pixels around it; standardised.
        rows: The row of each joint and finding; findings of a joint share it, unless each has a
            ready-cut patch of its own.
        size: S.
    """

    pixels: Array
    rows: Mapping[PatchKey, int]
    size: int


def build_patch_store(
    joints: Sequence[ShownJoint],
    images: Path,
    folder: Path,
    *,
    size: int,
    positions: Mapping[tuple[str, Side], AnnotatedHand],
    detector: Callable[[], tuple[Finder, Detector]],
) -> tuple[PatchStore, list[str]]:
    """Cut the patches of joints, or read those that an earlier run has cut.

    A position given by a label takes precedence over an annotated one. Where there is neither, the
    joint is detected.

    Args:
        joints: The joints, labelled ones first.
        images: Folder of the radiographs.
        folder: Where patches are kept, one file per hand.
        size: Width and height of the network's input.
        positions: Annotated hands, by image and side.
        detector: Loads what finds hands and joints, when it is first needed.

    Returns:
        The patches, and messages about those that cannot be cut.

    Raises:
        DocumentError: There is no patch at all.
        OutputError: They cannot be kept.
    """
    output.make_folder(folder)
    hands: dict[LabelledHand, dict[str, ShownJoint]] = {}
    findings: dict[tuple[LabelledHand, str], set[Finding]] = {}
    for one in joints:
        hand = LabelledHand(one.file, one.patient, one.study, one.side)
        hands.setdefault(hand, {}).setdefault(one.joint, one)
        scored = {one.finding} if one.patch else SCORED_FINDINGS[one.joint]
        findings.setdefault((hand, one.joint), set()).update(scored)
    cut: list[Array] = []
    rows: dict[PatchKey, int] = {}
    messages: dict[str, None] = {}
    cutter = PatchCutter(images, size, positions, cache(detector))
    # By file: the two hands of one radiograph are next to each other.
    for number, (hand, wanted) in enumerate(sorted(hands.items(), key=lambda item: item[0]), 1):
        path = folder / f"{_content_key(hand, wanted, positions, size)}.safetensors"
        try:
            patches = load_file(path) if path.is_file() else cutter.cut(hand, wanted)
        except InputError as error:
            messages[f"{error}; its joints are excluded"] = None
            continue
        if not path.is_file():
            output.write(path, save(patches))
        for joint in wanted:
            if joint not in patches:
                message = f"{hand.file}: {hand.side} {joint} was not detected and is excluded"
                messages[message] = None
                continue
            for finding in findings[hand, joint]:
                key = PatchKey(hand.patient, hand.study, hand.side, finding, joint)
                rows.setdefault(key, len(cut))
            cut.append(patches[joint])
        if number % max(len(hands) // _LOGS, 1) == 0:
            LOGGER.info("patches of %d of %d hands", number, len(hands))
    if not cut:
        message = f"{images}: no patch could be cut: {'; '.join([*messages][:3])}"
        raise DocumentError(message)
    return PatchStore(np.stack(cut), rows, size), [*messages]


def _content_key(
    hand: LabelledHand,
    wanted: Mapping[str, ShownJoint],
    positions: Mapping[tuple[str, Side], AnnotatedHand],
    size: int,
) -> str:
    """Differs wherever the patches would."""
    annotated = positions.get((hand.file, hand.side))
    points = None if annotated is None else sorted(annotated.points.items())
    places = sorted((joint, one.place, one.patch) for joint, one in wanted.items())
    return hashlib.sha256(json.dumps([hand, places, points, size]).encode()).hexdigest()[:24]
