from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from sharp_cli.bundles.store import Bundle, open_bundle, write_bundle
from sharp_cli.core.errors import ModelError, NoHandError
from sharp_cli.core.geometry import fit_similarity, similarity
from sharp_cli.core.joints import COMMON_PHALANX, POINTS, TARGETS, phalanx_length
from sharp_cli.core.records import Hand, Radiograph
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.calibration import Certainty
from sharp_cli.inference.joint_detector import JointDetector, Window, draw_view
from sharp_cli.inference.visibility import SIDE
from sharp_cli.training.onnx_file import write_onnx

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WINDOW = Window(width=64, height=96, half_height=900.0)
TO_IMAGE = similarity(scale=0.5, degrees=20, mirror=True, x=300, y=400)
HAND = Hand("film.png", "right", "anatomy", TO_IMAGE, 1.0)


def radiograph() -> Radiograph:
    pixels = np.random.default_rng(0).random((800, 600), dtype=np.float32)
    return Radiograph("film.png", pixels, None, None, ())


def write_network(path: Path, output: NDArray[np.float64]) -> None:
    """An ONNX network that gives the same points whatever its input."""
    constant = numpy_helper.from_array(output[None].astype(np.float32), "points")
    zero = numpy_helper.from_array(np.zeros((), np.float32), "zero")
    nodes = [
        helper.make_node("ReduceMean", ["view"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["points", "nothing"], ["result"]),
    ]
    graph = helper.make_graph(
        nodes,
        "points",
        [
            helper.make_tensor_value_info(
                "view", TensorProto.FLOAT, [1, 1, WINDOW.height, WINDOW.width]
            )
        ],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, [1, *output.shape])],
        [constant, zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(path))


def bundle(
    folder: Path, outputs: dict[str, tuple[tuple[str, ...], NDArray[np.float64]]], **changes: Any
) -> Bundle:
    for file, (_, output) in outputs.items():
        write_network(folder / file, output)
    meta = {
        "name": "fixed",
        "version": "1",
        "kind": "joints",
        "validated_on_patients": False,
        "view": asdict(WINDOW),
        "min_likelihood": 0.1,
        "networks": [{"file": file, "points": names} for file, (names, _) in outputs.items()],
    }
    write_bundle(folder, {**meta, **changes}, outputs)
    return open_bundle("joints", folder)


def output_of(places: NDArray[np.float64], likelihood: float = 0.9) -> NDArray[np.float64]:
    """Canonical places as a network reports them: view pixels and likelihood."""
    return np.column_stack([WINDOW.frame.inverse()(places), np.full(len(places), likelihood)])


