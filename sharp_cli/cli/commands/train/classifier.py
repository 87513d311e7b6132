"""`sharp train classifier`: the paper's protocol on one's own labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command, resumable
from sharp_cli.cli.commands.train import classifier_options as own_options
from sharp_cli.cli.commands.train.classifier_options import Context, FcInit, Init, Trunk
from sharp_cli.cli.commands.train.logs import begin_training
from sharp_cli.cli.engines import training_helpers
from sharp_cli.cli.terminal import log, log_form
from sharp_cli.core.errors import UsageError
from sharp_cli.core.group_numbers import numbers_by_group
from sharp_cli.execution.limits import cores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding
    from sharp_cli.training.classifier.label_check import Notice

EXAMPLES: Final = """\
# the paper's protocol
sharp train classifier --labels labels.csv --images radiographs --out run
sharp evaluate classification run/predictions.csv labels.csv
sharp score hands.dcm --models run/bundle
# without a graphics card
sharp train classifier --labels labels.csv --images radiographs \\
  --out quick --init bundle --frozen --samples 500
# all folds side by side, on a Ray cluster
sharp train classifier --labels labels.csv --images radiographs \\
  --out run --engine ray --address 10.0.0.1:6379
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, classifier, EXAMPLES)


def classifier(
    labels: own_options.Labels,
    images: own_options.Images,
    out: own_options.Out,
    *,
    model: own_options.Models = [options.Model.MIMO_LOCAL],  # noqa: B006 - typer reads it
    context: own_options.ContextOption = Context.POOLING,
    prior: own_options.Prior = None,
    folds: own_options.Folds = 8,
    fold_file: own_options.FoldFile = None,
    annotations: own_options.Annotations = None,
    names: options.Names = None,
    trunk: own_options.TrunkOption = Trunk.PER_GROUP,
    init: own_options.InitOption = Init.IMAGENET,
    vgg16_weights: own_options.Vgg16Weights = None,
    init_bundle: own_options.InitBundle = None,
    frozen: own_options.Frozen = False,
    size: own_options.Size = None,
    fc_layers: own_options.FcLayers = 2,
    fc_init: own_options.FcInitOption = FcInit.HE,
    dropout: own_options.Dropout = 0.5,
    batch: own_options.Batch = 32,
    search: own_options.Search = 0,
    samples: own_options.Samples = 10_000,
    epochs: own_options.Epochs = 100,
    patience: own_options.Patience = 10,
    threshold: own_options.Threshold = None,
    sensitivity: own_options.Sensitivity = None,
    specificity: own_options.Specificity = None,
    final: own_options.Final = False,
    device: options.TrainingDevice = options.Device.AUTO,
    threads: options.Threads = None,
    engine: options.EngineOption = options.Engine.LOCAL,
    address: options.Address = None,
    seed: options.Seed = 1,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
) -> None:
    """Train the paper's models on labelled radiographs, and evaluate them by cross-validation.

    Patients are assigned to folds; in turn, one fold is for testing, one for validation, the others
    for training. --out then holds predictions.csv (of patients that a network was not trained on),
    metrics.csv, folds.csv, curves, and a bundle for --models.
    """
    _require_one_rule(threshold, sensitivity, specificity)
    _require_init(init, vgg16_weights=vgg16_weights, init_bundle=init_bundle)
    begin_training()
    from sharp_cli.training.classifier import settings
    from sharp_cli.training.classifier.sources import Sources
    from sharp_cli.training.classifier.training import train_classifier

    chosen = settings.ClassifierSettings(
        models=_models(model, prior),
        context=context.value,
        trunk=trunk.value,
        start=init.value,
        weights=init_bundle or vgg16_weights,
        frozen=frozen,
        size=size or _usual_size(init, init_bundle),
        hyper=settings.Hyperparameters(fc_layers, fc_init.value, dropout, batch),
        search=search,
        samples=samples,
        epochs=epochs,
        patience=patience,
        threshold=settings.ThresholdRule(
            threshold,
            sensitivity,
            None if specificity is None else _specificity(specificity),
        ),
        seed=seed,
    )
    log_form(labels, prior, fold_file)
    sources = Sources(labels, images, annotations, names, prior, fold_file, hands, detector)
    machines = training_helpers(engine, address, device=device, threads=threads)
    with resumable(out), machines as (helpers, own):
        train_classifier(
            sources,
            out,
            settings=chosen,
            folds=folds,
            final=final,
            device=own,
            threads=threads or cores(),
            helpers=helpers,
            report=_log_notice,
        )
    log("done", f"predictions, metrics, curves and the bundle are in {out}")


def _specificity(text: str) -> Mapping[tuple[Finding, str], float]:
    """Parse `--specificity`.

    Raises:
        UsageError: It is no numbers of joint groups.
    """
    try:
        return numbers_by_group(text)
    except ValueError:
        message = f"--specificity {text}: give numbers from 0 to 1, as in 0.97,erosion/wrist=0.9"
        raise UsageError(message) from None


def _require_one_rule(*rules: float | str | None) -> None:
    """Check that thresholds are to be chosen by one rule at most.

    Raises:
        UsageError: There are several.
    """
    if sum(rule is not None for rule in rules) > 1:
        message = "--threshold, --sensitivity, --specificity: give at most one of them"
        raise UsageError(message)


def _require_init(init: Init, *, vgg16_weights: Path | None, init_bundle: Path | None) -> None:
    """Check that first weights are given for the right --init only.

    Raises:
        UsageError: They are not.
    """
    for option, given, needed in (
        ("--vgg16-weights", vgg16_weights, Init.IMAGENET),
        ("--init-bundle", init_bundle, Init.BUNDLE),
    ):
        if given is not None and init is not needed:
            message = f"{option}: is for --init {needed.value}; leave one of them out"
            raise UsageError(message)


def _models(asked: Sequence[options.Model], prior: Path | None) -> tuple[ModelName, ...]:
    """The models to train, in the order of all models; mimo-time where there are dates."""
    from sharp_cli.core.inputs import MODELS

    names = {one.value for one in asked} | ({"mimo-time"} if prior else set())
    return tuple(one for one in MODELS if one in names)


def _usual_size(init: Init, init_bundle: Path | None) -> int:
    """Width and height of the network input, if not given."""
    from sharp_cli.training.classifier.settings import VGG16_SIZE
    from sharp_cli.training.trunk.initial import bundle_size

    return bundle_size(init_bundle) if init is Init.BUNDLE else VGG16_SIZE


def _log_notice(notice: Notice) -> None:
    log("note", f"{notice.where}: {notice.what}: {notice.consequence}")
