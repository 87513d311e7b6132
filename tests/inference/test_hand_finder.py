"""Finding hands: geometry of the answer, sides, warnings, and the bundled network on phantoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sharp_cli.bundles.store import open_bundle, write_bundle
from sharp_cli.core.errors import NoHandError
from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.records import Radiograph
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference import hand_finder
from sharp_cli.inference.hand_finder import (
    INPUT,
    OFFSET_UNIT,
    OUTPUTS,
    STRIDE,
    Candidate,
    HandFinder,
)
from sharp_cli.synthetic.phantom import generate_hand

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side

CELLS = INPUT // STRIDE


VIEWS = hand_finder.views


@pytest.fixture(autouse=True)
def _numbered_views(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Every view shows its number, for the network of `finder_that_sees`."""
    if "bundled" in request.fixturenames:
        return
    shape = (hand_finder.CHANNELS, INPUT, INPUT)
    numbered = np.stack([np.full(shape, number, np.float32) for number in range(8)])
    monkeypatch.setattr(hand_finder, "views", lambda _: numbered)


def frame(x: float, y: float, *, degrees: float = 0.0, mirror: bool = False) -> Affine:
    return similarity(scale=0.06, degrees=degrees, mirror=mirror, x=x, y=y)


def perfect_answers(frames: Sequence[tuple[Affine, float]]) -> NDArray[np.float32]:
    """What a perfect network says to the eight views of hands with frames and scores."""
    answers = np.zeros((8, OUTPUTS, CELLS, CELLS), np.float32)
    answers[:, :2] = -20
    centres = np.arange(CELLS) * STRIDE + (STRIDE - 1) / 2
    grid = np.stack(np.meshgrid(centres, centres), axis=-1)
    edge = INPUT - 1.0
    for view in range(8):
        mirrored, turns = divmod(view, 4)
        move = Affine(-1.0, 0.0, edge, 0.0, 1.0, 0.0) if mirrored else similarity()
        for _ in range(turns):  # counter-clockwise as seen
            move = Affine(0.0, 1.0, 0.0, -1.0, 0.0, edge).after(move)
        nearest = np.full((CELLS, CELLS), np.inf)
        for hand, score in frames:
            seen = move.after(hand)
            squared = ((grid - (seen.c, seen.f)) ** 2).sum(axis=-1)
            offsets = (seen(TEMPLATE)[:, :, None, None] - grid.transpose(2, 0, 1)) / OFFSET_UNIT
            mine = squared < nearest
            answers[view, 2:][:, mine] = offsets.reshape(-1, CELLS, CELLS)[:, mine]
            nearest = np.minimum(nearest, squared)
            chance = np.clip(score * np.exp(-squared / (2 * 12**2)), 1e-8, 1 - 1e-8)
            logit = np.log(chance / (1 - chance))
            answers[view, int(seen.mirrors)] = np.maximum(answers[view, int(seen.mirrors)], logit)
    return answers


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("degrees", [0, 37, 90, 180, 251])
def test_merged_answers_give_the_hand_back(degrees: float, *, mirror: bool) -> None:
    expected = frame(101.3, 142.8, degrees=degrees, mirror=mirror)
    (found,) = hand_finder.decode(
        *hand_finder.merge(dict(enumerate(perfect_answers([(expected, 0.9)])))), 0.3
    )
    assert found.mirrored is mirror
    assert found.agreement > 0.99
    np.testing.assert_allclose(found.points, expected(TEMPLATE), atol=1e-3)
    np.testing.assert_allclose(found.frame.matrix, expected.matrix, atol=1e-3)


def test_views_are_turned_counter_clockwise_then_mirrored() -> None:
    picture = np.zeros((1, INPUT, INPUT), np.float32)
    picture[0, 10, 200] = 1.0
    seen = [tuple(np.argwhere(view[0])[0]) for view in VIEWS(picture)]
    assert seen[:4] == [(10, 200), (55, 10), (245, 55), (200, 245)]
    assert seen[4:] == [(10, 55), (200, 10), (245, 200), (55, 245)]


@pytest.mark.parametrize("shape", [(300, 200), (100, 400), (64, 64), (1, 1)])
def test_letterbox_keeps_positions(shape: tuple[int, int]) -> None:
    pixels = np.zeros(shape, np.float32)
    boxed = hand_finder.letterbox(pixels)
    height, width = shape
    middle = boxed.to_image([(INPUT - 1) / 2, (INPUT - 1) / 2])
    np.testing.assert_allclose(middle, [(width - 1) / 2, (height - 1) / 2])
    assert boxed.inside.mean() == pytest.approx(min(shape) / max(shape), abs=0.02)


@pytest.mark.parametrize("aspect", [0.5, 1.25, 2.0])
def test_letterbox_shows_square_pixels(aspect: float, rng: np.random.Generator) -> None:
    smooth = cv2.GaussianBlur(rng.random((300, 400)).astype(np.float32), (0, 0), 6)
    plain = hand_finder.letterbox(smooth)
    stored = cv2.resize(smooth, (400, round(300 / aspect)), interpolation=cv2.INTER_AREA)
    boxed = hand_finder.letterbox(stored, aspect=aspect)
    np.testing.assert_allclose(boxed.inside, plain.inside)
    np.testing.assert_allclose(boxed.view[40:-40], plain.view[40:-40], atol=0.02)


