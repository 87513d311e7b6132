"""Phantoms: the same for the same seed, their points where they are said to be, lesions local."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest

from sharp_cli.geometry import sample, similarity
from sharp_cli.joints import COMMON_PHALANX, POINTS, SIDES, TARGETS, phalanx_length
from sharp_cli.phantom import Condition, Phantom, draw, film, random_phantom
from sharp_cli.phantom.fit_shapes import align, place_points
from sharp_cli.phantom.shape import LANDMARK_OF_POINT, Warp, draw_shape, mean_landmarks

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from sharp_cli.joints import Finding, Side

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALL = 120.0  # pixels of a proximal phalanx: quick to draw


def hand(seed: int = 5, side: Side = "left", **condition: Any) -> Phantom:
    return draw(seed, side=side, condition=Condition(**condition), phalanx=SMALL, noise=0.0)


@pytest.mark.parametrize("side", SIDES)
def test_same_seed_same_hand(side: Side) -> None:
    first, second = draw(3, side=side, phalanx=SMALL), draw(3, side=side, phalanx=SMALL)
    assert np.array_equal(first.pixels, second.pixels)
    assert first.points == second.points
    assert not np.array_equal(first.pixels, draw(4, side=side, phalanx=SMALL).pixels)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", SIDES)
def test_points_are_in_the_picture(seed: int, side: Side) -> None:
    phantom = hand(seed, side)
    height, width = phantom.pixels.shape
    assert phantom.pixels.dtype == np.float32
    assert 0.0 <= phantom.pixels.min() < phantom.pixels.max() <= 1.0
    assert set(phantom.points) == set(POINTS)
    for x, y in phantom.points.values():
        assert 0 < x < width - 1
        assert 0 < y < height - 1


@pytest.mark.parametrize("side", SIDES)
def test_hand_is_upright_with_its_thumb_on_its_side(side: Side) -> None:
    points = hand(side=side).points
    assert points["PIP3"][1] < points["MCP3"][1] < points["radius"][1]
    assert (points["IP"][0] > points["PIP5"][0]) == (side == "left")


@pytest.mark.parametrize("seed", range(4))
def test_phalanx_is_as_long_as_asked_and_as_a_persons(seed: int) -> None:
    phantom = hand(seed)
    length = phalanx_length(phantom.points)
    assert length == pytest.approx(SMALL, rel=1e-6)
    assert 25 < length * phantom.spacing < 47


def test_hands_of_a_person_are_alike_but_not_mirror_images() -> None:
    def layout(phantom: Phantom) -> NDArray[np.float64]:
        places = np.array([phantom.points[name] for name in POINTS])
        if phantom.side == "right":
            places[:, 0] *= -1
        return np.asarray((places - places.mean(axis=0)) / SMALL, dtype=np.float64)

    same = np.abs(layout(hand(8, "left")) - layout(hand(8, "right"))).max()
    others = [np.abs(layout(hand(8, "left")) - layout(hand(n, "right"))).max() for n in range(8)]
    assert 0.01 < same < float(np.median(others))


def test_joints_are_darker_than_the_bones_beside_them() -> None:
    differences = []
    for seed in range(4):
        phantom = hand(seed, young=False)
        for finger in range(2, 6):
            pip, mcp = (np.array(phantom.points[f"{name}{finger}"]) for name in ("PIP", "MCP"))
            along = (mcp - pip) / np.hypot(*(mcp - pip))
            inside = [pip + along * SMALL * 0.12, mcp - along * SMALL * 0.12]
            spots = [*inside, pip, mcp]
            values = [phantom.pixels[round(y), round(x)] for x, y in spots]
            differences += [values[0] - values[2], values[1] - values[3]]
    assert np.mean(np.array(differences) > 0) > 0.9


def test_growth_plates_and_noise_are_drawn_when_asked_for() -> None:
    assert not np.array_equal(hand(young=True).pixels, hand(young=False).pixels)
    quiet = hand()
    noisy = draw(5, side="left", phalanx=SMALL, noise=0.01)
    assert np.std((noisy.pixels - quiet.pixels)[quiet.pixels > 0.1]) == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("finding", "joint"), [("erosion", "MCP3"), ("jsn", "PIP2")])
def test_lesion_changes_its_joint_only(side: Side, finding: Finding, joint: str) -> None:
    before = hand(side=side)
    after = draw(5, side=side, lesions={(finding, joint): 3}, phalanx=SMALL, noise=0.0)
    assert after.points == before.points
    assert after.lesions == {(finding, joint): 3}
    change = np.abs(after.pixels - before.pixels)
    assert change.max() > 0.02
    box = next(t.box for t in TARGETS if (t.finding, t.joint) == (finding, joint))
    reach = max(box) / 2 * SMALL / COMMON_PHALANX + 2
    height, width = change.shape
    x, y = before.points[joint]
    rows, columns = np.ogrid[:height, :width]
    away = (np.abs(columns - x) > reach) | (np.abs(rows - y) > reach)
    # Scatter and the film's processing carry a trace of it further.
    assert change[away].max() < 0.1 * change.max()
    assert change[away].mean() < 0.001


def test_grade_0_is_intact_and_unknown_lesions_are_refused() -> None:
    assert np.array_equal(
        draw(5, side="left", lesions={("jsn", "MCP2"): 0}, phalanx=SMALL, noise=0.0).pixels,
        hand().pixels,
    )
    with pytest.raises(ValueError, match="no such lesion"):
        draw(5, side="left", lesions={("jsn", "IP"): 1})
    with pytest.raises(ValueError, match="no such lesion"):
        draw(5, side="left", lesions={("jsn", "PIP2"): 5})


def test_random_phantoms_follow_their_generator() -> None:
    phantoms = [random_phantom(np.random.default_rng(1)) for _ in range(2)]
    assert np.array_equal(phantoms[0].pixels, phantoms[1].pixels)
    assert phantoms[0].lesions == {}


@pytest.mark.parametrize("seed", range(4))
def test_film_keeps_points_on_their_joints(seed: int) -> None:
    hands = [hand(seed, side) for side in SIDES]
    made = film(hands, np.random.default_rng(seed))
    assert made.sides == SIDES
    height, width = made.pixels.shape
    assert 0.0 <= made.pixels.min() < made.pixels.max() <= 1.0
    for phantom, points, to_film in zip(hands, made.points, made.to_film, strict=True):
        assert set(points) == set(POINTS)
        for name, xy in points.items():
            assert np.allclose(to_film(phantom.points[name]), xy)
            assert 0 < xy[0] < width - 1
            assert 0 < xy[1] < height - 1
        # What surrounds a joint on the film is what surrounds it in the hand's own picture.
        for name in ("PIP3", "MCP5", "lunate"):
            x, y = phantom.points[name]
            view = similarity(x=x - 15, y=y - 15)
            own = sample(phantom.pixels, view, (31, 31))
            filmed = sample(made.pixels, to_film.after(view), (31, 31))
            assert np.corrcoef(own.ravel(), filmed.ravel())[0, 1] > 0.97


def test_film_lays_the_first_hand_on_the_left() -> None:
    hands = [hand(1, "right"), hand(2, "left")]
    made = film(hands, np.random.default_rng(0))
    assert made.sides == ("right", "left")
    assert made.points[0]["MCP3"][0] < made.points[1]["MCP3"][0]
    assert made.spacing == hands[0].spacing


def test_film_of_one_hand() -> None:
    made = film([hand()], np.random.default_rng(0))
    assert len(made.points) == 1
    assert phalanx_length(made.points[0]) == pytest.approx(SMALL, rel=1e-6)


def test_warp_is_exact_at_its_points() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.random((8, 2)), rng.random((8, 2))
    assert np.allclose(Warp(source, target)(source), target)


def test_fit_recovers_shapes_and_points() -> None:
    mean = mean_landmarks()
    rng = np.random.default_rng(0)
    turned = np.stack([
        similarity(scale=200 + 5 * n, degrees=n - 5, x=300, y=400)(mean) for n in range(10)
    ])  # fmt: skip
    fitted, aligned = align(turned + rng.normal(0, 0.5, turned.shape))
    assert np.abs(fitted - aligned).max() < 0.02
    points = draw_shape(rng, rng).points
    mirrored = {name: (500 - 100 * float(x), 100 * float(y)) for name, (x, y) in points.items()}
    placed = place_points(mean, [mirrored])
    for name, landmark in LANDMARK_OF_POINT.items():
        assert np.allclose(placed[name], mean[landmark], atol=1e-6)
    assert np.allclose(placed["lunate"], (-0.13, 1.69), atol=0.25)


@pytest.fixture(scope="module")
def make_examples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_examples_are_what_their_script_makes(make_examples: ModuleType, tmp_path: Path) -> None:
    runs = tmp_path / "first", tmp_path / "second"
    for run in runs:
        run.mkdir()
        make_examples.main(run)
    assert (runs[0] / "truth.csv").read_bytes() == (EXAMPLES / "truth.csv").read_bytes()
    for name in ("two-hands.dcm", "left.dcm", "right.dcm"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes()
        made, kept = pydicom.dcmread(runs[0] / name), pydicom.dcmread(EXAMPLES / name)
        # Another processor's arithmetic may round a few pixels differently.
        difference = made.pixel_array.astype(int) - kept.pixel_array
        assert np.mean(np.abs(difference) > 1) < 0.01
        del made.PixelData, kept.PixelData
        assert made == kept
        assert "SYNTHETIC" in str(kept.PatientID)
    assert sum(file.stat().st_size for file in EXAMPLES.iterdir()) < 3e6
