"""The perturbed pictures: what they show, and that their maps say where it lies."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.synthetic.perturbations import LENGTH, PERTURBATIONS, Perturbation, shrink, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.core.geometry import Affine

WIDTH, HEIGHT = 480, 560
UPRIGHT = similarity(scale=0.25, degrees=4, x=240, y=270)
PALM = [(0, 60), (-150, -40), (110, -120)]  # where no perturbation cuts or covers anything
BY_KIND: dict[str, dict[str, Perturbation]] = defaultdict(dict)
for one in PERTURBATIONS:
    BY_KIND[one.kind][one.severity] = one

every_perturbation = pytest.mark.parametrize(
    "perturbation", PERTURBATIONS, ids=lambda one: f"{one.kind}-{one.severity}"
)


def radiograph(frame: Affine = UPRIGHT) -> NDArray[np.float32]:
    """Clouds with a hand of spots."""
    rng = np.random.default_rng(3)
    clouds = cv2.resize(rng.random((7, 6)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    pixels: NDArray[np.float32] = np.clip(0.2 + 0.2 * clouds, 0, 1).astype(np.float32)
    for place in frame(TEMPLATE):
        cv2.circle(pixels, np.rint(place).astype(int).tolist(), 9, 0.6, -1)
    return pixels


def made(
    perturbation: Perturbation, pixels: NDArray[np.float32], *frames: Affine
) -> tuple[NDArray[np.float32], Affine]:
    hands = [frame(TEMPLATE) for frame in frames or (UPRIGHT,)]
    return perturbation.apply(pixels, hands, np.random.default_rng(1))


@every_perturbation
def test_a_picture_stays_one_and_is_the_same_each_time(perturbation: Perturbation) -> None:
    pixels = radiograph()
    before = pixels.copy()
    perturbed, move = made(perturbation, pixels)
    assert perturbed.dtype == np.float32
    assert perturbed.ndim == 2
    assert perturbed.min() >= 0
    assert perturbed.max() <= 1
    assert np.array_equal(pixels, before)
    again, move_again = made(perturbation, pixels)
    assert np.array_equal(again, perturbed)
    assert move_again == move


def test_sampling_does_not_round_beyond_white() -> None:
    white = np.full((1733, 1391), 1.0, np.float32)
    small, _ = shrink(white)
    assert small.max() == 1
    for perturbation in PERTURBATIONS:
        assert made(perturbation, small)[0].max() <= 1, perturbation


@every_perturbation
@pytest.mark.parametrize("place", PALM)
def test_what_is_at_a_point_is_at_its_mapped_point(
    perturbation: Perturbation, place: tuple[float, float]
) -> None:
    without, spot = radiograph(), UPRIGHT(place)
    pixels = without.copy()
    cv2.circle(pixels, np.rint(spot).astype(int).tolist(), 7, 1.0, -1)
    spot = np.rint(spot)
    perturbed, move = made(perturbation, pixels)
    difference = np.abs(perturbed - made(perturbation, without)[0]) ** 2
    rows, columns = np.indices(perturbed.shape)
    centre = np.array([(columns * difference).sum(), (rows * difference).sum()])
    gap = np.hypot(*(centre / difference.sum() - move(spot)))
    assert gap < 0.5 + 0.5 * move.scale


def test_every_perturbation_has_a_name_of_its_own() -> None:
    assert len(
        {(perturbation.kind, perturbation.severity) for perturbation in PERTURBATIONS}
    ) == len(PERTURBATIONS)


@pytest.mark.parametrize("kind", ["contrast", "noise", "blur", "JPEG", "depth"])
def test_severities_grow(kind: str) -> None:
    pixels = radiograph()
    off = [
        np.abs(made(perturbation, pixels)[0] - pixels).mean()
        for perturbation in BY_KIND[kind].values()
    ]
    assert off == sorted(off)
    assert off[0] < off[-1] / 1.5


def test_gray_values() -> None:
    pixels = np.linspace(0, 1, 4096, dtype=np.float32)[None].repeat(4, axis=0)
    for severity, levels in (("12 bit", 4096), ("8 bit", 256), ("6 bit", 64), ("4 bit", 16)):
        assert len(np.unique(made(BY_KIND["depth"][severity], pixels)[0])) == levels
    low, _ = made(BY_KIND["contrast"]["× 0.05"], pixels)
    assert np.ptp(low) == pytest.approx(0.05, abs=1 / 255)
    assert low.mean() == pytest.approx(0.5, abs=1 / 255)
    assert len(np.unique(low)) < 16
    dark, _ = made(BY_KIND["gamma"]["2.5"], pixels)
    assert dark[0, 2048] == pytest.approx(pixels[0, 2048] ** 2.5)


def test_noise_has_the_spread_it_says() -> None:
    pixels = np.full((200, 200), 0.5, np.float32)
    noisy, _ = made(BY_KIND["noise"]["sd 5 % of the range"], pixels)
    assert noisy.std() == pytest.approx(0.05, rel=0.05)


def test_blur_is_as_wide_as_the_hand_is_long() -> None:
    perturbation = BY_KIND["blur"]["sd 2 % of the hand"]
    step = np.zeros((HEIGHT, WIDTH), np.float32)
    step[:, WIDTH // 2 :] = 1
    for scale in (0.1, 0.2):
        blurred, _ = made(perturbation, step, similarity(scale=scale, x=240, y=270))
        profile = np.diff(blurred[HEIGHT // 2])
        at = np.arange(profile.size)
        spread = np.sqrt((profile * at**2).sum() - (profile * at).sum() ** 2)
        assert spread == pytest.approx(0.02 * LENGTH * scale, rel=0.05)


def test_sizes() -> None:
    shapes = {
        severity: made(perturbation, radiograph())[0].shape
        for severity, perturbation in BY_KIND["scale"].items()
    }
    assert shapes == {
        "× 2": (1120, 960), "× 0.5": (280, 240), "× 0.25": (140, 120), "× 0.1": (56, 48),
    }  # fmt: skip
    white, move = made(BY_KIND["white border"]["25 % of the width"], radiograph())
    assert white.shape == (HEIGHT + 240, WIDTH + 240)
    assert (white[:120] == 1).all()
    assert (white[:, -120:] == 1).all()
    assert move((0, 0)).tolist() == [120, 120]
    assert (made(BY_KIND["black border"]["10 % of the width"], radiograph())[0][:, :48] == 0).all()


def test_turns_go_round_and_hold_all_of_the_radiograph() -> None:
    turns = BY_KIND["turn"]
    assert list(turns) == [f"{degrees}°" for degrees in range(0, 360, 30)]
    assert np.array_equal(made(turns["0°"], radiograph())[0], radiograph())
    assert np.array_equal(made(turns["90°"], radiograph())[0], np.rot90(radiograph()))
    corners = np.array([(0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH - 1, HEIGHT - 1)])
    for perturbation in turns.values():
        perturbed, move = made(perturbation, radiograph())
        assert not move.mirrors
        at = move(corners)
        assert at.min() >= -1
        assert (at <= np.array(perturbed.shape[::-1])).all()


def test_the_mirror_alone_mirrors() -> None:
    assert [
        perturbation.kind
        for perturbation in PERTURBATIONS
        if made(perturbation, radiograph())[1].mirrors
    ] == ["mirror"]
    (perturbation,) = BY_KIND["mirror"].values()
    assert np.array_equal(made(perturbation, radiograph())[0], radiograph()[:, ::-1])


@pytest.mark.parametrize("kind", ["letter on the wrist", "wire ring on the wrist"])
@pytest.mark.parametrize("mirror", [False, True])
def test_things_cover_their_share_of_the_wrist(kind: str, *, mirror: bool) -> None:
    frame = similarity(scale=0.25, mirror=mirror, x=240, y=270)
    wrist = frame(TEMPLATE)[[POINTS.index(name) for name in POINTS if not name[-1:].isdigit()]]
    low, high = wrist.min(axis=0) - 45, wrist.max(axis=0) + 45
    # The box reaches from the radius or ulna to the CMC joints.
    area = (frame.scale**2) * (152 + 316) * (725 - 339)
    for fraction, perturbation in zip((0.1, 0.2, 0.4), BY_KIND[kind].values(), strict=True):
        pixels = radiograph(frame)
        perturbed, _ = made(perturbation, pixels, frame)
        rows, columns = np.nonzero(perturbed != pixels)
        # A letter's black lines are part of its block.
        assert rows.size == pytest.approx(fraction * area, rel=0.12)
        assert low[0] <= columns.min() <= columns.max() <= high[0]
        assert low[1] <= rows.min() <= rows.max() <= high[1]
        assert perturbed.max() == 1


def test_letters_lie_anywhere_on_the_wrist() -> None:
    perturbation = BY_KIND["letter on the wrist"]["10 % of it"]
    hands = [UPRIGHT(TEMPLATE)]
    blocks = [
        perturbation.apply(radiograph(), hands, np.random.default_rng(seed))[0] == 1
        for seed in range(5)
    ]
    assert len({tuple(np.argwhere(block)[0]) for block in blocks}) > 2


def visible(perturbation: Perturbation, *frames: Affine) -> list[set[str]]:
    """The points that a perturbed radiograph still shows, hand by hand."""
    perturbed, move = made(perturbation, radiograph(frames[0]), *frames)
    size = np.array(perturbed.shape[::-1])
    seen = []
    for frame in frames:
        places = np.rint(move(frame(TEMPLATE)))
        seen.append(
            {
                name
                for name, place in zip(POINTS, places, strict=True)
                if ((place >= 0) & (place < size)).all()
            }
        )
    return seen


@pytest.mark.parametrize("degrees", [0, 20, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_cuts_go_across_the_hand_however_it_lies(degrees: float, *, mirror: bool) -> None:
    frame = similarity(scale=0.2, degrees=degrees, mirror=mirror, x=240, y=270)
    half, whole = BY_KIND["forearm cut off"].values()
    tips, pips = BY_KIND["two fingers cut off"].values()
    assert visible(half, frame) == visible(whole, frame) == visible(tips, frame) == [set(POINTS)]
    (left,) = visible(pips, frame)
    assert len(set(POINTS) - left) == 1
    assert (set(POINTS) - left) < {"PIP2", "PIP3", "PIP4"}


def test_cuts_are_where_they_say() -> None:
    frame = similarity(scale=0.25, x=240, y=270)
    _, whole = BY_KIND["forearm cut off"].values()
    shapes = [
        made(perturbation, radiograph(), frame)[0].shape
        for perturbation in BY_KIND["forearm cut off"].values()
    ]
    wrist = frame((0, 725))[1]  # the radius
    assert shapes[1] == (round(wrist) + 1, WIDTH)
    assert shapes[0][0] == pytest.approx((wrist + HEIGHT) / 2, abs=1)
    perturbed, move = made(BY_KIND["two fingers cut off"]["tips"], radiograph(), frame)
    assert perturbed.shape[1] == WIDTH
    # The index finger is the second longest: 0.8 of (-665 - -282) beyond its PIP joint.
    assert -move.f == pytest.approx(frame((0, -665 - 0.8 * 383))[1], abs=1)
    assert made(whole, radiograph(), similarity(scale=0.25, x=240, y=500))[0].shape == (
        HEIGHT,
        WIDTH,
    )


def test_no_hand_of_two_loses_more_than_the_cut_says() -> None:
    left = similarity(scale=0.14, x=120, y=240)
    right = similarity(scale=0.14, mirror=True, x=360, y=300)
    for perturbation in BY_KIND["forearm cut off"].values():
        assert visible(perturbation, left, right) == [set(POINTS)] * 2
    upper, lower = visible(BY_KIND["two fingers cut off"]["at PIP"], left, right)
    assert set(POINTS) - upper == {"PIP3"}
    assert lower == set(POINTS)


@every_perturbation
def test_points_that_are_not_known_are_guessed(perturbation: Perturbation) -> None:
    points = UPRIGHT(TEMPLATE)
    gaps = points.copy()
    gaps[[POINTS.index(name) for name in ("radius", "PIP2", "lunate")]] = np.nan
    perturbed, move = perturbation.apply(radiograph(), [points], np.random.default_rng(1))
    guessed, move_guessed = perturbation.apply(radiograph(), [gaps], np.random.default_rng(1))
    assert guessed.shape == perturbed.shape
    assert np.abs(move_guessed.matrix - move.matrix).max() < 1e-6
    assert np.abs(guessed - perturbed).mean() < 0.01


def test_shrinking_and_turning_come_with_their_maps() -> None:
    pixels = np.zeros((2048, 1600), np.float32)
    pixels[1000:1020, 700:720] = 1
    small, to_small = shrink(pixels)
    assert small.shape == (1024, 800)
    assert np.argwhere(small > 0.5).mean(axis=0) == pytest.approx(to_small((709.5, 1009.5))[::-1])
    around, move = turned(small, 45, mirror=True)
    assert move.mirrors
    expected = move.after(to_small)((709.5, 1009.5))[::-1]
    assert np.argwhere(around > 0.5).mean(axis=0) == pytest.approx(expected, abs=0.6)
