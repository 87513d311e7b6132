"""One phantom hand: shape, bones, soft tissue, exposure, and lesions where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.joints import GRADES, SIDES, TARGET_OF, Finding, Side
from sharp_cli.synthetic.phantom.bone import Bone, Maturity
from sharp_cli.synthetic.phantom.damage import damaged, eroded_bones
from sharp_cli.synthetic.phantom.exposure import blur_and_scatter, develop, draw_exposure, noise_of
from sharp_cli.synthetic.phantom.fingers import finger_bones
from sharp_cli.synthetic.phantom.render import bone_attenuation, spongiosa
from sharp_cli.synthetic.phantom.shape import Shape, carry, draw_shape
from sharp_cli.synthetic.phantom.soft import SOFT, soft_tissue
from sharp_cli.synthetic.phantom.spaces import set_spaces
from sharp_cli.synthetic.phantom.wrist import wrist_bones

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Picture = NDArray[np.float32]

_PHALANX_MM: Final = (36.0, 46.0)  # median proximal phalanx of adults, with its joint spaces
_YOUNG_PHALANX_MM: Final = (26.0, 40.0)
_YOUNG: Final = 0.4  # fraction of hands with open growth plates
_BORDER: Final = 0.35  # free space around the fingers, in units
_WRIST_END: Final = 1.85  # where the radius ends in the frame of the mean hand
_FOREARM: Final = 1.3  # length of forearm in the picture, in units

# Streams of random numbers that follow from a seed.
_VISIT, _TISSUE, _LESION, _SPACE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Condition:
    """What age and disease do to a whole hand.

    Attributes:
        young: Whether growth plates are open; None for 40 % of persons.
        density: Of the bone relative to a healthy adult's, 0.5 in severe osteoporosis; None for
            anything from there to a little more than 1.
        drift: Ulnar drift of the fingers in degrees.
        subluxation: How far the proximal phalanges have slipped off their metacarpals, 0…1.
    """

    young: bool | None = None
    density: float | None = None
    drift: float = 0.0
    subluxation: float = 0.0


@dataclass(frozen=True, slots=True)
class Phantom:
    """A synthetic radiograph of one upright hand in PA view (a left hand's thumb is at the right).

    Attributes:
        pixels: float32, shape (height, width), 0…1, bones bright.
        points: (x, y) of each of `sharp_cli.core.joints.POINTS`, in pixels.
        side: Left or right.
        spacing: Size of a pixel in mm, the same both ways.
        ground: Value of the picture where nothing is in the beam.
        noise: Standard deviation of the noise.
        lesions: Grade of each lesion, by finding and joint; joints not named are intact.
    """

    pixels: Picture
    points: Mapping[str, tuple[float, float]]
    side: Side
    spacing: float
    ground: float
    noise: float
    lesions: Mapping[tuple[Finding, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Person:
    """What never changes in a person.

    Attributes:
        phalanx: Median proximal phalanx in mm.
        maturity: Of the bones.
        soft: Attenuation of soft tissue.
        cartilage: Width of joint spaces relative to an adult's.
    """

    phalanx: float
    maturity: Maturity
    soft: float
    cartilage: float


def generate_hand(
    seed: int,
    *,
    side: Side,
    lesions: Mapping[tuple[Finding, str], int] | None = None,
    condition: Condition | None = None,
    visit: int = 0,
    phalanx: float | None = None,
    noise: float | None = None,
) -> Phantom:
    """Draw a hand; the same arguments always give the same picture.

    Lesions change nothing but the surroundings of their joints: the same seed without them is the
    same hand before the disease.

    Args:
        seed: The person: what everything random follows from.
        side: Left or right; those of one seed are one person's, alike but not mirror images.
        lesions: SHS grade by finding and joint name; None for an intact hand.
        condition: Age and disease of the whole hand; None for any age and no deformity.
        visit: The person's visits differ in posture, exposure and noise.
        phalanx: Median proximal phalanx in pixels; None for 230 to 310.
        noise: Standard deviation of the noise; None for 0.006 to 0.028.

    Raises:
        ValueError: A lesion names no joint scored for it, or a grade out of range.
    """
    lesions = _checked(lesions or {})
    condition = condition or Condition()
    person = _person(seed, condition)
    number = SIDES.index(side)
    of_visit = np.random.default_rng([seed, _VISIT, visit])
    chosen = of_visit.uniform(230, 310), of_visit.uniform(0.006, 0.028)
    unit = chosen[0] if phalanx is None else phalanx
    sigma = chosen[1] if noise is None else noise
    exposure = draw_exposure(of_visit)
    shape = draw_shape(
        np.random.default_rng([seed, _TISSUE]),
        np.random.default_rng([seed, _VISIT, visit, number]),
        drift=condition.drift,
    )
    tissue = np.random.default_rng([seed, _TISSUE, number])
    skeleton = [
        *finger_bones(shape, person.maturity, condition.subluxation, tissue),
        *wrist_bones(shape, person.maturity, tissue),
    ]
    corner, size = _extent(shape, unit)

    def place(places: Array) -> Array:
        return np.asarray((places - corner) * unit, dtype=np.float64)

    skeleton = set_spaces(
        skeleton,
        shape.points,
        {joint: grade for (finding, joint), grade in lesions.items() if finding == "jsn"},
        cartilage=person.cartilage,
        seeds=(seed, _SPACE, number),
    )
    layers = bone_attenuation(
        [_placed(bone, place) for bone in skeleton],
        size,
        unit,
        spongiosa((seed, _TISSUE, len(SIDES))),
        separate=eroded_bones(lesions),
    )
    points = {name: place(xy) for name, xy in shape.points.items()}
    hard = damaged(layers, points, unit, lesions, (seed, _LESION, number))
    soft = person.soft * soft_tissue(shape, place, size, unit, tissue)
    incoming = blur_and_scatter(hard + soft, exposure, unit)
    signal = develop(incoming, exposure, unit, of_visit)
    grain = np.random.default_rng([seed, _VISIT, visit, number, 0])
    pixels = np.clip(signal + noise_of(signal, sigma, exposure.grain, grain), 0.0, 1.0)
    placed = {name: (float(x), float(y)) for name, (x, y) in points.items()}
    spacing = person.phalanx / unit
    phantom = Phantom(
        pixels.astype(np.float32), placed, "left", spacing, exposure.ground, sigma, lesions
    )
    return phantom if side == "left" else _mirrored(phantom)


def random_phantom(rng: np.random.Generator) -> Phantom:
    """A random intact hand of a random side, for training."""
    return generate_hand(int(rng.integers(2**31)), side=SIDES[int(rng.integers(2))])


def phalanx_mm(seed: int, condition: Condition) -> float:
    """Median length in mm of the proximal phalanges of a person of `generate_hand`."""
    return _person(seed, condition).phalanx


def _checked(
    lesions: Mapping[tuple[Finding, str], int],
) -> Mapping[tuple[Finding, str], int]:
    for key, grade in lesions.items():
        if key not in TARGET_OF or grade not in GRADES[key[0]]:
            message = f"{key} with grade {grade}: no such lesion"
            raise ValueError(message)
    return {key: grade for key, grade in lesions.items() if grade > 0}


def _person(seed: int, condition: Condition) -> _Person:
    rng = np.random.default_rng(seed)
    drawn, stage = bool(rng.random() < _YOUNG), float(rng.uniform(0.0, 1.0))
    density = float(rng.uniform(0.6, 1.15))
    young = drawn if condition.young is None else condition.young
    low, high = _YOUNG_PHALANX_MM if young else _PHALANX_MM
    density = density if condition.density is None else condition.density
    maturity = Maturity(
        stage=stage if young else 1.0,
        scar=1.0 if young else float(rng.uniform(0.0, 0.6)),
        carpal=0.92 + 0.08 * stage if young else float(rng.uniform(0.98, 1.04)),
        width=float(rng.uniform(0.92, 1.05) if young else rng.uniform(1.0, 1.14)),
        cortex=density * float(rng.uniform(0.85, 1.1)),
        marrow=density * float(rng.uniform(0.8, 1.15)),
    )
    return _Person(
        phalanx=float(rng.uniform(low, high)),
        maturity=maturity,
        soft=SOFT * float(rng.uniform(1.0, 1.9)),
        cartilage=1.0 + 0.5 * (1.0 - maturity.stage),
    )


def _extent(shape: Shape, unit: float) -> tuple[Array, tuple[int, int]]:
    """The top left corner of a hand's picture in units, and its width and height in pixels."""
    cut = _WRIST_END + _FOREARM
    extent = np.vstack([shape.landmarks, carry(shape, ((-0.75, cut), (0.55, cut)))])
    corner = extent.min(axis=0) - _BORDER
    reach = extent.max(axis=0) + np.array([_BORDER, 0.0])
    reach[1] = float(extent[-2:, 1].min())
    return corner, (int((reach[0] - corner[0]) * unit), int((reach[1] - corner[1]) * unit))


def _placed(bone: Bone, place: Callable[[Array], Array]) -> Bone:
    return replace(
        bone,
        outline=place(bone.outline),
        base=place(bone.base),
        head=place(bone.head),
        plates=tuple((width, place(line)) for width, line in bone.plates),
        ridges=tuple(replace(ridge, line=place(ridge.line)) for ridge in bone.ridges),
    )


def _mirrored(phantom: Phantom) -> Phantom:
    width = phantom.pixels.shape[1]
    return replace(
        phantom,
        pixels=np.ascontiguousarray(phantom.pixels[:, ::-1]),
        points={name: (width - 1 - x, y) for name, (x, y) in phantom.points.items()},
        side="right" if phantom.side == "left" else "left",
    )
