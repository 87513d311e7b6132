"""Measuring the detection line on changed radiographs, with stand-ins that know the truth."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sharp_cli.core.errors import NoHandError
from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.records import Hand, Point, Radiograph
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.evaluation import robustness
from sharp_cli.evaluation.robustness import Robustness, measure_robustness
from sharp_cli.synthetic.perturbations import PERTURBATIONS, UNPERTURBED, Perturbation, turned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side

FRAMES: dict[Side, Affine] = {
    "left": similarity(scale=0.1, degrees=5, x=100, y=160),
    "right": similarity(scale=0.1, mirror=True, x=300, y=150),
}
SIZE = (400, 360)


def annotated(image: str = "a.png", *sides: Side) -> list[AnnotatedHand]:
    return [
        AnnotatedHand(
            image,
            side,
            {n: (x, y) for n, (x, y) in zip(POINTS, FRAMES[side](TEMPLATE).tolist(), strict=True)},
        )
        for side in sides or ("left", "right")
    ]


class Knowing:
    """Finder and detector in one: finds the hands of `FRAMES` wherever a change took them."""

    def __init__(self) -> None:
        self.move = similarity()
        self.off = similarity()  # of a hand's frame, in canonical coordinates
        self.detected_off = similarity()
        self.swapped = False
        self.blind = False
        self.missing: set[str] = set()
        self.sides_in_tags: set[Side | None] = set()

    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        self.sides_in_tags.add(radiograph.side)
        if self.blind:
            message = "no hand found"
            raise NoHandError(message)
        hands = []
        for side, frame in FRAMES.items():
            other: Side = "left" if side == "right" else "right"
            shown = other if self.swapped != self.move.mirrors else side
            to_image = self.move.after(frame).after(self.off)
            hands.append(Hand("a.png", shown, "anatomy", to_image, 0.9))
        return tuple(hands), ()

    def detect(self, _: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        places = hand.to_image.after(self.off.inverse()).after(self.detected_off)(TEMPLATE)
        return hand, tuple(
            Point(name, x, y, 0.9)
            for name, (x, y) in zip(POINTS, places.tolist(), strict=True)
            if name not in self.missing
        )


@pytest.fixture
def line() -> Knowing:
    return Knowing()


@pytest.fixture
def measure(
    line: Knowing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., list[Robustness]]:
    """Measure under some changes, by making `line` know what each of them does."""

    def call(
        *perturbations: Perturbation,
        truth: Sequence[AnnotatedHand] | None = None,
        on_progress: Callable[[str], None] = lambda _: None,
    ) -> list[Robustness]:
        size = {"from": SIZE}

        def spied(perturbation: Perturbation) -> Perturbation:
            def apply(
                pixels: NDArray[np.float32], hands: Any, rng: np.random.Generator
            ) -> tuple[NDArray[np.float32], Affine]:
                changed, move = perturbation.apply(pixels, hands, rng)
                scale = max(pixels.shape) / max(size["from"])
                half = (scale - 1) / 2
                line.move = move.after(Affine(scale, 0, half, 0, scale, half))
                return changed, move

            return replace(perturbation, apply=apply)

        def read(path: Path) -> Radiograph:
            pixels = np.random.default_rng(0).random(SIZE[::-1], dtype=np.float32)
            return Radiograph(str(path), pixels, None, "left", ())

        monkeypatch.setattr(robustness, "UNPERTURBED", spied(UNPERTURBED))
        monkeypatch.setattr(robustness, "PERTURBATIONS", tuple(map(spied, perturbations)))
        monkeypatch.setattr("sharp_cli.radiograph.read", read)
        hands = annotated() if truth is None else truth
        return measure_robustness(line, [(line, hands)], tmp_path, on_progress=on_progress)  # type: ignore[arg-type,list-item]

    return call


def test_a_perfect_line_finds_everything_under_every_perturbation(
    measure: Callable[..., list[Robustness]], line: Knowing
) -> None:
    reported: list[str] = []
    first, *rows = measure(*PERTURBATIONS, on_progress=reported.append)
    assert reported == ["a.png"]
    assert line.sides_in_tags == {None}
    assert (first.change, first.severity) == ("as it is", "")
    assert [(row.change, row.severity) for row in rows] == [
        (one.kind, one.severity) for one in PERTURBATIONS
    ]
    for row in (first, *rows):
        assert (row.hands, row.found_hands, row.wrong_side) == (2, 2, 0)
        assert row.found == 100, row
        assert row.median == pytest.approx(0, abs=1e-6)
    joints = {row.joints for row in rows if not row.change.endswith("cut off")}
    assert joints == {62}
    # Where a finger ends at its PIP joint, the longest finger's is outside: for erosion and JSN.
    assert [row.joints for row in rows if row.severity == "at PIP"] == [60]


def test_distances_are_in_percent_of_the_phalanx(
    measure: Callable[..., list[Robustness]], line: Knowing
) -> None:
    turn = Perturbation("turn", "90°", lambda pixels, _hands, _rng: turned(pixels, 90))
    left, right = annotated()
    assert left.phalanx == pytest.approx(right.phalanx)
    step = 0.1 * left.phalanx / FRAMES["left"].scale
    line.detected_off = similarity(x=step)
    line.missing = {"ulna"}
    for row in measure(turn):
        assert row.median == pytest.approx(10)
        assert row.joints == 62
        assert row.found == pytest.approx(100 * 60 / 62)
    line.detected_off = similarity(x=1.6 * step)
    for row in measure(turn):
        assert row.found == 0
        assert row.median == pytest.approx(16)


def test_a_mirrored_picture_shows_the_other_sides(
    measure: Callable[..., list[Robustness]], line: Knowing
) -> None:
    mirror = Perturbation("mirror", "", lambda pixels, _hands, _rng: turned(pixels, 0, mirror=True))
    assert [row.wrong_side for row in measure(mirror)] == [0, 0]
    line.swapped = True
    for row in measure(mirror):
        assert (row.found_hands, row.wrong_side) == (2, 2)
        assert (row.joints, row.found) == (62, 0)
        assert math.isnan(row.median)


def test_no_hands(measure: Callable[..., list[Robustness]], line: Knowing) -> None:
    line.blind = True
    (row,) = measure()
    assert (row.hands, row.found_hands, row.wrong_side) == (2, 0, 0)
    assert (row.joints, row.found) == (62, 0)


@pytest.mark.parametrize(("fraction", "found"), [(0.2, 2), (0.3, 0)])
def test_a_hand_elsewhere_is_not_the_one(
    measure: Callable[..., list[Robustness]], line: Knowing, fraction: float, found: int
) -> None:
    line.off = similarity(y=fraction * float(np.ptp(TEMPLATE[:, 1])))
    (row,) = measure()
    assert (row.found_hands, row.wrong_side) == (found, 0)
    assert row.found == 50 * found


def test_one_hand_annotated_of_two(measure: Callable[..., list[Robustness]]) -> None:
    (row,) = measure(truth=annotated("a.png", "right"))
    assert (row.hands, row.found_hands, row.joints, row.found) == (1, 1, 31, 100)


def test_hands_without_a_scale_are_excluded(measure: Callable[..., list[Robustness]]) -> None:
    without = AnnotatedHand("b.png", "left", {"IP": (1.0, 2.0)})
    (row,) = measure(truth=[without, *annotated()])
    assert row.hands == 2


def test_chance_depends_on_the_picture_alone(measure: Callable[..., list[Robustness]]) -> None:
    draws: dict[str, list[float]] = {}

    def watch(pixels: NDArray[np.float32], _: Any, rng: np.random.Generator) -> Any:
        drawn.append(float(rng.random()))
        return pixels, similarity()

    for name, images in (("both", ("a.png", "b.png")), ("one", ("b.png",))):
        drawn: list[float] = []
        measure(
            Perturbation("one", "", watch),
            Perturbation("two", "", watch),
            truth=[hand for image in images for hand in annotated(image)],
        )
        draws[name] = drawn
    assert draws["both"][2:] == draws["one"]
    assert len(set(draws["both"])) == 4
