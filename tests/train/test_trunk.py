from __future__ import annotations

import math
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from sharp_cli.joints import FINDINGS, HEADS, POINTS, SIDES
from sharp_cli.lesions import GRADES
from sharp_cli.networks import FindingsNetwork
from sharp_cli.registry import open_bundle
from sharp_cli.template import TEMPLATE
from sharp_cli.train import findings, findings_bundle, run
from sharp_cli.train.findings_bundle import Row
from sharp_cli.train.joint_patches import (
    BOXES,
    MARGIN,
    SCORED,
    Drawn,
    IntactHand,
    cut,
    draw,
    draw_grades,
    partner,
    phantom_hands,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.joints import Side

TINY = (4, "M", 4, "M", 4, "M", 4, "M", 8, "M")
JOINTS = ("MCP2", "CMC1", "lunate")


def bones(seed: int, joint: str) -> NDArray[np.uint16]:
    """Two bright bones with a gap between them, and grain."""
    width, height = (side + 2 * MARGIN for side in BOXES[joint])
    y, x = np.mgrid[:height, :width]
    bone = (abs(x - width / 2) < 70) & (abs(y - height / 2) > 8)
    grain = np.random.default_rng(seed).uniform(0, 8000, (height, width))
    return np.asarray(20000 + 25000 * bone + grain, dtype=np.uint16)


def intact(image: str, side: Side) -> IntactHand:
    return IntactHand(image, side, {joint: bones(len(image), joint) for joint in JOINTS})


@pytest.fixture
def hands() -> findings.Split:
    left, right = intact("a", "left"), intact("a", "right")
    return findings.Split([left, right], [intact("b", "left")], [intact("c", "right")])


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "PAIRS", 6)
    monkeypatch.setattr(findings, "VALIDATION_STEPS", 4)
    monkeypatch.setattr(findings, "PHANTOMS", 1)


def test_no_radiograph_is_in_two_parts() -> None:
    names = [f"img{number}.png" for number in range(1, 21)]
    parts = findings.split([IntactHand(name, side, {}) for name in names for side in SIDES])
    images = [{h.image for h in p} for p in (parts.training, parts.validation, parts.test)]
    assert [len(one) for one in images] == [12, 3, 5]
    assert set.union(*images) == set(names)
    assert images[2] == {f"img{number}.png" for number in (4, 8, 12, 16, 20)}


