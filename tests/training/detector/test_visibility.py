"""Learning whether joints are to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.records import Hand, Radiograph
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.datasets.splits import Patient
from sharp_cli.inference.calibration import ViewPredictions
from sharp_cli.inference.openvino_runtime import load_onnx
from sharp_cli.inference.visibility import SIDE, WIDE
from sharp_cli.synthetic.absent_joints import ABSENCES
from sharp_cli.training.detector import visibility
from sharp_cli.training.detector.visibility import Look, Network, _parts, export, fit, looks
from tests import dicom_files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FRAME = similarity(scale=0.1, x=80, y=95)


def some_looks() -> list[Look]:
    rng = np.random.default_rng(0)
    return [
        Look("p", kind, joint, seen, rng.integers(0, 256, (WIDE, WIDE), np.uint8))
        for joint in range(22)
        for kind, seen in (("plain", True), ("covered", True), ("covered", False))
    ]


def test_the_same_looks_and_seed_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visibility, "_STEPS_AN_EPOCH", 2)
    one, again, other = (fit(some_looks(), 1, seed=seed) for seed in (1, 1, 2))
    views = torch.zeros(3, 1, SIDE, SIDE)
    assert one(views).shape == (3, len(POINTS))
    assert torch.equal(one(views), again(views))
    assert not torch.equal(one(views), other(views))


def test_joints_that_look_alike_share_what_is_said() -> None:
    said = Network().eval()(torch.rand(1, 1, SIDE, SIDE))[0]
    pips = [POINTS.index(f"PIP{finger}") for finger in range(2, 6)]
    assert len(set(said[pips].tolist())) == 1
    assert len(set(said.tolist())) == 22 - 6


def test_an_exported_network_gives_calibrated_log_odds(tmp_path: Path) -> None:
    network = Network().eval()
    views = torch.rand(len(POINTS), 1, SIDE, SIDE)
    before = network(views).detach().numpy()
    export(network, tmp_path / "visible.onnx", slope=2.0, intercept=-1.0)
    after = load_onnx(tmp_path / "visible.onnx", threads=1)(views.numpy())
    np.testing.assert_allclose(after, 2 * before - 1, atol=1e-4)


class Right:
    """Finds the hand, and its joints where they are."""

    def find(self, picture: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        return (Hand(picture.file, "left", "anatomy", FRAME, 1.0),), ()

    def predict(self, picture: Radiograph, hand: Hand) -> ViewPredictions:
        height, width = picture.pixels.shape
        found = np.column_stack([TEMPLATE, np.ones(22)])
        return ViewPredictions(hand.to_image, found[None], (width, height))


def test_looks_say_what_is_to_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visibility, "PERTURBATIONS", ())
    monkeypatch.setattr(visibility, "shrink", lambda pixels: (pixels, similarity()))
    kept = {name: ABSENCES[name] for name in ("covered", "shuttered")}
    monkeypatch.setattr(visibility, "ABSENCES", kept)
    dicom_files.dataset(np.random.default_rng(0).integers(0, 4096, (200, 160), np.uint16)).save_as(
        tmp_path / "film.dcm"
    )
    points = dict(zip(POINTS, map(tuple, FRAME(TEMPLATE).tolist()), strict=True))
    hand: Any = AnnotatedHand("film.dcm", "left", points, Patient("p1", "the column patient"))
    right: Any = Right()
    found = list(looks([hand], tmp_path, right, right, versions=2))
    assert {look.patient for look in found} == {"p1"}
    plain = [look for look in found if look.kind == "plain"]
    assert len(plain) == 2 * len(POINTS)
    assert all(look.seen for look in plain)
    for kind in kept:
        assert {look.seen for look in found if look.kind == kind} == {True, False}
    assert all(look.view.shape == (WIDE, WIDE) for look in found)


def test_what_hides_joints_is_learned_alike_however_many_it_hides() -> None:
    view = np.zeros((WIDE, WIDE), np.uint8)
    kinds = [("plain", True)] * 6 + [("cast", True)] + [("cast", False)] * 3 + [("cut off", False)]
    parts, shares = _parts([Look("p", kind, 0, seen, view) for kind, seen in kinds])
    assert [len(part) for part in parts] == [6, 1, 3, 1]
    np.testing.assert_allclose(shares, [0.3, 0.3, 0.2, 0.2])


def test_a_wrist_alone_lies_as_it_is_annotated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visibility, "PERTURBATIONS", ())
    monkeypatch.setattr(visibility, "ABSENCES", {})
    monkeypatch.setattr(visibility, "shrink", lambda pixels: (pixels, similarity()))
    dicom_files.dataset(np.random.default_rng(0).integers(0, 4096, (200, 160), np.uint16)).save_as(
        tmp_path / "film.dcm"
    )
    wrist = {
        name: (float(x), float(y))
        for name, (x, y) in zip(POINTS, FRAME(TEMPLATE), strict=True)
        if not name.startswith(("PIP", "MCP", "IP"))
    }
    hand: Any = AnnotatedHand("film.dcm", "left", wrist, Patient("p1", "the column patient"))
    detector: Any = Right()
    found = list(looks([hand], tmp_path, None, detector, versions=1))  # type: ignore[arg-type]
    assert len(found) == 2 * len(wrist)
    assert {POINTS[look.joint] for look in found} == set(wrist)
    assert all(look.seen for look in found)
