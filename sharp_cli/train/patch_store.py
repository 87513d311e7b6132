"""The patches of a cohort, cut once, as the training wants them."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np
from safetensors.numpy import load_file, save

from sharp_cli import output, radiograph
from sharp_cli.classify import standardise
from sharp_cli.errors import DocumentError, InputError
from sharp_cli.geometry import sample, similarity
from sharp_cli.joints import TARGETS
from sharp_cli.train.joint_patches import common_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.dataset import AnnotatedHand
    from sharp_cli.geometry import Affine
    from sharp_cli.joints import Side
    from sharp_cli.labels import LabelledJoint
    from sharp_cli.pipeline import Detector, Finder
    from sharp_cli.records import Radiograph

    Array = NDArray[np.float16]

LOGGER: Final = logging.getLogger(__name__)

MARGIN: Final = 0.08
"""Surroundings on each side, as a share of the box, for augmentation: a shift of 5 pixels, a turn
of 3° and a scale of 1.03 of Miyama et al. (2022) need 0.075 in the flattest box, 500 x 300."""

_BOXES: Final = {target.joint: target.box for target in TARGETS}

_PER_TOLD: Final = 20


class Place(NamedTuple):
    """Which joint a patch shows."""

    patient: str
    study: str
    side: Side
    joint: str


@dataclass(frozen=True, slots=True)
class PatchStore:
    """Patches in memory.

    Attributes:
        pixels: float16, shape (N, S + 2 m, S + 2 m): the box, resized to S x S, with its
            surroundings; standardised.
        rows: The row of each joint.
        size: S.
    """

    pixels: Array
    rows: Mapping[Place, int]
    size: int


def margin(size: int) -> int:
    """Surroundings in pixels of a box that is resized to `size`."""
    return round(MARGIN * size)


def build(
    joints: Sequence[LabelledJoint],
    images: Path,
    folder: Path,
    *,
    size: int,
    positions: Mapping[tuple[str, Side], AnnotatedHand],
    detector: tuple[Finder, Detector],
) -> tuple[PatchStore, list[str]]:
    """Cut the patches of labelled joints, or read those that an earlier run has cut.

    Args:
        joints: The labelled joints.
        images: Folder of the radiographs.
        folder: Where patches are kept, a file a hand.
        size: Width and height of the network's input.
        positions: Where joints are, by image and side; joints of other hands are detected.
        detector: What finds hands and joints.

    Returns:
        The patches, and what could not be had, in words.
    """
    output.make_folder(folder)
    hands: dict[_Hand, dict[str, LabelledJoint]] = {}
    for one in joints:
        hand = _Hand(one.patient, one.study, "" if one.patch else one.image, one.side)
        hands.setdefault(hand, {}).setdefault(one.joint, one)
    cut: list[Array] = []
    rows: dict[Place, int] = {}
    lost: list[str] = []
    cutter = _Cutter(images, size, positions, detector)
    for number, (hand, wanted) in enumerate(hands.items(), 1):
        path = folder / f"{_key(hand, wanted, positions, size)}.safetensors"
        try:
            patches = load_file(path) if path.is_file() else cutter.cut(hand, wanted)
        except InputError as error:
            lost.append(f"{error}; its joints are left out")
            continue
        if not path.is_file():
            output.write(path, save(patches))
        for joint in wanted:
            if joint in patches:
                rows[Place(hand.patient, hand.study, hand.side, joint)] = len(cut)
                cut.append(patches[joint])
            else:
                lost.append(f"{hand.image}: {hand.side} {joint} was not detected and is left out")
        if number % _PER_TOLD == 0:
            LOGGER.info("patches of %d of %d hands", number, len(hands))
    if not cut:
        message = f"{images}: no patch could be had: {'; '.join(lost[:3])}"
        raise DocumentError(message)
    return PatchStore(np.stack(cut), rows, size), lost


class _Hand(NamedTuple):
    patient: str
    study: str
    image: str
    side: Side


class _Cutter:
    """Cuts patches hand by hand; a radiograph with both hands is read once."""

    def __init__(
        self,
        images: Path,
        size: int,
        positions: Mapping[tuple[str, Side], AnnotatedHand],
        detector: tuple[Finder, Detector],
    ) -> None:
        self._images = images
        self._size = size
        self._positions = positions
        self._finder, self._detector = detector
        self._read: tuple[str, Radiograph] | None = None
        self._found: tuple[str, dict[Side, tuple[Affine, dict[str, tuple[float, float]]]]] | None
        self._found = None

    def cut(self, hand: _Hand, wanted: Mapping[str, LabelledJoint]) -> dict[str, Array]:
        """The patches of a hand's joints, without those that are not there."""
        if not hand.image:
            return {joint: self._ready(str(one.patch)) for joint, one in wanted.items()}
        picture = self._radiograph(hand.image)
        annotated = self._positions.get((hand.image, hand.side))
        if annotated is not None:
            frame = common_frame(annotated.positions(), mirror=hand.side == "right")
            places = dict(annotated.points)
        else:
            frame, places = self._detected(hand.image, picture, hand.side)
            places = dict(places)
        places |= {joint: one.place for joint, one in wanted.items() if one.place is not None}
        return {
            joint: self._box(picture, frame, joint, places[joint])
            for joint in wanted
            if joint in places
        }

    def _radiograph(self, image: str) -> Radiograph:
        if self._read is None or self._read[0] != image:
            self._read = (image, radiograph.read(str(self._images / image)))
        return self._read[1]

    def _detected(
        self, image: str, picture: Radiograph, side: Side
    ) -> tuple[Affine, dict[str, tuple[float, float]]]:
        if self._found is None or self._found[0] != image:
            hands: dict[Side, tuple[Affine, dict[str, tuple[float, float]]]] = {}
            for found in self._finder.find(picture)[0]:
                hand, points = self._detector.detect(picture, found)
                hands[hand.side] = (hand.to_image, {p.joint: (p.x, p.y) for p in points})
            self._found = (image, hands)
        if side not in self._found[1]:
            message = f"{image}: no {side} hand found in it"
            raise InputError(message)
        return self._found[1][side]

    def _box(
        self, picture: Radiograph, frame: Affine, joint: str, at: tuple[float, float]
    ) -> Array:
        width, height = (round(edge * (1 + 2 * MARGIN)) for edge in _BOXES[joint])
        x, y = frame.inverse()(at)
        corner = similarity(x=float(x) - (width - 1) / 2, y=float(y) - (height - 1) / 2)
        view = sample(picture.pixels, frame.after(corner), (width, height))
        side = self._size + 2 * margin(self._size)
        return _standard(cv2.resize(view, (side, side), interpolation=cv2.INTER_AREA))

    def _ready(self, patch: str) -> Array:
        """A patch that was cut elsewhere: its box, whose edge stands for what is around it."""
        pixels = cv2.imread(str(self._images / patch), cv2.IMREAD_ANYDEPTH)
        if pixels is None:
            message = f"{self._images / patch}: cannot be read as a picture"
            raise InputError(message)
        inner = standardise(pixels.astype(np.float32), self._size)
        around = [margin(self._size)] * 4
        return _standard(cv2.copyMakeBorder(inner, *around, cv2.BORDER_REPLICATE))


def _standard(view: NDArray[np.float32]) -> Array:
    """Mean 0 and standard deviation 1: 16 bit floats hold it well, whatever it was before."""
    return ((view - view.mean()) / max(float(view.std()), 1e-6)).astype(np.float16)


def _key(
    hand: _Hand,
    wanted: Mapping[str, LabelledJoint],
    positions: Mapping[tuple[str, Side], AnnotatedHand],
    size: int,
) -> str:
    """Differs wherever patches would."""
    annotated = positions.get((hand.image, hand.side))
    points = None if annotated is None else sorted(annotated.points.items())
    places = sorted((joint, one.place, one.patch) for joint, one in wanted.items())
    return hashlib.sha256(json.dumps([hand, places, points, size]).encode()).hexdigest()[:24]
