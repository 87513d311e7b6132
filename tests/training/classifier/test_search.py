from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.training.classifier import search as classifier_search
from sharp_cli.training.classifier.fit import Epoch, Fitted
from sharp_cli.training.classifier.search import CHOICES, TRIALS_FILE, fit_best
from tests.training import cohort
from tests.training.classifier.test_fit import job, separable

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.training.classifier.fit import FitJob
    from sharp_cli.training.classifier.settings import ClassifierSettings, Hyperparameters


class FakeFit:
    """Says of hyperparameters how well they do, without a training."""

    def __init__(self, stop: int = 0) -> None:
        self.tried: list[tuple[str, Hyperparameters]] = []
        self._stop = stop

    def __call__(
        self, job: FitJob, _: ClassifierSettings, hyper: Hyperparameters, *, device: str
    ) -> Fitted:
        assert device == "cpu"
        self.tried.append((job.folder.name, hyper))
        if len(self.tried) == self._stop:
            raise KeyboardInterrupt
        job.folder.mkdir(parents=True, exist_ok=True)
        loss = abs(hyper.layers - 2) + abs(hyper.batch - 32) / 64 + hyper.dropout
        nothing: Any = None
        return Fitted(nothing, nothing, [Epoch(1, loss, loss)] * hyper.layers, loss)


def searched(folder: Path, monkeypatch: pytest.MonkeyPatch, fit: FakeFit, count: int) -> Fitted:
    monkeypatch.setattr(classifier_search, "fit", fit)
    return fit_best(job(folder, *separable()), cohort.settings(search=count), device="cpu")


def test_without_a_search_the_settings_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = FakeFit()
    searched(tmp_path / "fit", monkeypatch, fit, 0)
    assert fit.tried == [("fit", cohort.settings().hyper)]


def test_the_trial_of_the_lowest_loss_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = FakeFit()
    best = searched(tmp_path, monkeypatch, fit, 14)
    trials = json.loads((tmp_path / TRIALS_FILE).read_bytes())
    losses = [one["loss"] for one in trials]
    assert len(trials) == 14
    assert best.loss == min(losses) < max(losses)
    names = [name for name, _ in fit.tried]
    chosen = f"trial-{losses.index(min(losses)) + 1}"
    assert names == [*[f"trial-{number}" for number in range(1, 15)], chosen]
    assert fit.tried[-1][1] == dict(fit.tried)[chosen]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [chosen]
    assert all(set(one["hyperparameters"]) == set(CHOICES) for one in trials)


@pytest.mark.parametrize("stop", [1, 3, 12])
def test_a_search_cut_off_goes_on_with_the_same_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    whole, cut, rest = FakeFit(), FakeFit(stop), FakeFit()
    searched(tmp_path / "whole", monkeypatch, whole, 12)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "cut", monkeypatch, cut, 12)
    searched(tmp_path / "cut", monkeypatch, rest, 12)
    assert [*cut.tried[:-1], *rest.tried] == whole.tried
    first, second = ((tmp_path / one / TRIALS_FILE).read_bytes() for one in ("whole", "cut"))
    assert first == second
