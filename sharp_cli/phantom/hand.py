"""One phantom hand: shape, bones, soft tissue, film, and lesions where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.geometry import Affine, sample, similarity
from sharp_cli.joints import COMMON_PHALANX, SIDES, TARGETS, Finding, Side
from sharp_cli.lesions import implant
from sharp_cli.phantom.bone import Bone, Maturity
from sharp_cli.phantom.fingers import finger_bones
from sharp_cli.phantom.render import SOFT, Tissue, bone_attenuation, soft_thickness, trabeculae
from sharp_cli.phantom.shape import Shape, carry, draw_shape
from sharp_cli.phantom.wrist import wrist_bones

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

GRADES: Final[Mapping[Finding, range]] = {"erosion": range(6), "jsn": range(5)}
"""SHS grades a joint: erosion 0…5, joint space narrowing 0…4; 0 is intact."""

_PHALANX_MM: Final = (36.0, 46.0)  # median proximal phalanx of adults, with its joint spaces
_YOUNG_PHALANX_MM: Final = (26.0, 40.0)
_YOUNG: Final = 0.4  # share of hands with open growth plates
_BORDER: Final = 0.35  # free space around the fingers, in units
_WRIST_END: Final = 1.85  # where the radius ends in the frame of the mean hand
_KNUCKLES: Final = (21, 25, 29, 33)  # the MCP joints' landmarks
# Half widths of the soft tissue from the first joint of a finger to its tip, in units.
_FINGER_RADII: Final = (0.275, 0.245, 0.215, 0.165)
_THUMB_RADII: Final = (0.34, 0.275, 0.235, 0.185)
_DENSE: Final = 0.45  # attenuation that a film of full gain shows white
_FOREARM: Final = 1.3  # length of forearm in the picture, in units


@dataclass(frozen=True, slots=True)
class Phantom:
    """A synthetic radiograph of one upright hand in PA view (a left hand's thumb is at the right).

    Attributes:
        pixels: float32, shape (height, width), 0…1, bones bright.
        points: (x, y) of each of `sharp_cli.joints.POINTS`, in pixels.
        side: Left or right.
        spacing: Size of a pixel in mm, the same both ways.
        ground: Value of the film where nothing is in the beam.
        noise: Standard deviation of the noise.
        lesions: Grade of each lesion, by finding and joint; joints not named are intact.
    """

    pixels: NDArray[np.float32]
    points: Mapping[str, tuple[float, float]]
    side: Side
    spacing: float
    ground: float
    noise: float
    lesions: Mapping[tuple[Finding, str], int] = field(default_factory=dict)


def draw(
    seed: int,
    *,
    side: Side,
    lesions: Mapping[tuple[Finding, str], int] | None = None,
    phalanx: float | None = None,
    young: bool | None = None,
    noise: float | None = None,
) -> Phantom:
    """Draw a hand; the same arguments always give the same picture.

    Lesions change nothing but the surroundings of their joints: the same seed without them is the
    same hand before the disease.

    Args:
        seed: What everything random follows from.
        side: Left or right; those of one seed are one person's, alike but not mirror images.
        lesions: SHS grade by finding and joint name; None for an intact hand.
        phalanx: Median proximal phalanx in pixels; None for 230 to 310.
        young: Whether the growth plates are open; None for 40 % of hands.
        noise: Standard deviation of the film's noise; None for 0.003 to 0.012.

    Raises:
        ValueError: A lesion names no joint scored for it, or a grade out of range.
    """
    lesions = _checked(lesions or {})
    patient = np.random.default_rng(seed)
    hand = np.random.default_rng([seed, SIDES.index(side)])
    is_young = bool(patient.random() < _YOUNG) if young is None else young
    maturity = _maturity(is_young, patient)
    low, high = _YOUNG_PHALANX_MM if is_young else _PHALANX_MM
    millimetres = patient.uniform(low, high)
    chosen = patient.uniform(230, 310), patient.uniform(0.003, 0.012)
    unit = chosen[0] if phalanx is None else phalanx
    sigma = chosen[1] if noise is None else noise
    exposure = _exposure(patient)
    shape = draw_shape(patient, hand)

    signal, points = _expose(shape, maturity, exposure, unit, hand)
    signal = _implant(signal, points, unit, lesions, (seed, SIDES.index(side)))
    grain = hand.standard_normal(signal.shape, dtype=np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.55)
    pixels = np.clip(signal + np.float32(sigma / 0.55) * grain, 0.0, 1.0).astype(np.float32)
    placed = {name: (float(x), float(y)) for name, (x, y) in points.items()}
    phantom = Phantom(pixels, placed, "left", millimetres / unit, exposure.ground, sigma, lesions)
    return phantom if side == "left" else _mirrored(phantom)


def random_phantom(rng: np.random.Generator) -> Phantom:
    """A random intact hand of a random side, for training."""
    return draw(int(rng.integers(2**31)), side=SIDES[int(rng.integers(2))])


def _checked(
    lesions: Mapping[tuple[Finding, str], int],
) -> Mapping[tuple[Finding, str], int]:
    scored = {(target.finding, target.joint) for target in TARGETS}
    for key, grade in lesions.items():
        if key not in scored or grade not in GRADES[key[0]]:
            message = f"{key} with grade {grade}: no such lesion"
            raise ValueError(message)
    return {key: grade for key, grade in lesions.items() if grade > 0}


def _maturity(young: bool, rng: np.random.Generator) -> Maturity:  # noqa: FBT001
    if young:
        age = rng.uniform(0.0, 1.0)  # 0: wide plates, 1: about to close
        return Maturity(
            plate=0.034 - 0.02 * age,
            scar=0.0,
            carpal=0.86 + 0.11 * age,
            width=rng.uniform(0.92, 1.02),
            cortex=rng.uniform(0.65, 0.95),
            marrow=rng.uniform(0.75, 1.05),
        )
    return Maturity(
        plate=0.0,
        scar=rng.uniform(0.0, 1.0),
        carpal=rng.uniform(0.98, 1.04),
        width=rng.uniform(0.94, 1.1),
        cortex=rng.uniform(0.6, 1.15),
        marrow=rng.uniform(0.7, 1.25),
    )


@dataclass(frozen=True, slots=True)
class _Exposure:
    """How a patient's films come out: tissue, unsharpness, scatter and the film's curve."""

    soft: float
    blur: float
    scatter: float
    ground: float
    contrast: float
    gamma: float
    gain: float


def _exposure(rng: np.random.Generator) -> _Exposure:
    return _Exposure(
        soft=SOFT * rng.uniform(0.75, 1.3),
        blur=rng.uniform(0.5, 1.2) / 270,
        scatter=rng.uniform(0.0, 0.2),
        ground=max(0.0, rng.uniform(-0.08, 0.12)),
        contrast=rng.uniform(0.8, 3.0),
        gamma=rng.uniform(0.75, 1.6),
        gain=rng.uniform(0.55, 1.05),
    )


def _expose(
    shape: Shape, maturity: Maturity, exposure: _Exposure, unit: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], dict[str, Array]]:
    """The noise-free picture and the points in its pixels."""
    cut = _WRIST_END + _FOREARM
    extent = np.vstack([shape.landmarks, carry(shape, ((-0.75, cut), (0.55, cut)))])
    corner = extent.min(axis=0) - _BORDER
    reach = extent.max(axis=0) + np.array([_BORDER, 0.0])
    reach[1] = float(extent[-2:, 1].min())
    size = (int((reach[0] - corner[0]) * unit), int((reach[1] - corner[1]) * unit))

    def place(places: Array) -> Array:
        return np.asarray((places - corner) * unit, dtype=np.float64)

    def move(bone: Bone) -> Bone:
        return replace(
            bone,
            outline=place(bone.outline),
            base=place(bone.base),
            head=place(bone.head),
            plates=tuple(place(line) for line in bone.plates),
            scars=tuple(place(line) for line in bone.scars),
        )

    skeleton = [*finger_bones(shape, maturity, rng), *wrist_bones(shape, maturity, rng)]
    hard = bone_attenuation(
        [move(bone) for bone in skeleton],
        size,
        Tissue(unit, maturity.plate, maturity.scar, trabeculae(rng)),
    )
    chains, hull = _envelope(shape, rng)
    soft = soft_thickness(
        [(place(places), radii * unit) for places, radii in chains], place(hull), size, unit=unit
    )
    clouds = rng.standard_normal((12, 9)).astype(np.float32)
    soft *= 1.0 + 0.05 * cv2.resize(clouds, size, interpolation=cv2.INTER_CUBIC)
    attenuation = hard + exposure.soft * soft
    # Unsharpness of focus and detector, then scatter: a share of the light lost to all around.
    blurred = cv2.GaussianBlur(attenuation, (0, 0), exposure.blur * unit)
    small = cv2.resize(blurred, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    veil = cv2.resize(cv2.GaussianBlur(small, (0, 0), unit / 8 * 0.35), size)
    seen = blurred + exposure.scatter * (veil - 0.5 * blurred)
    points = {name: place(xy) for name, xy in shape.points.items()}
    return _develop(seen, exposure, rng), points


def _develop(
    attenuation: NDArray[np.float32], exposure: _Exposure, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Film values 0…1: a shoulder, a gamma, and a heel gradient over the field."""
    dense = np.exp(-exposure.contrast * np.maximum(attenuation, 0.0))
    white = 1.0 - np.exp(-exposure.contrast * _DENSE)
    answer = ((1.0 - dense) / white) ** exposure.gamma
    height, width = attenuation.shape
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    tilt = rng.uniform(-0.15, 0.15, 2)
    gain = exposure.gain * (1.0 + tilt[0] * x + tilt[1] * y) * (1.0 - exposure.ground)
    return np.asarray(np.clip(exposure.ground + gain * answer, 0.0, 1.0), dtype=np.float32)


def _envelope(shape: Shape, rng: np.random.Generator) -> tuple[list[tuple[Array, Array]], Array]:
    """Limbs of soft tissue (places, half widths) and the palm's polygon, in units."""
    marks = shape.landmarks
    plump = float(rng.uniform(0.9, 1.12))
    chains: list[tuple[Array, Array]] = []
    for numbers, scale in (
        ((17, 18, 19, 20), 1.12),
        ((21, 22, 23, 24), 1.0),
        ((25, 26, 27, 28), 1.0),
        ((29, 30, 31, 32), 0.94),
        ((33, 34, 35, 36), 0.84),
    ):
        places = marks[list(numbers)].copy()
        last = places[-1] - places[-2]
        places[-1] -= last / np.hypot(*last) * 0.03
        radii = np.array(_FINGER_RADII if numbers[0] in _KNUCKLES else _THUMB_RADII)
        chains.append((places, radii * scale * plump))
    mid = carry(shape, ((-0.12, 1.35), (-0.13, 1.75), (-0.13, 2.05), (-0.14, 2.6), (-0.16, 4.2)))
    chains.append((mid, np.array([0.72, 0.68, 0.69, 0.68, 0.82]) * (0.3 + 0.7 * plump)))
    out = 0.24 * plump
    palm = np.stack(
        [
            marks[21] + [0.02 + out, -0.1],
            marks[25] + [0.0, -0.32],
            marks[29] + [-0.05, -0.25],
            marks[33] + [-out, 0.0],
            *carry(shape, ((-0.86, 0.95), (-0.78, 1.45), (0.62, 1.5), (0.95, 1.0))),
            0.8 * marks[18] + 0.2 * marks[17],
            0.44 * (marks[18] + marks[21]) + 0.12 * marks[17],
        ]
    )
    return chains, palm


def _implant(
    signal: NDArray[np.float32],
    points: Mapping[str, Array],
    unit: float,
    lesions: Mapping[tuple[Finding, str], int],
    seeds: tuple[int, int],
) -> NDArray[np.float32]:
    """Put lesions in; each joint is drawn at the common scale, changed, and its change added."""
    if not lesions:
        return signal
    scale = unit / COMMON_PHALANX
    height, width = signal.shape
    for number, target in enumerate(TARGETS):
        grade = lesions.get((target.finding, target.joint), 0)
        if grade == 0:
            continue
        x, y = points[target.joint]
        columns, rows = target.box
        to_image: Affine = similarity(
            scale=scale, x=x - scale * (columns - 1) / 2, y=y - scale * (rows - 1) / 2
        )
        patch = sample(signal, to_image, target.box)
        # A generator a joint: a lesion looks the same whatever there is beside it.
        rng = np.random.default_rng([*seeds, 1 + number])
        changed = implant(patch, target.finding, grade, rng, joint=target.joint)
        change = (changed - patch) * _window(target.box)
        signal = signal + sample(change.astype(np.float32), to_image.inverse(), (width, height))
    return np.clip(signal, 0.0, 1.0).astype(np.float32)


def _window(size: tuple[int, int]) -> NDArray[np.float32]:
    """1 in the middle, falling to 0 over the outer tenth of a box."""
    ramps = [np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.1 * n), 0, 1) for n in size]
    return np.asarray(np.outer(ramps[1], ramps[0]), dtype=np.float32)


def _mirrored(phantom: Phantom) -> Phantom:
    width = phantom.pixels.shape[1]
    return replace(
        phantom,
        pixels=np.ascontiguousarray(phantom.pixels[:, ::-1]),
        points={name: (width - 1 - x, y) for name, (x, y) in phantom.points.items()},
        side="right" if phantom.side == "left" else "left",
    )
