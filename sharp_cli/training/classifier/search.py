"""Choose hyperparameters by the loss of the validation data, as the paper does."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

import optuna

from sharp_cli.fileio import output
from sharp_cli.training.classifier.fit import fit
from sharp_cli.training.classifier.settings import Hyperparameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.training.classifier.fit import FitJob, Fitted
    from sharp_cli.training.classifier.settings import ClassifierSettings

LOGGER: Final = logging.getLogger(__name__)

TRIALS_FILE: Final = "trials.json"

CHOICES: Final[dict[str, optuna.distributions.BaseDistribution]] = {
    "layers": optuna.distributions.IntDistribution(1, 3),
    "fc_init": optuna.distributions.CategoricalDistribution(("random", "he")),
    "dropout": optuna.distributions.CategoricalDistribution((0.0, 0.25, 0.5)),
    "batch": optuna.distributions.CategoricalDistribution((8, 16, 32, 64)),
}
"""What the paper names; the ranges are choices."""


def fit_best(job: FitJob, settings: ClassifierSettings, *, device: str) -> Fitted:
    """Fit a network with the hyperparameters of `settings`, or with the best of some trials.

    Every trial is a whole training, and the best network is the result. An interrupted search
    resumes after its last finished trial, with the same further trials.

    Raises:
        OutputError: Something cannot be written.
    """
    if not settings.search:
        fitted = fit(job, settings, settings.hyper, device=device)
        job.clock.network(len(fitted.epochs))
        return fitted
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = job.folder / TRIALS_FILE
    done: list[dict[str, Any]] = json.loads(path.read_bytes()) if path.is_file() else []
    for trial in done:
        job.clock.network(trial["epochs"])
    for number in range(len(done) + 1, settings.search + 1):
        hyper = _suggest(done, settings.seed + job.key + number)
        fitted = fit(_trial(job, number), settings, hyper, device=device)
        job.clock.network(len(fitted.epochs))
        done.append(
            {"hyperparameters": asdict(hyper), "loss": fitted.loss, "epochs": len(fitted.epochs)}
        )
        output.write(path, json.dumps(done, indent=2).encode())
        LOGGER.info(
            "%s: trial %d of %d: %s: %.4f", job.name, number, settings.search, hyper, fitted.loss
        )
    best = min(range(len(done)), key=lambda number: float(done[number]["loss"]))
    for number in range(len(done)):
        if number != best:
            shutil.rmtree(_trial(job, number + 1).folder, ignore_errors=True)
    chosen = Hyperparameters(**done[best]["hyperparameters"])
    return fit(_trial(job, best + 1), settings, chosen, device=device)


def _trial(job: FitJob, number: int) -> FitJob:
    return replace(job, name=f"{job.name}, trial {number}", folder=job.folder / f"trial-{number}")


def _suggest(done: Sequence[Mapping[str, Any]], seed: int) -> Hyperparameters:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    for trial in done:
        study.add_trial(
            optuna.trial.create_trial(
                params=trial["hyperparameters"], distributions=CHOICES, value=trial["loss"]
            )
        )
    return Hyperparameters(**study.ask(CHOICES).params)
