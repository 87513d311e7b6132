"""Calibration of likelihoods."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import pytest

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.inference.calibration import (
    CUT_OFF,
    FEATURES,
    UNLIKE,
    Certainty,
    Evidence,
    ViewPredictions,
)
from sharp_cli.synthetic.perturbations import PERTURBATIONS, UNPERTURBED, Perturbation
from sharp_cli.training.detector.certainty import (
    GOOD_FLAGGED,
    CalibratedHand,
    ObservedHand,
    calibrate,
    fit,
)
from sharp_cli.training.detector.certainty_report import (
    calibration_metrics,
    hand_metrics,
    joint_metrics,
    markdown,
)
from sharp_cli.training.detector.fold_files import Fold
from sharp_cli.training.detector.hard_pictures import HARD, STRANGE
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.records import Hand, Radiograph

PERTURBED = PERTURBATIONS[0]


CLEAR = np.ones(len(POINTS), bool)


def observed(
    rng: np.random.Generator,
    perturbation: Perturbation = UNPERTURBED,
    *,
    fold: int = 0,
    oddity: float = 10.0,
) -> ObservedHand:
    """A hand whose joints are off as often as their network says."""
    features = np.zeros((len(POINTS), len(FEATURES)))
    odds = rng.normal(4.0, 3.0, len(POINTS))
    features[:, 0] = odds / 2 - 1
    off = rng.random(len(POINTS)) > 1 / (1 + np.exp(-odds))
    evidence = Evidence(features, TEMPLATE, oddity, False, CLEAR, oddity)
    return ObservedHand(fold, perturbation, evidence, np.where(off, 0.3, 0.05))


def many(count: int = 300, **options: Any) -> list[ObservedHand]:
    rng = np.random.default_rng(0)
    return [
        observed(rng, (UNPERTURBED, PERTURBED)[number % 2], **options) for number in range(count)
    ]


def fitted(hands: Sequence[ObservedHand]) -> Certainty:
    certainty = fit(hands)
    assert certainty is not None
    return certainty


def test_it_finds_the_odds() -> None:
    certainty = fitted(many())
    assert certainty.weights[0] == pytest.approx(2, rel=0.15)
    np.testing.assert_allclose(certainty.intercepts, 2, rtol=0.4)
    assert np.mean(certainty.intercepts) == pytest.approx(2, rel=0.15)
    np.testing.assert_allclose(certainty.weights[1:], 0, atol=1e-6)


def test_the_threshold_spares_good_joints_of_usual_pictures() -> None:
    usual = many()
    hard = [replace(one, perturbation=HARD[0]) for one in usual if one.errors.max() > 0.1]
    certainty = fitted([*usual, *hard])
    good = np.concatenate([certainty.likelihoods(one.evidence)[one.good] for one in usual])
    assert np.mean(good < certainty.threshold) == pytest.approx(GOOD_FLAGGED, abs=0.002)


def test_strange_hands_teach_nothing() -> None:
    rng = np.random.default_rng(1)
    strange = [replace(observed(rng, STRANGE[0]), errors=np.full(22, 9.0)) for _ in range(50)]
    assert fit([*many(), *strange]) == fit(many())


def test_limits_of_hands_give_way_to_radiographs_as_they_are() -> None:
    usual, odd = fitted(many()), fitted(many(oddity=100.0))
    assert (usual.most_oddity, odd.most_oddity) == (45.0, 100.0)
    assert usual.least_mean < 0.9  # more than a hundredth of these hands is less clear than that


@pytest.mark.parametrize("error", [0.05, 0.3])
def test_with_joints_of_one_kind_alone_there_is_nothing_to_learn(error: float) -> None:
    assert fit([replace(one, errors=np.full(22, error)) for one in many(10)]) is None
    assert fit([]) is None


def test_metrics() -> None:
    likelihoods, errors = np.full(22, 0.95), np.full(22, 0.01)
    errors[:4], errors[21] = 0.2, np.nan
    likelihoods[:3] = 0.15
    one = CalibratedHand(
        ObservedHand(
            0, UNPERTURBED, Evidence(np.zeros((22, 6)), TEMPLATE, 1.0, True, CLEAR, 1.0), errors
        ),
        likelihoods,
        likelihoods < 0.5,
        (CUT_OFF,),
    )
    joints = joint_metrics("all", [one])
    assert (joints.joints, joints.off) == (21, 4)
    assert (joints.off_flagged, joints.good_flagged) == (75.0, 0.0)
    gap = abs(0.15 * 3 - 0) + abs(0.95 * 18 - 17)
    assert joints.calibration_error == pytest.approx(gap / 21)
    hands = hand_metrics(
        "all", [one, replace(one, reasons=(CUT_OFF, UNLIKE)), replace(one, reasons=())]
    )
    assert (hands.hands, hands.uncertain, hands.cut_off, hands.unlike) == (3, 66.67, 66.67, 33.33)
    text = markdown(calibration_metrics([one]))
    assert "| as they are | 21 | 4 | 75 | 0 |" in text
    assert "| 0.9 to 1.0 | 18 | 0.95 | 94.4 |" in text
    assert "| as it is | 1 | 100 | 100 | 0 | 0 |" in text


class Predictor:
    """A detector that is unsure where it is wrong."""

    def predict(self, radiograph: Radiograph, hand: Hand) -> ViewPredictions:
        # Not by their sum, whose last digits depend on the processor.
        grays = (radiograph.pixels * 255).astype(np.uint8)
        rng = np.random.default_rng(crc32(grays.tobytes()))
        places, likelihoods = TEMPLATE.copy(), rng.uniform(0.8, 0.99, (22, 1))
        wrong = rng.permutation(22)[:4]
        places[wrong] += 200
        likelihoods[wrong] = rng.uniform(0.1, 0.4, (4, 1))
        keypoints = np.hstack([places, likelihoods])
        height, width = radiograph.pixels.shape
        return ViewPredictions(hand.to_image, np.stack([keypoints, keypoints]), (width, height))


def test_hands_are_judged_by_what_the_other_folds_taught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where hands are depends on the path of their file
    # Of the file's own size, for the finder always finds hands where they were.
    dims = [
        Perturbation(
            "dim", f"{number}", lambda pixels, _, rng: (pixels * rng.random(), similarity()), True
        )
        for number in range(6)
    ]
    monkeypatch.setattr("sharp_cli.training.detector.certainty.PERTURBATIONS", dims[:5])
    monkeypatch.setattr("sharp_cli.training.detector.certainty.HARD", dims[5:])
    folds = []
    for number in range(2):
        hands = []
        for which in "abcdef":
            file = fakes.paint(Path(f"two{which}{number}.png"), seed=number)
            for side, to_image in fakes.hands_on(str(file)):
                places = dict(zip(POINTS, map(tuple, to_image(TEMPLATE).tolist()), strict=True))
                hands.append(AnnotatedHand(file.name, side, places))
        folds.append(Fold(Path(str(number)), hands))
    loaded = []

    def load(folder: Path) -> Any:
        loaded.append(folder)
        return Predictor()

    calibration = calibrate(folds, Path(), fakes.FakeFinder(), load)
    assert calibration is not None
    assert loaded == [fold.bundle for fold in folds]
    plain = [one for one in calibration.judged if one.observed.perturbation is UNPERTURBED]
    assert len(plain) == 24
    assert {one.observed.fold for one in plain} == {0, 1}
    row = joint_metrics("plain", plain)
    assert (row.joints, row.off, row.off_flagged) == (528, 96, 100)
    assert row.good_flagged < 5
    assert len(
        [one for one in calibration.judged if one.observed.perturbation in STRANGE]
    ) == 24 * len(STRANGE)
