"""Choose hyperparameters by the loss of the validation data, as the paper does."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Final

import optuna

from sharp_cli import output
from sharp_cli.train.classifier_fit import fit
from sharp_cli.train.classifier_settings import Hyperparameters

if TYPE_CHECKING:
    from sharp_cli.train.classifier_fit import Job
    from sharp_cli.train.classifier_settings import Settings

LOGGER: Final = logging.getLogger(__name__)

TRIALS_FILE: Final = "trials.json"

CHOICES: Final[dict[str, optuna.distributions.BaseDistribution]] = {
    "layers": optuna.distributions.IntDistribution(1, 3),
    "fc_init": optuna.distributions.CategoricalDistribution(("random", "he")),
    "dropout": optuna.distributions.CategoricalDistribution((0.0, 0.25, 0.5)),
    "batch": optuna.distributions.CategoricalDistribution((8, 16, 32, 64)),
}
"""What the paper names; the ranges are choices."""


def search(job: Job, settings: Settings, *, device: str) -> Hyperparameters:
    """The best of `settings.search` trials of a network, or of those settings if there are none.

    Every trial is a whole training. Those that an earlier run finished are not repeated, and the
    next one is chosen as if the run had not been cut off.
    """
    if not settings.search:
        return settings.hyper
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = job.folder / TRIALS_FILE
    done = json.loads(path.read_bytes()) if path.is_file() else []
    while len(done) < settings.search:
        number = len(done) + 1
        hyper = _suggest(done, settings.seed + job.key + number)
        trial = replace(
            job, name=f"{job.name}, trial {number}", folder=job.folder / f"trial-{number}"
        )
        loss = fit(trial, settings, hyper, device=device).loss
        done.append({"hyperparameters": asdict(hyper), "loss": loss})
        output.write(path, json.dumps(done, indent=2).encode())
        LOGGER.info("%s: trial %d of %d: %s: %.4f", job.name, number, settings.search, hyper, loss)
    best = min(done, key=lambda trial: float(trial["loss"]))
    return Hyperparameters(**best["hyperparameters"])


def _suggest(done: list[dict[str, object]], seed: int) -> Hyperparameters:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    for trial in done:
        study.add_trial(
            optuna.trial.create_trial(
                params=trial["hyperparameters"], distributions=CHOICES, value=trial["loss"]
            )
        )
    return Hyperparameters(**study.ask(CHOICES).params)