@pytest.mark.parametrize("mirror", [False, True])
def test_regions_are_upright_and_at_the_common_scale(*, mirror: bool) -> None:
    flip = np.array([-1.0, 1.0]) if mirror else np.array([1.0, 1.0])
    positions = TEMPLATE * flip / 2 + 600
    pixels = np.zeros((1200, 1200), np.float32)
    for x, y in positions:
        pixels[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5] = 1
    positions[POINTS.index("IP")] = np.nan
    regions = cut(pixels, positions, mirror=mirror)
    assert set(regions) == set(POINTS) - {"IP"}
    for joint, region in regions.items():
        width, height = BOXES[joint]
        assert region.shape == (height + 2 * MARGIN, width + 2 * MARGIN)
        assert region[region.shape[0] // 2, region.shape[1] // 2] == 65535
    thumb = regions["MCP1"]  # CMC1 lies below and, thumb to the right, to the left of it
    assert thumb[200:, : thumb.shape[1] // 2].sum() >= thumb[200:, thumb.shape[1] // 2 :].sum()


def test_grades_are_balanced_and_alike_in_both_hands() -> None:
    rng = np.random.default_rng(0)
    pairs = [draw_grades("MCP2", rng) for _ in range(2000)]
    for finding in FINDINGS:
        first, second = (np.array([pair[side][finding] for pair in pairs]) for side in (0, 1))
        assert np.mean(first > 0) == pytest.approx(0.5, abs=0.07)
        assert np.mean(second[first > 0] > 0) == pytest.approx(0.6, abs=0.07)
        assert set(first) == {0, *GRADES[finding]}
    assert all(one["jsn"] for pair in pairs for one in pair if one["erosion"] == 5)
    assert set(draw_grades("lunate", rng)[0]) == {"erosion"}


@pytest.mark.parametrize("vary", [False, True])
def test_draw(*, vary: bool) -> None:
    hand = intact("a", "left")
    one, two, damaged = (
        draw(hand, "MCP2", {"erosion": grade}, np.random.default_rng(5), vary=vary, touch=False)
        for grade in (0, 0, 4)
    )
    assert not one.damage
    (damage,) = damaged.damage.values()
    assert 0.005 < damage.mean() < 0.3
    plain, again, eroded = one.pixels, two.pixels, damaged.pixels
    assert plain.shape == (250, 250)
    assert plain.dtype == np.uint16
    np.testing.assert_array_equal(plain, again)
    assert np.abs(plain.astype(int) - eroded).max() > 5000
    assert hand.regions["MCP2"][0, 0] == bones(1, "MCP2")[0, 0]


def test_partner(hands: findings.Split) -> None:
    left, right = hands.training
    assert partner(left, hands.training) is right
    assert partner(hands.validation[0], hands.validation) is None


def test_batches_are_those_of_their_step(hands: findings.Split) -> None:
    pairs = findings.Pairs(hands.training, seed=0)
    pictures, joints, labels, places = batch = pairs.draw(3)
    torch.testing.assert_close(batch, pairs.draw(3), equal_nan=True)
    assert bool(places[labels == 0].eq(0).all())
    assert bool(places[labels == 1].eq(1).any())
    assert pictures.shape == (6, 2, findings.SIZE, findings.SIZE)
    assert not torch.equal(pictures, pairs.draw(4)[0])
    for joint, label in zip(joints.tolist(), labels, strict=True):
        for finding, column in zip(FINDINGS, label.T, strict=True):
            assert bool(torch.isfinite(column).all()) == (finding in SCORED[POINTS[joint]])


def test_training_goes_on_where_it_was_cut_off(
    hands: findings.Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "_SAVE_EVERY", 0.0)
    # A tenth of a second a look at the clock, however busy the machine is.
    ticks = (0.1 * number for number in count())
    monkeypatch.setattr(findings, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    saved: list[int] = []

    def recording(state: object, path: Path) -> None:
        if path.name == findings.CHECKPOINT:
            assert isinstance(state, dict)
            saved.append(state["step"])
            if state["step"] == 3 and len(saved) == 3:
                raise KeyboardInterrupt
        run.save(state, path)

    monkeypatch.setattr(findings, "save", recording)
    network = FindingsNetwork(TINY, hidden=4)
    with pytest.raises(KeyboardInterrupt):
        findings.train(hands, tmp_path, minutes=0.015, network=network)
    best = findings.train(hands, tmp_path, minutes=0.015, network=FindingsNetwork(TINY, hidden=4))
    assert saved[:4] == [1, 2, 3, 3]
    network.load_state_dict(torch.load(best, weights_only=True))


def test_phantoms_take_part(hands: findings.Split, monkeypatch: pytest.MonkeyPatch) -> None:
    phantoms = phantom_hands(1)
    assert [hand.side for hand in phantoms] == ["left", "right"]
    assert partner(phantoms[0], phantoms) is phantoms[1]
    assert set(phantoms[0].regions) == set(POINTS)
    images: list[str] = []

    def recording(hand: IntactHand, *args: Any, **options: Any) -> Drawn:
        images.append(hand.image)
        return draw(hand, *args, **options)

    monkeypatch.setattr(findings, "draw", recording)
    pairs = findings.Pairs(hands.training, phantoms, seed=0)
    for step in range(5):
        pairs.draw(step)
    assert 0.05 < images.count("phantom 0") / len(images) < 0.4


def test_learning_rate() -> None:
    rates = [findings.rate(share) for share in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(findings.RATE, rel=0.01)
    assert rates[0] < rates[1] < rates[2]
    assert all(math.isfinite(one) and one > 0 for one in rates)
    assert rates[-1] < findings.RATE / 50


def row(probability: float, grade: int, source: str = "drawn") -> Row:
    return Row(
        "siso", "jsn", "CMC", "CMC3",
        "untouched" if source == "untouched" else "drawn",
        grade, probability, called=False,
    )  # fmt: skip


def test_thresholds_are_specific_before_they_are_sensitive() -> None:
    measured = [row(0.01 * number, 0, "untouched") for number in range(100)]
    measured += [row(0.97, 3), row(0.99, 3), row(0.5, 3), row(0.98, 0), row(0.2, 0)]
    every = [
        replace(one, model=model, finding=finding, group=group)
        for one in measured
        for model in ("siso", "mimo-local")
        for finding, group in HEADS
    ]
    chosen = findings_bundle.thresholds(every)
    assert len(chosen["siso"]) == len(chosen["mimo-local"]) == 8
    assert all(0.95 <= one < 0.97 for one in chosen["siso"].values())


def test_a_bundle_is_written_measured_and_read(hands: findings.Split, tmp_path: Path) -> None:
    network = FindingsNetwork(TINY, hidden=4).eval()
    every = [
        replace(hand, regions={joint: bones(1, joint) for joint in POINTS})
        for hand in (*hands.validation, *hands.test)
    ]
    folder = tmp_path / "tiny"
    measured = findings_bundle.export(
        network, folder, size=32, validation=every[:1], test=every[1:], trained_on="squares"
    )
    bundle = open_bundle("findings", folder)
    assert bundle.name == "tiny 1"
    assert not bundle.validated_on_patients
    assert bundle.meta["figures"] == measured == findings_bundle.measure(folder, every[1:])
    counts = measured["siso"]["erosion"]["all joints"]["joints"]
    assert counts["untouched"] == 16 * findings_bundle.UNTOUCHED
    assert counts["damaged"] + counts["intact"] == 16 * findings_bundle.WITH_LESIONS
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Not validated on patients" in card
    assert findings_bundle.table(measured) in card
    assert "of squares." in card
