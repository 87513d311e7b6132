"""Synthetic lesions: put an erosion or a narrowed joint space into a patch of an intact joint.

Lengths are in mm, 0.1 mm a pixel at the common scale; patches of any size are taken, their width
being that of the joint's box.
The grades are those of the modified Sharp/van der Heijde score (van der Heijde, J Rheumatol
2000;27:261-3); what a grade means in mm here is a choice, made by eye on intact joints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.errors import UsageError
from sharp_cli.synthetic.joint_anatomy import (
    bump,
    edge_sites,
    inside_bone,
    joint_space,
    look,
    turn_left,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.synthetic.joint_anatomy import Scene

    Array = NDArray[np.float32]

GRADES: Final[dict[Finding, range]] = {"erosion": range(1, 6), "jsn": range(1, 5)}
"""The grades of a non-intact joint."""

NORMAL_GAP: Final = {"IP": 1.1, "PIP": 1.1, "MCP": 1.6, "CMC": 1.3}
"""Width of an adult's joint space in mm, by kind of joint."""

NORMAL_WRIST_GAP: Final = 1.7
"""The same in the wrist. In children part of the gap is cartilage that has yet to
turn into bone: that excess goes first, and the loss is counted from the adult's width."""

LEFT_OF_GAP: Final = {1: (0.6, 0.78), 2: (0.5, 0.62), 3: (0.12, 0.42), 4: (0.0, 0.06)}
"""Share of the joint space left over, by grade of JSN: from, to."""

_DEPTHS: Final = {1: (1.1, 1.7), 2: (1.7, 2.8), 3: (2.8, 6.5), 4: (3.5, 6.5), 5: (4.5, 7.0)}
"""Depth of the largest erosion in mm, by grade: from, to. A metacarpal's middle is at about 6."""

_SIZES: Final = {"IP": 0.85, "PIP": 0.8, "radius": 1.3}
"""Depth of erosions in bones smaller or larger than a metacarpal's head, as a multiple."""

_ROUGH: Final = ((0.22, 5), (0.1, 11), (0.06, 23))
"""How ragged an erosion's outline is: shares of its radius, and the waves across it."""

_COUNTS: Final = {1: (1, 1), 2: (1, 2), 3: (1, 3), 4: (2, 4), 5: (4, 6)}
"""Number of erosions, by grade: from, to."""


def implant(
    pixels: NDArray[np.float32],
    finding: Finding,
    grade: int,
    seed: int | np.random.Generator,
    *,
    joint: str,
) -> NDArray[np.float32]:
    """A copy of a patch of an intact joint with a lesion of one grade put into it.

    Args:
        pixels: The patch in the canonical view, the joint's point at its centre, its width being
            that of the joint's box: shape (H, W), 0 to 1, bones bright.
        finding: `erosion` (loss of bone at the joint's margin) or `jsn` (bone ends drawn together).
        grade: SHS grade, 1 to 5 for erosion, 1 to 4 for JSN.
        seed: Decides place, shape and extent: a number, or a generator to go on with.
        joint: Name of the joint.

    Returns:
        float32, shape (H, W), 0 to 1.

    Raises:
        UsageError: There is no such joint, or no such grade of the finding.
    """
    rng = np.random.default_rng(seed)
    # Of the erosions' places: they stay where they are as the disease goes on.
    places = np.random.default_rng(rng.integers(2**32))
    scene = look(pixels, joint)
    if grade not in GRADES[finding]:
        grades = ", ".join(str(known) for known in GRADES[finding])
        message = f"Grade {grade} of {finding} cannot be put into a patch; use one of {grades}."
        raise UsageError(message)
    shift = _restless(scene, rng)
    if finding == "jsn":
        return _narrow(pixels, scene, grade, rng, shift)
    if grade == max(GRADES["erosion"]) and scene.has_line:  # bone ends that collapse come closer
        warped = _narrow(pixels, scene, int(rng.integers(2, 4)), rng, shift)
    else:
        warped = _warp(pixels, scene, shift)
    return _erode(warped, look(warped, joint), grade, rng, places)


