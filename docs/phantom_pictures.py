"""Make the pictures of docs/phantom.md, all of them from phantoms.

Run as `python docs/phantom_pictures.py [FOLDER]`; without FOLDER they go beside this script. With
`--beside IMAGES JOINTS.csv` as well, the sheet of hands is made a second time as `beside.jpg`, with
every second hand a real one: to look at, not to publish.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import fit_similarity, sample, similarity
from sharp_cli.core.joints import COMMON_PHALANX, GRADES, JOINT_GROUPS, POINTS, SIDES, TARGETS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.csv_file import read_annotations
from sharp_cli.radiograph import read
from sharp_cli.synthetic.lesions import implant
from sharp_cli.synthetic.look_alikes import add_look_alikes
from sharp_cli.synthetic.phantom import Condition, Phantom, generate_hand, make_radiograph

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side, Target

    Picture = NDArray[np.float32]
    Tile = NDArray[np.uint8]

_HANDS: Final = 24
_COLUMNS: Final = 6
_SEED: Final = 2022
_QUALITY: Final = 85
_TILE: Final = 220
_HAND_TILE: Final = (230, 300)

# One joint of each joint group.
_SHOWN: Final = {
    ("erosion", "PIP-IP"): "PIP3", ("erosion", "MCP"): "MCP2", ("erosion", "CMC-M"): "CMC1",
    ("erosion", "wrist"): "ulna", ("jsn", "PIP"): "PIP3", ("jsn", "MCP"): "MCP2",
    ("jsn", "CMC"): "CMC3", ("jsn", "wrist"): "radiocarpal",
}  # fmt: skip


def main() -> None:
    """Write `hands.jpg`, `lesions.jpg`, `implants.jpg` and `film.jpg`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--beside", nargs=2, type=Path, metavar=("IMAGES", "JOINTS"))
    options = parser.parse_args()
    phantoms = list(_phantoms())
    _write(options.folder / "hands.jpg", _sheet(phantoms, _COLUMNS))
    if options.beside:
        pairs = zip(_real(*options.beside), phantoms, strict=False)
        mixed = [tile for pair in pairs for tile in pair]
        _write(options.folder / "beside.jpg", _sheet(mixed, 2 * _COLUMNS))
    _write(options.folder / "lesions.jpg", _lesions())
    _write(options.folder / "implants.jpg", _implants())
    _write(options.folder / "film.jpg", _film())


def _write(path: Path, picture: Tile) -> None:
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


def _sheet(tiles: Sequence[Tile], columns: int) -> Tile:
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _stretched(picture: Picture) -> Tile:
    low, high = np.percentile(picture, (1.0, 99.5))
    return np.asarray(np.clip((picture - low) / (high - low), 0, 1) * 255, dtype=np.uint8)


def _hand_tile(pixels: Picture, positions: NDArray[np.float64], side: Side) -> Tile:
    """A hand in the canonical view."""
    known = np.isfinite(positions).all(axis=1)
    frame = fit_similarity(TEMPLATE[known], positions[known], mirror=side == "right")
    width, height = _HAND_TILE
    scale = 2500 / height
    view = similarity(scale=scale, x=60 - scale * width / 2, y=-100 - scale * height / 2)
    return _stretched(sample(pixels, frame.after(view), _HAND_TILE))


def _phantoms() -> Iterator[Tile]:
    """Hands of all ages and conditions, one on each radiograph."""
    for number in range(_HANDS):
        rng = np.random.default_rng([_SEED, number])
        young = number % 3 == 0
        worn = 0.0 if young else float(np.clip(rng.normal(0.2, 0.4), 0, 1))
        condition = Condition(young, None if young else 1.0 - 0.45 * worn, 25 * worn, worn)
        hand = generate_hand(_SEED + number, side=SIDES[number % 2], condition=condition)
        made = make_radiograph([hand], rng)
        places = np.array([made.points[0][name] for name in POINTS])
        yield _hand_tile(made.pixels, places, hand.side)


def _real(images: Path, joints: Path) -> Iterator[Tile]:
    hands = read_annotations(joints)
    for hand in hands[:: max(1, len(hands) // _HANDS)][:_HANDS]:
        yield _hand_tile(read(images / hand.image).pixels, hand.positions(), hand.side)


def _patch(hand: Phantom, target: Target) -> Picture:
    """The patch of a left hand's joint at the common scale."""
    width, height = target.box
    x, y = hand.points[target.joint]
    lengths = [
        np.hypot(*np.subtract(hand.points[f"PIP{i}"], hand.points[f"MCP{i}"])) for i in range(2, 6)
    ]
    scale = float(np.median(lengths)) / COMMON_PHALANX
    corner = similarity(scale=scale, x=x - scale * width / 2, y=y - scale * height / 2)
    return sample(hand.pixels, corner, target.box)


def _lesions() -> Tile:
    """A row for each joint group, a column for each grade; a row shows one person."""
    rows: list[Tile] = []
    for finding, group in JOINT_GROUPS:
        target = _target(finding, _SHOWN[finding, group])
        tiles = []
        for grade in GRADES["erosion"]:
            if grade not in GRADES[finding]:
                tiles.append(np.zeros((_TILE, _TILE), np.uint8))
                continue
            hand = generate_hand(
                _SEED + len(rows),
                side="left",
                lesions={(finding, target.joint): grade},
                condition=Condition(young=False, density=0.85),
                phalanx=COMMON_PHALANX,
            )
            tiles.append(_tile(_patch(hand, target)))
        rows.append(np.hstack(tiles))
    return np.vstack(rows)


def _implants() -> Tile:
    """Patches as they were, with look-alikes, and with synthetic lesions of two grades."""
    rows: list[Tile] = []
    for finding, group in JOINT_GROUPS:
        target = _target(finding, _SHOWN[finding, group])
        hand = generate_hand(_SEED + 50 + len(rows), side="left", phalanx=COMMON_PHALANX)
        before = _patch(hand, target)
        mild, severe = GRADES[finding][1], GRADES[finding][-2]
        after = [
            before,
            add_look_alikes(before, 1, joint=target.joint),
            implant(before, finding, mild, 1, joint=target.joint),
            implant(before, finding, severe, 1, joint=target.joint),
        ]
        rows.append(np.hstack([_tile(patch) for patch in after]))
    half = len(rows) // 2
    return np.hstack([np.vstack(rows[:half]), np.vstack(rows[half:])])


def _film() -> Tile:
    """Both hands of a person with long-standing disease on one radiograph."""
    condition = Condition(young=False, density=0.7, drift=14.0, subluxation=0.5)
    lesions = {(t.finding, t.joint): 1 + n % 3 for n, t in enumerate(TARGETS) if n % 3 == 0}
    hands = [
        generate_hand(_SEED, side=side, lesions=lesions, condition=condition, phalanx=250.0)
        for side in SIDES
    ]
    made = make_radiograph(hands, np.random.default_rng(_SEED), size=(2500, 2000))
    return _stretched(cv2.resize(made.pixels, (1250, 1000), interpolation=cv2.INTER_AREA))


def _target(finding: Finding, joint: str) -> Target:
    return next(t for t in TARGETS if (t.finding, t.joint) == (finding, joint))


def _tile(patch: Picture) -> Tile:
    return _stretched(cv2.resize(patch, (_TILE, _TILE), interpolation=cv2.INTER_AREA))


if __name__ == "__main__":
    main()
