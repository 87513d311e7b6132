"""Wrists that are erosive or not: joints at their places, and metrics by wrist and by joint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS, TARGETS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.evaluation.wrists import (
    Wrist,
    WristJoint,
    classify_wrists,
    measure_wrists,
    read_wrists,
)
from tests.fakes import FakeClassifier

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.inference.classifier import Classifier

SIZE = 600
CLASSIFIER = cast("Classifier", FakeClassifier())
WRIST = [target for target in TARGETS if target.group in ("CMC-M", "CMC", "wrist")]


def paint(path: Path, side: Side, bright: str | None) -> AnnotatedHand:
    """A radiograph of a wrist, cut at the hand's middle, a bone at each joint, one brighter."""
    to_image = similarity(scale=0.5, mirror=side == "right", x=SIZE / 2, y=-50)
    places = dict(zip(POINTS, to_image(TEMPLATE).tolist(), strict=True))
    pixels = np.full((SIZE, SIZE), 4000, np.uint16)
    for joint, (x, y) in places.items():
        grey = 65000 if joint == bright else 25000
        cv2.circle(pixels, (round(x), round(y)), 18, grey, -1)
    cv2.imwrite(str(path), pixels)
    return AnnotatedHand(
        path.name,
        side,
        {joint: tuple(places[joint]) for joint in {target.joint for target in WRIST}},
    )


def test_wrists_are_read_and_bad_rows_listed(tmp_path: Path) -> None:
    path = tmp_path / "wrists.csv"
    path.write_text("image,patient,hand,erosive\na.png,P1,left,1\na.png,P1,right,0\n")
    assert read_wrists(path) == {
        ("a.png", "left"): Wrist("P1", erosive=True),
        ("a.png", "right"): Wrist("P1", erosive=False),
    }
    rows = ("a.png,P1,left,yes", "a.png,P1,left,1", "b.png,,both,1")
    path.write_text("\n".join(["image,patient,hand,erosive", *rows]))
    with pytest.raises(DocumentError, match="4 mistakes") as caught:
        read_wrists(path)
    for what in ("erosive 'yes'", "stands twice", "no patient", "neither left nor right"):
        assert what in str(caught.value)


def probabilities(folder: Path, side: Side, bright: str | None) -> NDArray[np.float64]:
    """Of the joints in the order of `TARGETS`."""
    hand = paint(folder / "a.png", side, bright)
    wrists = {("a.png", str(side)): Wrist("P1", erosive=True)}
    seen: list[str] = []
    found = classify_wrists(CLASSIFIER, wrists, [hand], folder, on_progress=seen.append)
    assert seen == ["a.png"]
    assert {one.side for one in found} == {side}
    assert [(one.finding, one.group) for one in found] == [
        (target.finding, target.group) for target in WRIST
    ]
    return np.array([one.probability for one in found])


def test_joints_are_classified_where_they_are(tmp_path: Path) -> None:
    plain = probabilities(tmp_path, "left", None)
    assert len(plain) == 12
    more = probabilities(tmp_path, "left", "ulna") - plain
    assert WRIST[more.argmax()].joint == "ulna"
    np.testing.assert_allclose(
        probabilities(tmp_path, "right", "ulna"), plain + more, atol=1e-3, rtol=0
    )


def test_a_wrist_needs_positions(tmp_path: Path) -> None:
    wrists = {("b.png", "left"): Wrist("P1", erosive=True)}
    hand = paint(tmp_path / "a.png", "left", "ulna")
    with pytest.raises(DocumentError, match=r"1 wrists, the first is the left wrist of b\.png"):
        classify_wrists(CLASSIFIER, wrists, [hand], tmp_path, on_progress=print)


def wrist(number: int, *probabilities: float, erosive: bool) -> list[WristJoint]:
    """A wrist's joints of a finding, called from 0.5 on."""
    known = Wrist(f"P{number}", erosive)
    return [
        WristJoint(known, f"{number}.png", "left", "erosion", "wrist", one, one >= 0.5)
        for one in probabilities
    ]


def test_metrics_by_wrist_and_by_joint() -> None:
    joints = [
        *wrist(1, 0.9, 0.1, 0.1, erosive=True),
        *wrist(2, 0.4, 0.4, 0.4, 0.4, erosive=True),
        *wrist(3, 0.5, 0.3, erosive=False),
        *wrist(4, 0.2, 0.2, erosive=False),
    ]
    found = {one.metric: one for one in measure_wrists(joints).metrics if one.joints == "wrist"}
    assert found["roc_auc_highest"].value == 0.75
    assert found["roc_auc_mean"].value == 0.625
    assert (found["called_erosive"].value, found["called_erosive"].cases) == (0.5, 2)
    assert (found["called_not_erosive"].value, found["called_not_erosive"].cases) == (0.5, 2)
    assert found["joints_called_erosive"].value == pytest.approx(1 / 7)
    assert found["joints_called_erosive"].cases == 7
    assert found["joints_called_not_erosive"].value == 0.25
    assert found["roc_auc_mean"].cases == 4


def test_wrists_of_one_kind_have_no_roc_auc() -> None:
    found = {one.metric: one.value for one in measure_wrists(wrist(1, 0.9, erosive=True)).metrics}
    assert math.isnan(found["roc_auc_mean"])
    assert math.isnan(found["joints_called_not_erosive"])
    assert found["called_erosive"] == 1