def decoy(
    pixels: NDArray[np.float32], seed: int | np.random.Generator, *, joint: str
) -> NDArray[np.float32]:
    """A copy of a patch of an intact joint with harmless look-alikes, and just as much processed.

    The joint is shifted by a smooth warp, its space as wide as before; each of a cyst inside the
    bone, a bony spur, a vessel's channel and a patch of other brightness comes by chance.

    Args:
        pixels: As for `implant`.
        seed: As for `implant`.
        joint: Name of the joint.

    Returns:
        float32, shape (H, W), 0 to 1.

    Raises:
        UsageError: There is no such joint.
    """
    rng = np.random.default_rng(seed)
    scene = look(pixels, joint)
    x, y = scene.grid()
    size = rng.normal(0, 0.5)
    weight = bump(np.hypot(x, y) / 11)
    along = [np.float32(size * part) * weight for part in scene.across]
    shift = _restless(scene, rng)
    out = _warp(pixels, scene, (shift[0] + along[0], shift[1] + along[1]))
    scene = look(out, joint)
    soft, bone = scene.levels()
    for chance, change in ((0.35, _cyst), (0.3, _spur), (0.3, _channel)):
        if rng.random() < chance:
            out = change(out, scene, rng)
    if rng.random() < 0.5:
        place = rng.uniform(-8, 8, 2)
        spread = rng.uniform(2, 6)
        blob = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * spread**2))
        out = out + np.float32(rng.normal(0, 0.08) * (bone - soft)) * blob.astype(np.float32)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def _kind(joint: str) -> str:
    return joint.rstrip("12345")


def _noise(rng: np.random.Generator, cells: int, size: tuple[int, int]) -> Array:
    """Smooth noise of unit spread in `cells` x `cells` waves over `size` (width, height)."""
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _restless(scene: Scene, rng: np.random.Generator) -> tuple[Array, Array]:
    """A slight smooth warp, in mm, none at the border.

    Lesions and look-alikes both get it: a resampled patch must not be the sign of a lesion.
    """
    x, y = scene.grid()
    window = bump(np.abs(x / x[0, -1]) ** 2) * bump(np.abs(y / y[-1, 0]) ** 2)
    dx, dy = (np.float32(0.2) * _noise(rng, 4, scene.size) * window for _ in range(2))
    return dx, dy


