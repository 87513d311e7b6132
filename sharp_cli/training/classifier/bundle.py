"""Write fitted classifiers as a findings bundle, with its model card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from sharp_cli.training.classifier.metrics import HEAD_METRIC_COLUMNS, head_metrics
from sharp_cli.training.classifier.thresholds import choose_threshold
from sharp_cli.training.findings_bundle import Member, head_tensors, trunk_tensors, write_findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.training.classifier.fit import Fitted
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.settings import ClassifierSettings, Context
    from sharp_cli.training.classifier.unseen import Unseen

_Value = TypeVar("_Value")

_FEATURES = (
    "VGG16 convolutions, applied to every input with the same weights; mean and maximum of their "
    "last maps"
)
_ARCHITECTURES: Final[Mapping[Context, str]] = {
    "concatenation": (
        f"{_FEATURES}, of all inputs concatenated; fully connected layers to one logit an input"
    ),
    "pooling": (
        f"{_FEATURES}; fully connected layers to one logit an input, to which the weighted mean of "
        "the other inputs' hidden values is added"
    ),
}


@dataclass(frozen=True, slots=True)
class CohortSummary:
    """What a training learned from, in numbers.

    Attributes:
        labels: Name of the file of labels.
        patients: Number of patients.
        studies: Number of studies.
        joints: Number of labelled joints.
        damaged: Number of non-intact ones.
        folds: Number of folds.
    """

    labels: str
    patients: int
    studies: int
    joints: int
    damaged: int
    folds: int

    def __str__(self) -> str:
        return (
            f"{self.patients} patients, {self.studies} studies, {self.joints} labelled joints, "
            f"{self.damaged} of them non-intact ({self.labels})"
        )


def ensemble_member(fitted: Sequence[Fitted], frozen: nn.Sequential | None) -> Member:
    """The networks of one fold in 16 bit, as a bundle holds them.

    Args:
        fitted: Its networks.
        frozen: The trunk below all of them, if it was not trained with them.
    """
    trunks: dict[str, dict[str, NDArray[Any]]] = {}
    heads: dict[str, NDArray[Any]] = {}
    tensors = {} if frozen is None else _half(trunk_tensors(frozen.eval()))
    for one in fitted:
        if one.network.trunk is not None:
            tensors = _half(trunk_tensors(one.network.trunk.eval()))
        for name, head in one.network.plain_heads().items():
            trunks[name] = tensors
            heads |= head_tensors(name, head)
    return Member(trunks, _half(heads))


def _half(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: tensor.astype(np.float16) for name, tensor in tensors.items()}


def write_classifier(
    folder: Path,
    members: Sequence[Member],
    unseen: Mapping[HeadName, Unseen],
    *,
    settings: ClassifierSettings,
    cohort: CohortSummary,
) -> None:
    """Write the bundle and its card.

    Args:
        folder: Where to, in the folder of the training, whose name becomes the bundle's.
        members: The networks of each fold, or those of the final fit.
        unseen: What the bundle predicts for patients that its networks were not trained on.
        settings: How they were trained.
        cohort: What they learned from.

    Raises:
        OutputError: It cannot be written.
    """
    for old in folder.glob("*.safetensors"):
        old.unlink()
    name = folder.resolve().parent.name
    thresholds = {
        head: choose_threshold(settings.threshold, cases.predictions)
        for head, cases in unseen.items()
    }
    measured = head_metrics(unseen, thresholds)
    write_findings(
        folder,
        members,
        size=settings.size,
        thresholds=_by_model(thresholds),
        extra={
            "name": name,
            "architecture": _ARCHITECTURES[settings.context],
            "trained_on": str(cohort),
            "settings": settings.as_options(),
            "figures": [dict(zip(HEAD_METRIC_COLUMNS, row, strict=True)) for row in measured],
        },
        card=_card(name, len(members), measured, settings, cohort),
    )


def _by_model(heads: Mapping[HeadName, _Value]) -> dict[ModelName, dict[str, _Value]]:
    """Values of heads as `bundle.json` holds them: by model and `<finding>/<group>`."""
    found: dict[ModelName, dict[str, _Value]] = {}
    for head, value in heads.items():
        found.setdefault(head.model, {})[f"{head.finding}/{head.group}"] = value
    return found


def _card(
    name: str,
    members: int,
    measured: Sequence[Sequence[object]],
    settings: ClassifierSettings,
    cohort: CohortSummary,
) -> str:
    kind = (
        f"the mean of {members} networks, one of each fold"
        if members > 1
        else "one network, fitted to all patients but those of the first fold, which validated"
    )
    trunk = "one trunk for all heads" if settings.trunk == "shared" or settings.frozen else (
        "a trunk for each model, finding and joint group"
    )  # fmt: skip
    start = {
        "imagenet": "ImageNet weights of torchvision",
        "bundle": "the trunk of another bundle",
        "he": "random weights (He)",
        "random": "random weights",
    }[settings.start]
    learned = "stayed frozen" if settings.frozen else "was trained with the heads"
    search = (
        f"; fully connected layers, their initialisation, dropout and batch size chosen by the "
        f"validation loss of {settings.search} trials a network"
        if settings.search
        else ""
    )
    cells = [[f"{c:.3f}" if isinstance(c, float) else str(c) for c in row] for row in measured]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    head = f"| {' | '.join(HEAD_METRIC_COLUMNS)} |\n|{' --- |' * len(HEAD_METRIC_COLUMNS)}"
    table = "\n".join([head, *lines])
    return f"""# {name} 1

