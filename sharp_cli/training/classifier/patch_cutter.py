"""Cut the patches of labelled joints, with surroundings for augmentation."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from sharp_cli import radiograph
from sharp_cli.core.errors import InputError
from sharp_cli.core.geometry import Affine, sample
from sharp_cli.core.hand_frame import common_frame
from sharp_cli.core.joints import BOXES, PHALANGES
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.inference.classifier import standardise
from sharp_cli.scoring.joints import find_joints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Radiograph
    from sharp_cli.datasets.labels import ShownJoint
    from sharp_cli.scoring.stages import Detector, Finder

    Array = NDArray[np.float16]
    Position = tuple[float, float]
    _Found = tuple[Affine, Mapping[str, Position]]
    """A hand's frame, and the positions of its joints."""

MARGIN: Final = 0.08
"""Surroundings on each side, as a fraction of the box, for augmentation: a shift of 5 pixels, a
rotation of 3° and a scale of 1.03 (Miyama et al. 2022) need 0.075 in the flattest, 500 x 300."""

_ENDS: Final = frozenset(end for ends in PHALANGES for end in ends)
"""Points that determine a hand's frame."""


def margin(size: int) -> int:
    """Surroundings in pixels of a box that is resized to `size`."""
    return math.ceil(MARGIN * size)


class LabelledHand(NamedTuple):
    """A hand on a radiograph, or a ready-cut patch of one joint."""

    file: str
    patient: str
    study: str
    side: Side


class PatchCutter:
    """Cuts patches hand by hand; a radiograph of both hands is read once."""

    def __init__(
        self,
        images: Path,
        size: int,
        positions: Mapping[tuple[str, Side], AnnotatedHand],
        detector: Callable[[], tuple[Finder, Detector]],
    ) -> None:
        self._images = images
        self._size = size
        self._positions = positions
        self._detector = detector
        self._radiograph = lru_cache(maxsize=1)(self._read)
        self._detected = lru_cache(maxsize=1)(self._detect)

    def cut(self, hand: LabelledHand, wanted: Mapping[str, ShownJoint]) -> dict[str, Array]:
        """The patches of a hand's joints, as far as these are detected.

        Raises:
            InputError: The file cannot be read, or the hand is not found in it.
        """
        if any(one.patch for one in wanted.values()):
            return dict.fromkeys(wanted, self._ready_cut(hand.file))
        annotated = self._positions.get((hand.file, hand.side))
        given = dict(annotated.points) if annotated is not None else {}
        given |= {joint: one.place for joint, one in wanted.items() if one.place is not None}
        known = AnnotatedHand(hand.file, hand.side, given)
        picture = self._radiograph(hand.file)
        if annotated is not None or given.keys() >= _ENDS:
            frame = common_frame(
                known.positions(), mirror=hand.side == "right", aspect=picture.aspect
            )
            # The readers' positions are used even where the hand is not found.
            with suppress(InputError):
                given = {**self._found(hand)[1], **given} if wanted.keys() - given else given
        else:
            frame, found = self._found(hand)
            given = {**found, **given}
        return {
            joint: self._cut_box(picture, frame, joint, given[joint])
            for joint in wanted
            if joint in given
        }

    def _read(self, image: str) -> Radiograph:
        return radiograph.read(str(self._images / image))

    def _detect(self, image: str) -> Mapping[Side, _Found]:
        finder, detector = self._detector()
        picture = self._radiograph(image)
        hands: dict[Side, _Found] = {}
        for hand, points in find_joints(picture, finder, detector)[0]:
            hands[hand.side] = hand.to_image, {one.joint: (one.x, one.y) for one in points}
        return hands

    def _found(self, hand: LabelledHand) -> _Found:
        hands = self._detected(hand.file)
        if hand.side not in hands:
            message = f"{self._images / hand.file}: no {hand.side} hand found in it"
            raise InputError(message)
        return hands[hand.side]

    def _cut_box(self, picture: Radiograph, frame: Affine, joint: str, at: Position) -> Array:
        """A box with its surroundings; its inner S x S pixels are those of `standardise`."""
        side = self._size + 2 * margin(self._size)
        x, y = frame.inverse()(at)
        # Sampled as close to the common scale as a whole number of pixels allows.
        width, height = (edge * side / self._size for edge in BOXES[joint])
        view = (round(width), round(height))
        a, e = width / view[0], height / view[1]
        corner = Affine(a, 0, float(x) + (a - width) / 2, 0, e, float(y) + (e - height) / 2)
        drawn = sample(picture.pixels, frame.after(corner), view)
        return _standardised(cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA))

    def _ready_cut(self, patch: str) -> Array:
        """A patch that was cut elsewhere: its box, with its edge repeated as surroundings."""
        pixels = cv2.imread(str(self._images / patch), cv2.IMREAD_ANYDEPTH)
        if pixels is None:
            message = f"{self._images / patch}: cannot be read as a picture"
            raise InputError(message)
        edge = margin(self._size)
        inner = standardise(pixels, self._size)
        return _standardised(np.pad(inner, edge, mode="edge"))


def _standardised(view: NDArray[np.float32]) -> Array:
    """Mean 0 and standard deviation 1, which 16-bit floats hold well."""
    standard = (view - view.mean()) / max(float(view.std()), 1e-6)
    return np.asarray(standard, dtype=np.float16)
