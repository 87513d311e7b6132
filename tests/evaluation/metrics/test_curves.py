from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from sharp_cli.evaluation.metrics.bootstrap import resample_patients
from sharp_cli.evaluation.metrics.curves import (
    GRID,
    fraction_bands,
    precision_band,
    sensitivity_band,
)

RNG = np.random.default_rng(1)
PATIENTS = np.repeat(np.arange(40), 16)
DAMAGED = RNG.random(len(PATIENTS)) < 0.3
PROBABILITIES = np.asarray(
    np.clip(0.3 * DAMAGED + RNG.normal(0.4, 0.2, len(PATIENTS)), 0, 1), np.float64
)
DRAWN = resample_patients(40, 200, 1)


def test_bands_hold_the_curves_of_all_patients() -> None:
    low, high = sensitivity_band(PROBABILITIES, DAMAGED, PATIENTS, DRAWN)
    curve = np.interp(GRID, *roc_curve(DAMAGED, PROBABILITIES)[:2])
    inside = (low <= curve + 1e-9) & (curve <= high + 1e-9)
    assert inside[5:95].all()
    assert 0.02 < (high - low)[20:60].mean() < 0.3
    low, high = precision_band(PROBABILITIES, DAMAGED, PATIENTS, DRAWN)
    assert low[-1] == pytest.approx(0.3, abs=0.1)  # who calls all is right as often as damage is
    assert (high >= low).all()


def test_what_separates_all_has_no_width() -> None:
    probabilities = np.where(DAMAGED, 0.8, 0.2)
    for band in (precision_band, sensitivity_band):
        low, high = band(probabilities, DAMAGED, PATIENTS, DRAWN)
        assert (low[1:-1] == 1).all()
        assert (high[1:-1] == 1).all()


def test_without_resamples_or_without_a_class_there_is_no_band() -> None:
    none = np.zeros_like(DAMAGED)
    for band in (precision_band, sensitivity_band):
        assert np.isnan(band(PROBABILITIES, DAMAGED, PATIENTS, DRAWN[:1])).all()
        assert np.isnan(band(PROBABILITIES, none, PATIENTS, DRAWN)).all()


def test_fractions_of_bins_have_intervals() -> None:
    bins = (PROBABILITIES > 0.5).astype(np.intp)
    low, high = fraction_bands(bins, DAMAGED, PATIENTS, DRAWN)
    fractions = [DAMAGED[bins == number].mean() for number in (0, 1)]
    assert (low < fractions).all()
    assert (fractions < high).all()