Classifies joints on hand radiographs as intact or non-intact (SHS grade 1 or more), for erosion and
joint space narrowing: {", ".join(settings.models)}.

**For research only, not for diagnosis. Measured on the cohort below alone, by cross-validation, and
not validated on any other patients.**

- **Network**: {_ARCHITECTURES[settings.context]};
  {trunk}, initialised with {start}, which {learned}.
  {kind.capitalize()}. Input {settings.size} x {settings.size}, mean 0 and standard deviation 1 a
  patch. Stored in 16 bit, run in 32 bit.
- **Data**: {cohort}. Whoever made this bundle: say here whose radiographs they are, how they were
  chosen and who read them.
- **Training**: Adam, learning rate {settings.rate:g}; binary cross-entropy summed over the
  outputs; each joint balanced and augmented to {settings.samples} patches per epoch (rotations of
  up to 3°, shifts of up to 5 pixels, scale 0.97 to 1.03); at most {settings.epochs} epochs, ended
  after {settings.patience} without a lower validation loss; seed {settings.seed}{search}.
- **Thresholds**: {_rule(settings)}.
- **Licence**: Apache-2.0, unless the data ask for another.

## Metrics

{_unseen(members, cohort)} On the same
predictions the thresholds were chosen.

{table}
"""


def _rule(settings: ClassifierSettings) -> str:
    rule = settings.threshold
    if rule.fixed is not None:
        return f"{rule.fixed:g} for every head"
    if rule.sensitivity is not None:
        return f"the highest with a sensitivity of {rule.sensitivity:g} on patients not trained on"
    best = "for each head that of the best F-measure on patients not trained on"
    if rule.specificity is not None:
        return f"{best}, among those with a specificity of {rule.specificity:g} or more"
    return best


def _unseen(members: int, cohort: CohortSummary) -> str:
    """Which predictions metrics and thresholds rest on."""
    folds = (
        f"{cohort.folds} patient-disjoint folds, of which one tests, one validates and the others "
        "train."
    )
    if members == 1:
        return f"""{folds} The patients who validated the final network
are classified by it, all others by the network of the fold that tests them."""
    return f"""{folds} Each patient is classified by the mean
of the two networks that were not trained on them, drawn together, each class around its mean, to
the scatter of the mean of {members}."""