def _warp(pixels: NDArray[np.float32], scene: Scene, shift: tuple[Array, Array]) -> Array:
    """Sample the patch `shift` mm away from each pixel."""
    x, y = scene.grid()
    width, height = scene.size
    map_x = (x + shift[0]) * np.float32(scene.scale) + np.float32((width - 1) / 2)
    map_y = (y + shift[1]) * np.float32(scene.scale) + np.float32((height - 1) / 2)
    out = cv2.remap(pixels, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def _narrow(
    pixels: NDArray[np.float32],
    scene: Scene,
    grade: int,
    rng: np.random.Generator,
    shift: tuple[Array, Array],
) -> Array:
    """Draw the bone ends together; fill the space where it is lost altogether."""
    space = joint_space(scene)
    normal = NORMAL_GAP.get(_kind(scene.joint), NORMAL_WRIST_GAP)
    left = np.full(len(space.along), rng.uniform(*LEFT_OF_GAP[grade]))
    slope = np.clip(space.along / rng.uniform(3, 6), -1, 1) * rng.choice([-1, 1])
    if grade == 1 and rng.random() < 0.5:  # focal: one side of the joint only
        left = 1 - (1 - left + 0.12) * (0.5 + 0.5 * slope)
    elif grade < max(GRADES["jsn"]):
        left = np.clip(left * (1 - 0.15 * slope), 0, 1)
    excess = np.maximum(space.half - normal / 2, 0)
    new_half = (space.half - excess) * left + excess * np.clip(3 * left - 2, 0, 1)
    x, y = scene.grid()
    line, across = scene.line.astype(np.float32), scene.across.astype(np.float32)
    s, t = x * line[0] + y * line[1], x * across[0] + y * across[1]
    columns = (s - np.float32(space.along[0])) * 4
    table = np.stack([space.half, new_half, space.middle], axis=-1).astype(np.float32)[None]
    zero = np.zeros_like(columns)
    found = cv2.remap(table, columns, zero, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    half, shut, middle = cv2.split(found)
    # The bones keep their shape near the joint, and stay where they are at the patch's border.
    aside = bump(np.clip((np.abs(s) - 6) / 6, 0, None))
    shut = half + (shut - half) * aside
    off = t - middle
    beyond = np.abs(off) - shut
    stretched = np.abs(off) * (half / np.maximum(shut, 0.02) - 1)
    pulled = np.where(beyond > 0, (half - shut) * bump(beyond / 10), stretched)
    pulled = np.minimum(pulled, half - shut) * np.sign(off)
    out = _warp(pixels, scene, (shift[0] + pulled * across[0], shift[1] + pulled * across[1]))
    # A space this narrow is no longer seen through by the whole beam.
    loss = np.clip(1 - shut / np.minimum(half, normal / 2), 0, 1)
    fused = grade == max(GRADES["jsn"]) and rng.random() < 0.6
    strength = 0.9 if fused else 0.45
    thickness = shut + (0.7 if fused else 0.25)
    veil = strength * loss**2 * aside * bump(off / (2 * thickness)) * bump(s / 9)
    wide = 2 * round(2 * scene.scale) + 1
    around = cv2.blur(out, (wide, wide))
    local = cv2.GaussianBlur(out, (0, 0), 0.25 * scene.scale)
    fill = around - local
    fill = fill if fused else np.maximum(fill, 0)
    seam = loss * bump(off / (2 * shut + 0.6))
    out = out + veil * fill + 0.5 * seam * (local - out)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def _erode(
    pixels: Array,
    scene: Scene,
    grade: int,
    rng: np.random.Generator,
    places: np.random.Generator,
) -> Array:
    """Carve erosions of one grade at the joint's margin, at what `places` chooses."""
    out = pixels
    low, high = _COUNTS[grade]
    size = _SIZES.get(_kind(scene.joint), 1.0)
    count = int(rng.integers(low, high + 1))
    sites = edge_sites(scene, places, count, anywhere=grade == max(GRADES["erosion"]))
    for order, site in enumerate(sites):
        depth = size * rng.uniform(*_DEPTHS[grade]) * (1 if order == 0 else rng.uniform(0.4, 0.85))
        width = depth * rng.uniform(0.55, 0.9)
        centre = site.place - site.outwards * depth * rng.uniform(0.2, 0.35)
        # Erosions seen from the front have bone before and behind them: they are faint.
        strength = min(rng.uniform(0.45, 0.9) + 0.03 * grade, 0.95)
        rim = rng.uniform(0.1, 0.4) if rng.random() < 0.35 else 0.0
        out = _carve(
            out,
            scene,
            rng,
            centre=centre,
            axis=_turned(site.outwards, rng.normal(0, 0.25)),
            radii=(depth * 0.75, width),
            soft=site.soft,
            strength=strength,
            rim=rim,
        )
    return out


def _turned(vector: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    return np.asarray(np.cos(angle) * vector + np.sin(angle) * turn_left(vector))


def _carve(
    pixels: Array,
    scene: Scene,
    rng: np.random.Generator,
    *,
    centre: NDArray[np.float64],
    axis: NDArray[np.float64],
    radii: tuple[float, float],
    soft: float,
    strength: float,
    rim: float,
) -> Array:
    """Take bone away in an irregular blob, down to the brightness `soft`.

    Args:
        pixels: The patch.
        scene: What was found in it.
        rng: Of the blob's outline.
        centre: Of the blob, in mm.
        axis: Unit vector of its first radius.
        radii: In mm.
        soft: Brightness of what is under the bone.
        strength: Share of the bone taken away.
        rim: Brightness of a sclerotic rim, as a share of the bone's over `soft`.
    """
    reach = max(radii) * 1.7 + 0.8
    width, height = scene.size
    middle = centre * scene.scale + [(width - 1) / 2, (height - 1) / 2]
    ends = np.stack([middle - reach * scene.scale, middle + reach * scene.scale])
    (left, top), (right, bottom) = np.clip(np.rint(ends).astype(int), 0, [width, height])
    if right - left < 2 or bottom - top < 2:
        return pixels
    x, y = scene.grid()
    dx, dy = x[:, left:right] - centre[0], y[top:bottom] - centre[1]
    first = (dx * axis[0] + dy * axis[1]) / radii[0]
    second = (dx * axis[1] - dy * axis[0]) / radii[1]
    size = (int(right - left), int(bottom - top))
    rough = sum(share * _noise(rng, cells, size) for share, cells in _ROUGH)
    depth = 1 - np.hypot(first, second) + rough  # 0 at the outline, positive inside
    # The bowl's wall slopes, and some bone in front of it and behind it is left.
    slope = np.clip(rng.uniform(0.3, 1.6) / min(radii), 0.2, 0.9)
    mask = np.clip(depth / slope + 0.3, 0, 1)
    mask = mask * mask * (3 - 2 * mask)
    mask = mask * np.clip(1 - 0.25 * np.abs(_noise(rng, 7, size)), 0.3, 1)
    view = pixels[top:bottom, left:right]
    # What is finer than bone's own structure is the film's noise, and stays.
    over = np.maximum(cv2.GaussianBlur(view, (0, 0), max(0.08 * scene.scale, 0.5)) - soft, 0)
    # Soft tissue beside the bone is a little brighter or darker than `soft`, and stays.
    threshold = 0.15 * float(np.percentile(over[::4, ::4], 90))
    change = -strength * mask * np.maximum(over - threshold, 0)
    if rim:
        # Sclerosis is nowhere a closed ring.
        uneven = np.clip(0.5 + 0.6 * _noise(rng, 4, size), 0, 1.3)
        change = change + rim * uneven * over * np.exp(-(((depth + 0.25) / 0.25) ** 2))
    out = pixels.copy()
    out[top:bottom, left:right] = np.clip(view + change, 0, 1)
    return out


def _cyst(pixels: Array, scene: Scene, rng: np.random.Generator) -> Array:
    """A small round hole with a thin rim, inside a bone, its cortex intact."""
    radius = rng.uniform(0.5, 1.3)
    place = inside_bone(scene, rng, radius + 1.2)
    dark, bright = scene.levels()
    soft = float(scene.level(place)) - (bright - dark) * rng.uniform(0.3, 0.6)
    return _carve(
        pixels,
        scene,
        rng,
        centre=place,
        axis=_turned(np.array([1.0, 0.0]), rng.uniform(0, np.pi)),
        radii=(radius, radius * rng.uniform(0.8, 1.0)),
        soft=soft,
        strength=rng.uniform(0.3, 0.7),
        rim=rng.uniform(0.05, 0.3),
    )


def _spur(pixels: Array, scene: Scene, rng: np.random.Generator) -> Array:
    """A bright spot on a bone's edge, as an osteophyte makes."""
    for site in edge_sites(scene, rng, 1):
        centre = site.place + site.outwards * rng.uniform(0.0, 0.6)
        bone = np.float32(scene.level(site.place - site.outwards * 1.2))
        first, second = _along(scene, centre, site.outwards)
        radius = np.hypot(first / rng.uniform(0.8, 1.8), second / rng.uniform(1.0, 2.2))
        gain = np.float32(rng.uniform(0.4, 0.9)) * np.maximum(bone - pixels, 0)
        return np.asarray(pixels + gain * bump(radius), dtype=np.float32)
    return pixels


def _channel(pixels: Array, scene: Scene, rng: np.random.Generator) -> Array:
    """A thin, slightly bent dark line in a bone, as a vessel's channel makes."""
    place = inside_bone(scene, rng, 1.5)
    axis = _turned(np.array([1.0, 0.0]), rng.uniform(0, np.pi))
    soft, bone = scene.levels()
    u, v = _along(scene, place, axis)
    v = v + u * u * np.float32(rng.normal(0, 0.08))
    line = np.exp(-((v / np.float32(rng.uniform(0.15, 0.3))) ** 2))
    line = line * bump(u / np.float32(rng.uniform(1.5, 3.5)))
    depth = np.float32((bone - soft) * rng.uniform(0.08, 0.25))
    return np.asarray(pixels - depth * line, dtype=np.float32)


def _along(
    scene: Scene, centre: NDArray[np.float64], axis: NDArray[np.float64]
) -> tuple[Array, Array]:
    """Position of each pixel along an axis through `centre`, and across it, in mm."""
    x, y = scene.grid()
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    ax, ay = np.float32(axis[0]), np.float32(axis[1])
    return dx * ax + dy * ay, dx * ay - dy * ax
