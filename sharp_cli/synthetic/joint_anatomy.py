"""Where bones' edges and the joint space are in the patch of a joint.

A place in a patch is (x, y) in mm from its centre, y downwards, in the canonical view (fingers up,
thumb to the right). A mm is 10 pixels at the common scale (see `joints.COMMON_PHALANX`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import BOXES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_PIXELS_PER_MM: Final = 10.0

_COARSE: Final = 4.0
"""Pixels per mm of the coarse picture in which the anatomy is looked for."""

_TARGET_SPREAD: Final = 9.0  # mm, standard deviation of the targets of sites
_NEAR: Final = 3.0  # mm, within which an edge is near its target

_LINE_ANGLES: Final[dict[str, tuple[float, float]]] = {
    "IP": (-40, 25), "MCP1": (-40, 25), "CMC1": (-50, 25),
    "PIP2": (-8, 20), "PIP3": (0, 15), "PIP4": (8, 20), "PIP5": (28, 20),
    "MCP2": (-10, 15), "MCP3": (0, 15), "MCP4": (8, 15), "MCP5": (25, 20),
    "CMC3": (0, 25), "CMC4": (5, 25), "CMC5": (25, 30),
    "multangular-navicular": (-20, 35), "capitate-navicular-lunate": (10, 30),
    "radiocarpal": (10, 20),
}  # fmt: skip
"""Expected direction of the joint line in the canonical view, counter-clockwise as seen from the
horizontal, and how far from it to look, both in degrees; read off intact hands."""


@dataclass(frozen=True, slots=True)
class JointAnatomy:
    """A patch and the joint line found in it.

    Attributes:
        joint: Name of the joint.
        scale: Pixels per mm of the patch.
        size: Width and height of the patch.
        coarse: The patch, blurred, at `_COARSE` pixels per mm.
        degrees: Direction of the joint line, counter-clockwise as seen from the horizontal.
        offset: Distance in mm of the joint line from the centre, along the bones, distal positive.
    """

    joint: str
    scale: float
    size: tuple[int, int]
    coarse: Array
    degrees: float
    offset: float

    @property
    def has_line(self) -> bool:
        """Whether the point lies in a joint's space, and not in a bone."""
        return self.joint in _LINE_ANGLES

    @property
    def line(self) -> NDArray[np.float64]:
        """Unit vector (x, y) along the joint line, to the right."""
        angle = np.radians(self.degrees)
        return np.array([np.cos(angle), -np.sin(angle)])

    @property
    def across(self) -> NDArray[np.float64]:
        """Unit vector (x, y) along the bones, distally."""
        return turn_left(self.line)

    def grid(self) -> tuple[Array, Array]:
        """Places x of shape (1, W) and y of shape (H, 1) of the patch's pixels."""
        width, height = self.size
        x = (np.arange(width, dtype=np.float32) - (width - 1) / 2) / self.scale
        y = (np.arange(height, dtype=np.float32) - (height - 1) / 2) / self.scale
        return x[None], y[:, None]

    def tissue_levels(self) -> tuple[float, float]:
        """Brightness of soft tissue and of bone about the joint."""
        soft, bone = np.percentile(self.coarse[_radius(self.places()) < 7.5], [12, 85])
        return float(soft), float(bone)

    def places(self) -> NDArray[np.float64]:
        """Places (x, y) of the coarse picture's pixels, shape (h, w, 2)."""
        height, width = self.coarse.shape
        y, x = np.mgrid[:height, :width]
        return np.stack([x - (width - 1) / 2, y - (height - 1) / 2], axis=-1) / _COARSE

    def brightness(self, places: NDArray[np.float64]) -> Array:
        """Brightness of the blurred patch at places of shape (..., 2)."""
        height, width = self.coarse.shape
        at = np.asarray(places * _COARSE + [(width - 1) / 2, (height - 1) / 2], dtype=np.float32)
        flat = at.reshape(-1, 1, 2)
        found = cv2.remap(
            self.coarse, flat, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(found, dtype=np.float32).reshape(at.shape[:-1])


@dataclass(frozen=True, slots=True)
class Space:
    """A joint space, column by column along the joint line.

    Attributes:
        along: Position along the line in mm, shape (N,), even steps.
        middle: Its middle in mm across the line from the patch's centre, distal positive.
        half: Half its width in mm.
    """

    along: NDArray[np.float64]
    middle: NDArray[np.float64]
    half: NDArray[np.float64]


def turn_left(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """The vectors (x, y), y downwards, turned by 90° counter-clockwise as seen."""
    return np.stack([vector[..., 1], -vector[..., 0]], axis=-1)


def _radius(places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(places[..., 0], places[..., 1]))


def rotated(vector: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """A vector (x, y), y downwards, turned counter-clockwise as seen by an angle in radians."""
    return np.asarray(np.cos(angle) * vector + np.sin(angle) * turn_left(vector))


def joint_kind(joint: str) -> str:
    """The name of a joint without the number of its ray, such as PIP."""
    return joint.rstrip("12345")


def bump(radius: NDArray[np.floating]) -> Array:
    """1 at 0, smoothly down to 0 at 1 and beyond."""
    return np.asarray(np.clip(1 - radius * radius, 0, 1) ** 2, dtype=np.float32)


def find_anatomy(pixels: NDArray[np.float32], joint: str) -> JointAnatomy:
    """Find the joint line of a patch.

    Args:
        pixels: Shape (H, W), 0 to 1, bones bright, as wide as the joint's box.
        joint: Name of the joint.

    Raises:
        UsageError: There is no such joint.
    """
    if joint not in BOXES:
        message = f"There is no joint {joint!r}; use one of {', '.join(BOXES)}."
        raise UsageError(message)
    height, width = pixels.shape
    scale = _PIXELS_PER_MM * width / BOXES[joint][0]
    size = (round(width / scale * _COARSE), round(height / scale * _COARSE))
    coarse = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    coarse = np.asarray(cv2.GaussianBlur(coarse, (0, 0), 0.25 * _COARSE), dtype=np.float32)
    anatomy = JointAnatomy(joint, scale, (width, height), coarse, 0.0, 0.0)
    if joint not in _LINE_ANGLES:
        return anatomy
    expected, reach = _LINE_ANGLES[joint]
    best = (-np.inf, anatomy)
    across = np.arange(-6, 6.01, 0.25)
    inner = np.flatnonzero(np.abs(across) <= 2.0)
    for degrees in np.linspace(expected - reach, expected + reach, 9):
        turned = replace(anatomy, degrees=float(degrees))
        profile = _straightened(turned, np.arange(-4, 4.01, 0.5), across).mean(axis=1)
        at = inner[np.argmin(profile[inner] + 0.01 * np.abs(across[inner]))]
        walls = min(profile[at : at + 14].max(), profile[max(at - 14, 0) : at + 1].max())
        score = (walls - profile[at]) * (1 - 0.3 * ((degrees - expected) / reach) ** 2)
        if score > best[0]:
            best = (score, replace(turned, offset=float(across[at])))
    return best[1]


def _straightened(
    anatomy: JointAnatomy, along: NDArray[np.float64], across: NDArray[np.float64]
) -> Array:
    """The coarse patch in the joint line's frame: rows across the line, columns along it."""
    return anatomy.brightness(
        along[None, :, None] * anatomy.line + across[:, None, None] * anatomy.across
    )


def joint_space(anatomy: JointAnatomy) -> Space:
    """Trace the dark line of the joint space and its two walls.

    A wall is where the brightness is half-way from the line's to the brightest within 3 mm.
    """
    along = np.arange(-6.5, 6.51, 0.25)
    across = np.arange(-7, 7.01, 0.125) + anatomy.offset
    view = _straightened(anatomy, along, across)
    inside = np.abs(across - anatomy.offset) <= 3
    contrast = float(np.ptp(view)) + 1e-6
    cost = view[inside] / contrast + 0.02 * (across[inside, None] - anatomy.offset) ** 2
    # The cheapest path from the middle outwards to each side, at most 2 steps a column.
    middle = len(along) // 2
    path = np.zeros(len(along), dtype=np.intp)
    path[middle] = np.argmin(cost[:, middle - 4 : middle + 5].mean(axis=1))
    for columns in (range(middle + 1, len(along)), range(middle - 1, -1, -1)):
        row = int(path[middle])
        for column in columns:
            low = max(row - 2, 0)
            near = cost[low : row + 3, column]
            row = low + int(np.argmin(near + 0.01 * np.abs(np.arange(low, low + len(near)) - row)))
            path[column] = row
    rows = path + int(np.argmax(inside))
    steps = np.arange(25)  # 3 mm
    walls = []
    for sign in (1, -1):
        ray = view[np.clip(rows + sign * steps[:, None], 0, len(across) - 1), np.arange(len(along))]
        half_way = (ray[0] + ray.max(axis=0)) / 2
        walls.append(np.argmax(ray >= half_way, axis=0) * 0.125)
    distal, proximal = (_smoothed(wall) for wall in walls)
    centre = _smoothed(across[rows]) + (distal - proximal) / 2
    return Space(along, centre, np.maximum((distal + proximal) / 2, 0.15))


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running median, then running mean, of 3 mm each."""
    padded = np.pad(values, 6, mode="edge")
    median = np.median(np.lib.stride_tricks.sliding_window_view(padded, 13), axis=-1)
    return np.convolve(np.pad(median, 6, mode="edge"), np.full(13, 1 / 13), mode="valid")


@dataclass(frozen=True, slots=True)
class EdgeSite:
    """A place on a bone's edge.

    Attributes:
        position: (x, y) in mm.
        outwards: Unit vector from the bone into soft tissue.
        soft: Brightness of the soft tissue there.
    """

    position: NDArray[np.float64]
    outwards: NDArray[np.float64]
    soft: float


def edge_sites(
    anatomy: JointAnatomy, rng: np.random.Generator, count: int, *, anywhere: bool = False
) -> list[EdgeSite]:
    """Choose sites on the bones' edges at the joint's margin, likelier where erosions start.

    A target is drawn blindly, and the best edge near it taken: the same generator chooses alike in
    pictures of one joint that differ a little.

    Args:
        anatomy: The patch.
        rng: Decides.
        count: How many; none are returned where the picture has no edge.
        anywhere: Whether the joint surface counts as much as its margin.
    """
    dx = cv2.Sobel(anatomy.coarse, cv2.CV_32F, 1, 0)
    dy = cv2.Sobel(anatomy.coarse, cv2.CV_32F, 0, 1)
    steep = np.hypot(dx, dy)
    places = anatomy.places()
    outwards = np.stack([-dx, -dy], axis=-1) / np.maximum(steep, 1e-6)[..., None]
    prior = _prior(anatomy, places, outwards, anywhere=anywhere)
    ok = np.flatnonzero(prior.ravel() > 0.02)
    if len(ok) == 0:
        return []
    places, outwards = places.reshape(-1, 2)[ok], outwards.reshape(-1, 2)[ok].astype(np.float64)
    # Open soft tissue outside and bone inside: a growth plate's slit fails on the first.
    outside = np.stack([anatomy.brightness(places + step * outwards) for step in (0.8, 1.3, 1.8)])
    inside = np.stack([anatomy.brightness(places - step * outwards) for step in (0.6, 1.2)])
    soft, bone = anatomy.tissue_levels()
    drop = np.maximum(inside.mean(axis=0) - outside.max(axis=0), 0)
    drop *= inside.min(axis=0) > soft + 0.3 * (bone - soft)  # the skin's edge is not a bone's
    weight = drop**3 * steep.ravel()[ok] * prior.ravel()[ok] + 1e-12
    floor = float(np.percentile(anatomy.coarse[prior > 0.02], 3))
    chosen: list[EdgeSite] = []
    for _ in range(count):
        target = rng.normal(0.0, _TARGET_SPREAD, 2)
        squared = ((places - target) ** 2).sum(axis=1)
        index = int(np.argmax(np.log(weight) - squared / (2 * _NEAR**2)))
        place = places[index]
        chosen.append(
            EdgeSite(place, outwards[index], max(float(outside[:2, index].mean()), floor))
        )
        weight = weight * (np.hypot(*(places - place).T) > 2.5) + 1e-15
    return chosen


def _prior(
    anatomy: JointAnatomy,
    places: NDArray[np.float64],
    outwards: NDArray[np.float64],
    *,
    anywhere: bool,
) -> NDArray[np.float64]:
    """How likely an erosion starts at a place whose edge faces `outwards`, 0 to 1."""
    if anatomy.joint in ("multangular", "navicular", "lunate"):  # anywhere on the bone's rim
        radius = _radius(places)
        facing = (places * outwards).sum(axis=-1) / np.maximum(radius, 1e-6)
        return np.asarray(np.exp(-(((radius - 6) / 2) ** 2)) * (facing > 0.5))
    if anatomy.joint in ("radius", "ulna"):  # the distal end: styloids, corners, joint surface
        reach = 12 if anatomy.joint == "radius" else 7.5
        x, y = places[..., 0], places[..., 1]
        facing = np.maximum(-outwards[..., 1], 0.6 * np.abs(outwards[..., 0]))
        near = (np.abs(x) < reach) * np.exp(-(((y + 4.5) / 2.5) ** 2))
        return np.asarray(near * np.maximum(facing, 0))
    s = places @ anatomy.line
    t = places @ anatomy.across - anatomy.offset
    sideways = np.abs(outwards @ anatomy.line) * (np.sign(outwards @ anatomy.line) == np.sign(s))
    # The head's bare area reaches further from the joint line than the base's.
    margin = np.where(t > 0, np.exp(-(((t - 1.8) / 1.3) ** 2)), np.exp(-(((t + 3) / 1.8) ** 2)))
    if anywhere:
        return np.asarray(
            margin * (np.abs(s) < 9) * (np.hypot(outwards[..., 0], outwards[..., 1]) > 0)
        )
    bare = (np.abs(s) > 3) & (np.abs(s) < 10.5) & (sideways > 0.35)
    return np.asarray(margin * bare * sideways)


def inside_bone(
    anatomy: JointAnatomy, rng: np.random.Generator, margin: float
) -> NDArray[np.float64]:
    """A place near the joint, at least about `margin` mm of bone around it."""
    reach = 2 * round(margin * _COARSE) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    darkest = cv2.erode(anatomy.coarse, kernel)
    places = anatomy.places()
    near = _radius(places) < 9
    floor = np.percentile(darkest[near], 70)
    index = rng.choice(np.flatnonzero(near & (darkest >= floor)))
    return np.asarray(places.reshape(-1, 2)[index], dtype=np.float64)
