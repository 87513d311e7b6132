"""What is learned from words on wrists alone, whichever hands there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from sharp_cli.training.classifier import settings as classifier_settings
from sharp_cli.training.classifier.features import CachedFeatures
from sharp_cli.training.classifier.fit import FitJob, HeadData, fit
from sharp_cli.training.classifier.settings import Hyperparameters
from sharp_cli.training.run import Clock
from tests.training import cohort
from tests.training.classifier.wrists import Wrists

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side


@pytest.mark.parametrize(
    ("model", "sides"),
    [("siso", ["left"]), ("mimo-local", ["left", "right"]), ("mimo-local", ["right"])],
)
def test_from_words_on_wrists_alone_joints_are_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: ModelName, sides: list[Side]
) -> None:
    monkeypatch.setattr(classifier_settings, "FROZEN_RATE", 0.03)
    torch.set_num_threads(1)
    wrists = Wrists(96 // len(sides), sides)
    patients = sorted({one.patient for one in wrists.sets})
    parts = [patients[::2], patients[1::2]]
    inputs = wrists.inputs(model)
    job = FitJob(
        name="test",
        data={
            head: HeadData(*(mine.of_patients(part) for part in parts))
            for head, mine in inputs.items()
        },
        make_trunk=None,
        make_extractor=lambda _: CachedFeatures(wrists.features, "cpu"),
        folder=tmp_path,
        key=1,
        clock=Clock(1, 3),
    )
    asked = cohort.settings(frozen=True, samples=100, epochs=5, patience=5)
    hyper = Hyperparameters(layers=1, dropout=0, batch=32)
    network = fit(job, asked, hyper, device="cpu")
    damaged = np.array([*wrists.damaged.values()])
    for head, mine in inputs.items():
        held_out = mine.of_patients(parts[1])
        shown = held_out.patches >= 0
        scores = network.probabilities(head, held_out)[shown]
        truth = damaged[held_out.patches[shown]]
        pairs = scores[truth][:, None] > scores[~truth][None]
        assert pairs.mean() > 0.75