def test_normalise_does_not_depend_on_exposure(rng: np.random.Generator) -> None:
    view = rng.random((INPUT, INPUT)).astype(np.float32)
    inside = np.ones(view.shape, np.bool_)
    inside[:, :40] = False
    once = hand_finder.normalise(view, inside)
    np.testing.assert_allclose(hand_finder.normalise(0.3 + 0.1 * view, inside), once, atol=0.01)
    assert not once[:, ~inside].any()
    assert np.isfinite(hand_finder.normalise(np.full_like(view, 0.5), inside)).all()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def finder_that_sees(frames: Sequence[tuple[Affine, float]], folder: Path) -> HandFinder:
    """A finder whose network gives `perfect_answers` to numbered views."""
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["views", "all"], ["number"], keepdims=0),
            helper.make_node("Cast", ["number"], ["index"], to=onnx.TensorProto.INT64),
            helper.make_node("Gather", ["constant", "index"], ["answers"]),
        ],
        "stub",
        [helper.make_tensor_value_info("views", kind, [1, hand_finder.CHANNELS, INPUT, INPUT])],
        [helper.make_tensor_value_info("answers", kind, [1, OUTPUTS, CELLS, CELLS])],
        [
            numpy_helper.from_array(np.array([1, 2, 3]), "all"),
            numpy_helper.from_array(perfect_answers(frames), "constant"),
        ],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), folder / "hands.onnx")
    meta = {
        "name": "stub", "version": "0", "kind": "hands", "validated_on_patients": False,
        "threshold": 0.3,
    }  # fmt: skip
    write_bundle(folder, meta, ["hands.onnx"])
    return HandFinder(open_bundle("hands", folder), threads=1)


def radiograph(pixels: NDArray[np.float32] | None = None, side: Side | None = None) -> Radiograph:
    empty = np.zeros((INPUT, INPUT), np.float32)
    return Radiograph("a.dcm", empty if pixels is None else pixels, None, side, ())


@pytest.mark.parametrize("mirror", [False, True])
def test_one_hand_by_anatomy(tmp_path: Path, *, mirror: bool) -> None:
    expected = frame(120, 130, degrees=20, mirror=mirror)
    (hand,), warnings = finder_that_sees([(expected, 0.9)], tmp_path).find(radiograph())
    assert hand.side == ("right" if mirror else "left")
    assert hand.side_source == "anatomy"
    assert 0.5 < hand.score <= 1
    assert not warnings
    np.testing.assert_allclose(hand.to_image.matrix, expected.matrix, atol=1e-2)


def test_frame_is_in_the_pixels_of_the_file(tmp_path: Path) -> None:
    finder = finder_that_sees([(frame(127.5, 127.5), 0.9)], tmp_path)
    (hand,), _ = finder.find(radiograph(np.zeros((1024, 512), np.float32)))
    assert hand.to_image.scale == pytest.approx(4 * 0.06, rel=1e-3)
    np.testing.assert_allclose(hand.to_image([0, 0]), [255.5, 511.5], atol=0.1)


def test_all_hands_are_given_by_their_anatomy(tmp_path: Path) -> None:
    seen = [
        (frame(50, 60, mirror=True), 0.9), (frame(200, 60), 0.8), (frame(120, 200), 0.5),
    ]  # fmt: skip
    found, warnings = finder_that_sees(seen, tmp_path).find(radiograph(side="left"))
    assert [(hand.side, hand.side_source) for hand in found] == [
        ("right", "anatomy"), ("left", "anatomy"), ("left", "anatomy"),
    ]  # fmt: skip
    assert not warnings


def test_one_hand_is_not_found_twice() -> None:
    seen = [(frame(120, 120), 0.9), (frame(140, 140), 0.8)]
    assert (
        len(hand_finder.decode(*hand_finder.merge(dict(enumerate(perfect_answers(seen)))), 0.3))
        == 1
    )


def test_unsure_side_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finder = finder_that_sees([(frame(120, 120), 0.9)], tmp_path)
    unsure = Candidate(frame(120, 120)(TEMPLATE), mirrored=False, score=0.9, agreement=0.55)
    monkeypatch.setattr(finder, "candidates", lambda *_: ([unsure], similarity()))
    _, (warning,) = finder.find(radiograph())
    assert "may be of the other side" in warning


def test_no_hand_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(NoHandError, match=r"a\.dcm: no hand found"):
        finder_that_sees([], tmp_path).find(radiograph())


@pytest.fixture(scope="module")
def bundled() -> HandFinder:
    return HandFinder(open_bundle("hands"), threads=2)


@pytest.mark.parametrize("side", ["left", "right"])
def test_bundled_network_finds_a_phantom_any_way_round(bundled: HandFinder, side: Side) -> None:
    phantom = generate_hand(3, side=side, phalanx=120.0)
    height, width = phantom.pixels.shape
    # Counter-clockwise quarter turns of pixel positions.
    turn = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    pixels = phantom.pixels
    points = np.array(list(phantom.points.values()))
    for _ in range(4):
        (hand,), _ = bundled.find(radiograph(np.ascontiguousarray(pixels)))
        assert hand.side == side
        near = hand.to_image(TEMPLATE) - turn(points)
        assert np.median(np.hypot(*near.T)) < 0.25 * 120
        pixels = np.rot90(pixels)
        turn = Affine(0.0, 1.0, 0.0, -1.0, 0.0, width - 1.0).after(turn)
        height, width = width, height


@pytest.mark.parametrize("kind", ["constant", "noise", "checks", "gradient"])
def test_bundled_network_finds_no_hand_where_there_is_none(
    bundled: HandFinder, kind: str, rng: np.random.Generator
) -> None:
    y, x = np.indices((400, 300))
    pictures = {
        "constant": np.full((400, 300), 0.5),
        "noise": rng.random((400, 300)),
        "checks": (x // 40 + y // 40) % 2,
        "gradient": x / 300,
    }
    with pytest.raises(NoHandError):
        bundled.find(radiograph(pictures[kind].astype(np.float32)))
