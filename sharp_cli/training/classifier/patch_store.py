"""The patches of a cohort, cut once, as the training wants them."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np
from safetensors.numpy import load_file, save

from sharp_cli import radiograph
from sharp_cli.core.errors import DocumentError, InputError
from sharp_cli.core.geometry import Affine, sample
from sharp_cli.core.hand_frame import common_frame
from sharp_cli.core.joints import BOXES, PHALANGES, SCORED_FINDINGS
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.fileio import output
from sharp_cli.inference.classifier import standardise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.core.records import Radiograph
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.scoring.stages import Detector, Finder

    Array = NDArray[np.float16]
    Position = tuple[float, float]
    _Found = tuple[Affine, Mapping[str, Position]]
    """A hand's frame, and where its joints are."""

LOGGER: Final = logging.getLogger(__name__)

MARGIN: Final = 0.08
"""Surroundings on each side, as a share of the box, for augmentation: a shift of 5 pixels, a turn
of 3° and a scale of 1.03 of Miyama et al. (2022) need 0.075 in the flattest box, 500 x 300."""

_ENDS: Final = frozenset(end for ends in PHALANGES for end in ends)
"""Points that tell a hand's frame."""

_PER_TOLD: Final = 20


class Place(NamedTuple):
    """Which joint a patch shows, and for which finding it is looked at."""

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
    rows: Mapping[Place, int]
    size: int


def margin(size: int) -> int:
    """Surroundings in pixels of a box that is resized to `size`."""
    return math.ceil(MARGIN * size)


def build(
    joints: Sequence[LabelledJoint],
    images: Path,
    folder: Path,
    *,
    size: int,
    positions: Mapping[tuple[str, Side], AnnotatedHand],
    detector: Callable[[], tuple[Finder, Detector]],
) -> tuple[PatchStore, list[str]]:
    """Cut the patches of labelled joints, or read those that an earlier run has cut.

    A position that a label gives comes before an annotated one. Where there is neither, the joint
    is detected.

    Args:
        joints: The labelled joints.
        images: Folder of the radiographs.
        folder: Where patches are kept, a file a hand.
        size: Width and height of the network's input.
        positions: Annotated hands, by image and side.
        detector: Loads what finds hands and joints, when it is first needed.

    Returns:
        The patches, and what could not be had, in words.

    Raises:
        DocumentError: There is no patch at all.
        OutputError: They cannot be kept.
    """
    output.make_folder(folder)
    hands: dict[_Hand, dict[str, LabelledJoint]] = {}
    findings: dict[tuple[_Hand, str], set[Finding]] = {}
    for one in joints:
        hand = _Hand(one.file, one.patient, one.study, one.side)
        hands.setdefault(hand, {}).setdefault(one.joint, one)
        shown = {one.finding} if one.patch else SCORED_FINDINGS[one.joint]
        findings.setdefault((hand, one.joint), set()).update(shown)
    cut: list[Array] = []
    rows: dict[Place, int] = {}
    lost: dict[str, None] = {}
    cutter = _Cutter(images, size, positions, cache(detector))
    # By file: the two hands of one film come after each other.
    for number, (hand, wanted) in enumerate(sorted(hands.items(), key=lambda item: item[0]), 1):
        path = folder / f"{_key(hand, wanted, positions, size)}.safetensors"
        try:
            patches = load_file(path) if path.is_file() else cutter.cut(hand, wanted)
        except InputError as error:
            lost[f"{error}; its joints are left out"] = None
            continue
        if not path.is_file():
            output.write(path, save(patches))
        for joint in wanted:
            if joint not in patches:
                lost[f"{hand.file}: {hand.side} {joint} was not detected and is left out"] = None
                continue
            for finding in findings[hand, joint]:
                place = Place(hand.patient, hand.study, hand.side, finding, joint)
                rows.setdefault(place, len(cut))
            cut.append(patches[joint])
        if number % _PER_TOLD == 0:
            LOGGER.info("patches of %d of %d hands", number, len(hands))
    if not cut:
        message = f"{images}: no patch could be had: {'; '.join([*lost][:3])}"
        raise DocumentError(message)
    return PatchStore(np.stack(cut), rows, size), [*lost]