@pytest.fixture(autouse=True)
def _unturned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks here predict the same in every view, as if the hand turned with it."""
    monkeypatch.setattr("sharp_cli.inference.joint_detector.FURTHER_VIEWS", (similarity(),))


def test_positions_are_in_the_files_own_pixels(tmp_path: Path) -> None:
    detector = JointDetector(
        bundle(tmp_path, {"all.onnx": (POINTS, output_of(TEMPLATE))}), threads=1
    )
    hand, points = detector.detect(radiograph(), HAND)
    assert [point.joint for point in points] == list(POINTS)
    found = np.array([(point.x, point.y) for point in points])
    np.testing.assert_allclose(found, TO_IMAGE(TEMPLATE), atol=0.02)
    assert points[0].likelihood == pytest.approx(0.9, abs=1e-4)
    assert hand.side == "right"


def test_the_frame_follows_the_joints_at_the_common_scale(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    bent = similarity(scale=1.2, degrees=8, x=40, y=-30)(TEMPLATE + rng.normal(0, 12, (22, 2)))
    detector = JointDetector(bundle(tmp_path, {"all.onnx": (POINTS, output_of(bent))}), threads=1)
    small = replace(HAND, to_image=TO_IMAGE.after(similarity(scale=0.7)))
    hand, points = detector.detect(radiograph(), small)
    in_file = np.array([(point.x, point.y) for point in points])
    canonical = hand.to_image.inverse()(in_file)
    lengths = {point.joint: (x, y) for point, (x, y) in zip(points, canonical, strict=True)}
    assert phalanx_length(lengths) == pytest.approx(COMMON_PHALANX, abs=0.1)
    turn = fit_similarity(TEMPLATE, canonical, mirror=False).matrix
    assert turn[1, 0] == pytest.approx(0, abs=1e-3)
    assert hand.to_image.mirrors


def test_two_networks_of_some_points_each(tmp_path: Path) -> None:
    names = {
        finding: tuple(target.joint for target in TARGETS if target.finding == finding)
        for finding in ("erosion", "jsn")
    }
    places = {
        finding: TEMPLATE[[POINTS.index(name) for name in of_finding]] + shift
        for (finding, of_finding), shift in zip(names.items(), (-9, 9), strict=True)
    }
    networks = {f"{name}.onnx": (names[name], output_of(places[name])) for name in names}
    detector = JointDetector(bundle(tmp_path, networks), threads=1)
    _, points = detector.detect(radiograph(), HAND)
    assert {point.joint for point in points} == set(POINTS)


def test_unlikely_points_are_dropped(tmp_path: Path) -> None:
    output = output_of(TEMPLATE)
    output[3, 2] = 0.05
    detector = JointDetector(bundle(tmp_path, {"all.onnx": (POINTS, output)}), threads=1)
    _, points = detector.detect(radiograph(), HAND)
    assert {point.joint for point in points} == set(POINTS) - {POINTS[3]}


CERTAINTY = Certainty((1.5, -0.7, 0.0, -0.06, 1.0, -1.0), (4.0,) * 22, 0.9, 0.9, 45.0).meta()


def test_a_calibrated_bundle_says_what_is_uncertain(tmp_path: Path) -> None:
    places = TEMPLATE.copy()
    places[3] += (200, 300)
    output = output_of(places)
    output[3, 2] = 0.2
    calibrated = bundle(tmp_path, {"all.onnx": (POINTS, output)}, certainty=CERTAINTY)
    hand, points = JointDetector(calibrated, threads=1).detect(radiograph(), HAND)
    assert [point.joint for point in points if point.status == "uncertain"] == [POINTS[3]]
    assert (
        points[3].likelihood
        < 0.9
        < min(point.likelihood for point in points if point.status == "ok")
    )
    assert points[0].likelihood != pytest.approx(0.9, abs=1e-3)
    assert (hand.status, hand.reasons) == ("uncertain", ("cut off",))


def test_a_bundle_without_calibration_calls_nothing_uncertain(tmp_path: Path) -> None:
    output = output_of(TEMPLATE, likelihood=0.15)
    detector = JointDetector(bundle(tmp_path, {"all.onnx": (POINTS, output)}), threads=1)
    hand, points = detector.detect(radiograph(), HAND)
    assert {(point.status, point.likelihood) for point in points} == {("ok", 0.15)}
    assert hand.status == "ok"


def test_a_hand_without_any_sure_point_keeps_its_frame(tmp_path: Path) -> None:
    output = output_of(TEMPLATE, likelihood=0.0)
    detector = JointDetector(bundle(tmp_path, {"all.onnx": (POINTS, output)}), threads=1)
    hand, points = detector.detect(radiograph(), HAND)
    assert points == ()
    assert hand.to_image.scale == pytest.approx(TO_IMAGE.scale, rel=0.01)


REFUSING = {**CERTAINTY, "least_hand": 0.6, "least_part": 0.8, "most_part_oddity": 1.2}


def test_what_is_like_no_hand_is_refused(tmp_path: Path) -> None:
    places = np.random.default_rng(2).permutation(TEMPLATE)
    networks = {"all.onnx": (POINTS, output_of(places, likelihood=0.4))}
    detector = JointDetector(bundle(tmp_path, networks, certainty=REFUSING), threads=1)
    with pytest.raises(NoHandError):
        detector.detect(radiograph(), HAND)


def test_a_bundle_without_limits_refuses_nothing(tmp_path: Path) -> None:
    places = np.random.default_rng(2).permutation(TEMPLATE)
    networks = {"all.onnx": (POINTS, output_of(places, likelihood=0.4))}
    detector = JointDetector(bundle(tmp_path, networks, certainty=CERTAINTY), threads=1)
    assert detector.detect(radiograph(), HAND)[0].status == "uncertain"


def test_what_lies_outside_the_picture_is_not_detected(tmp_path: Path) -> None:
    networks = {"all.onnx": (POINTS, output_of(TEMPLATE))}
    detector = JointDetector(bundle(tmp_path, networks, certainty=REFUSING), threads=1)
    # The picture begins at the middle of the metacarpals.
    to_image = similarity(scale=0.5, x=300.0, y=-30.0)
    hand, points = detector.detect(radiograph(), replace(HAND, to_image=to_image))
    shown = {name for name, (_, y) in zip(POINTS, TEMPLATE, strict=True) if y > 0}
    assert {point.joint for point in points} == shown
    assert {point.status for point in points} == {"ok"}
    assert hand.reasons == ("cut off",)
    assert hand.to_image.scale == pytest.approx(0.5, rel=0.05)


def test_a_wrist_that_fills_the_radiograph_is_found(tmp_path: Path) -> None:
    networks = {"all.onnx": (POINTS, output_of(TEMPLATE))}
    detector = JointDetector(bundle(tmp_path, networks, certainty=REFUSING), threads=1)
    hand, points = detector.detect_part(radiograph())
    assert {"radius", "lunate", "CMC1"} <= {point.joint for point in points}
    assert "PIP3" not in {point.joint for point in points}
    assert 0.8 < hand.score <= 1.0


@pytest.mark.parametrize("certainty", [None, CERTAINTY, REFUSING])
def test_no_part_is_found_where_nothing_fits(
    certainty: dict[str, Any] | None, tmp_path: Path
) -> None:
    output = output_of(np.random.default_rng(2).permutation(TEMPLATE), likelihood=0.4)
    changes = {} if certainty is None else {"certainty": certainty}
    networks = {"all.onnx": (POINTS, output)}
    with pytest.raises(NoHandError):
        JointDetector(bundle(tmp_path, networks, **changes), threads=1).detect_part(radiograph())


@pytest.mark.parametrize(
    "changes",
    [
        {"view": {"width": 64}},
        {"networks": [{"file": "all.onnx"}]},
        {"networks": [{"file": "all.onnx", "points": ["DIP2"]}]},
        {"min_likelihood": None},
        {"certainty": {**CERTAINTY, "weights": {}}},
        {"certainty": {**CERTAINTY, "threshold": None}},
    ],
)
def test_an_incomplete_bundle_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    incomplete = bundle(tmp_path, {"all.onnx": (POINTS, output_of(TEMPLATE))}, **changes)
    with pytest.raises(ModelError, match=r"bundle\.json"):
        JointDetector(incomplete, threads=1)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    good = bundle(tmp_path, {"all.onnx": (POINTS, output_of(TEMPLATE))})
    (tmp_path / "all.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"all\.onnx"):
        JointDetector(good, threads=1)


def test_a_white_border_does_not_change_the_views_contrast() -> None:
    rng = np.random.default_rng(2)
    pixels = rng.random((1000, 1000), dtype=np.float32) * 0.2
    frame = similarity(scale=0.5, x=500, y=500)
    plain = draw_view(pixels, frame, WINDOW)
    pixels[:, :100] = 1.0
    bordered = draw_view(pixels, frame, WINDOW)
    np.testing.assert_array_equal(plain[20:44, 20:44], bordered[20:44, 20:44])


class Sees(torch.nn.Module):
    """Says that all points but the fifth are to be seen."""

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        odds = torch.where(torch.arange(len(POINTS)) == 4, -3.0, 9.0)
        return odds + 0 * views.mean(dim=(1, 2, 3))[:, None]


def test_a_joint_that_is_not_to_be_seen_is_uncertain(tmp_path: Path) -> None:
    networks = {"all.onnx": (POINTS, output_of(TEMPLATE))}
    blind = JointDetector(bundle(tmp_path, networks, certainty=CERTAINTY), threads=1)
    hand, before = blind.detect(radiograph(), HAND)
    write_onnx(Sees(), torch.zeros(len(POINTS), 1, SIDE, SIDE), tmp_path / "visible.onnx")
    visibility = {"file": "visible.onnx"}
    made = bundle(tmp_path, networks, certainty=CERTAINTY, visibility=visibility)
    again, points = JointDetector(made, threads=1).detect(radiograph(), HAND)
    assert again == hand
    assert [(one.x, one.y) for one in points] == [(one.x, one.y) for one in before]
    assert {one.status for one in before} == {"ok"}
    assert [one.joint for one in points if one.status == "uncertain"] == [POINTS[4]]
    for one, other in zip(points, before, strict=True):
        share = 1 / (1 + np.exp(3.0 if one.joint == POINTS[4] else -9.0))
        assert one.likelihood == pytest.approx(other.likelihood * share, abs=2e-4)