class _Hand(NamedTuple):
    """A hand on a radiograph, or one joint's ready patch."""

    file: str
    patient: str
    study: str
    side: Side


class _Cutter:
    """Cuts patches hand by hand; a radiograph with both hands is read once."""

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
        self._picture = lru_cache(maxsize=1)(self._read)
        self._detected = lru_cache(maxsize=1)(self._detect)

    def cut(self, hand: _Hand, wanted: Mapping[str, LabelledJoint]) -> dict[str, Array]:
        """The patches of a hand's joints, without those that are not there.

        Raises:
            InputError: The file cannot be read, or the hand is not found in it.
        """
        if any(one.patch for one in wanted.values()):
            return dict.fromkeys(wanted, self._ready(hand.file))
        annotated = self._positions.get((hand.file, hand.side))
        given = dict(annotated.points) if annotated is not None else {}
        given |= {joint: one.place for joint, one in wanted.items() if one.place is not None}
        known = AnnotatedHand(hand.file, hand.side, given)
        picture = self._picture(hand.file)
        if annotated is not None or given.keys() >= _ENDS:
            frame = common_frame(known.positions(), mirror=hand.side == "right")
            # What the readers placed is kept where the hand is not found.
            with suppress(InputError):
                given = {**self._found(hand)[1], **given} if wanted.keys() - given else given
        else:
            frame, found = self._found(hand)
            given = {**found, **given}
        return {
            joint: self._box(picture, frame, joint, given[joint])
            for joint in wanted
            if joint in given
        }

    def _read(self, image: str) -> Radiograph:
        return radiograph.read(str(self._images / image))

    def _detect(self, image: str) -> Mapping[Side, _Found]:
        finder, detector = self._detector()
        picture = self._picture(image)
        hands: dict[Side, _Found] = {}
        for found in finder.find(picture)[0]:
            hand, points = detector.detect(picture, found)
            hands[hand.side] = hand.to_image, {one.joint: (one.x, one.y) for one in points}
        return hands

    def _found(self, hand: _Hand) -> _Found:
        hands = self._detected(hand.file)
        if hand.side not in hands:
            message = f"{self._images / hand.file}: no {hand.side} hand found in it"
            raise InputError(message)
        return hands[hand.side]

    def _box(self, picture: Radiograph, frame: Affine, joint: str, at: Position) -> Array:
        """A box with its surroundings; its inner S x S pixels are those of `standardise`."""
        side = self._size + 2 * margin(self._size)
        x, y = frame.inverse()(at)
        # At the common scale, where pixels are drawn as near to its own as whole numbers go.
        width, height = (edge * side / self._size for edge in BOXES[joint])
        view = (round(width), round(height))
        a, e = width / view[0], height / view[1]
        corner = Affine(a, 0, float(x) + (a - width) / 2, 0, e, float(y) + (e - height) / 2)
        drawn = sample(picture.pixels, frame.after(corner), view)
        return _standard(cv2.resize(drawn, (side, side), interpolation=cv2.INTER_AREA))

    def _ready(self, patch: str) -> Array:
        """A patch that was cut elsewhere: its box, whose edge stands for what is around it."""
        pixels = cv2.imread(str(self._images / patch), cv2.IMREAD_ANYDEPTH)
        if pixels is None:
            message = f"{self._images / patch}: cannot be read as a picture"
            raise InputError(message)
        edge = margin(self._size)
        inner = standardise(pixels, self._size)
        return _standard(np.pad(inner, edge, mode="edge"))


def _standard(view: NDArray[np.float32]) -> Array:
    """Mean 0 and standard deviation 1: 16 bit floats hold it well, whatever it was before."""
    standard = (view - view.mean()) / max(float(view.std()), 1e-6)
    return np.asarray(standard, dtype=np.float16)


def _key(
    hand: _Hand,
    wanted: Mapping[str, LabelledJoint],
    positions: Mapping[tuple[str, Side], AnnotatedHand],
    size: int,
) -> str:
    """Differs wherever patches would."""
    annotated = positions.get((hand.file, hand.side))
    points = None if annotated is None else sorted(annotated.points.items())
    places = sorted((joint, one.place, one.patch) for joint, one in wanted.items())
    return hashlib.sha256(json.dumps([hand, places, points, size]).encode()).hexdigest()[:24]
