"""Make a findings bundle of fitted classifiers, with its card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sharp_cli.training.classifier.results import (
    FIGURE_COLUMNS,
    Judged,
    by_head,
    choose_threshold,
    figures,
)
from sharp_cli.training.findings_bundle import Member, head_tensors, trunk_tensors, write_findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.training.classifier.fit import Fitted
    from sharp_cli.training.classifier.results import Result
    from sharp_cli.training.classifier.settings import Settings

_ARCHITECTURE = (
    "VGG16 convolutions, applied to every input with the same weights; mean and maximum of their "
    "last maps, of all inputs concatenated; fully connected layers to one logit an input"
)


@dataclass(frozen=True, slots=True)
class Data:
    """What a training learned from, in numbers.

    Attributes:
        labels: Name of the file of labels.
        patients: Their number.
        studies: Theirs.
        joints: Number of labelled joints.
        damaged: Number of the non-intact ones.
        folds: How many.
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


def member(fitted: Sequence[Fitted], frozen: nn.Sequential | None) -> Member:
    """The networks of one fold in 16 bit, as a bundle holds them.

    Args:
        fitted: Its networks.
        frozen: The trunk below all of them, if it did not learn with them.
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


def thresholds(results: Sequence[Result], settings: Settings) -> dict[ModelName, dict[str, float]]:
    """Of each model and head, by the validation patients of all folds together."""
    chosen: dict[ModelName, dict[str, float]] = {model: {} for model in settings.models}
    for head, mine in by_head(results).items():
        parts = zip(*(result.validation for result in mine), strict=True)
        seen = Judged(*(np.concatenate(part) for part in parts))
        value = choose_threshold(settings.threshold, seen)
        chosen[head.model][f"{head.finding}/{head.group}"] = value
    return {model: heads for model, heads in chosen.items() if heads}


def write_classifier(
    folder: Path,
    members: Sequence[Member],
    results: Sequence[Result],
    *,
    settings: Settings,
    data: Data,
) -> None:
    """Write the bundle and its card.

    Args:
        folder: Where to, in the folder of the training, whose name becomes the bundle's.
        members: The networks of each fold, or those of the final fit.
        results: What the folds came to: by all their validation patients, which are all patients,
            thresholds are chosen.
        settings: How they were trained.
        data: What they learned from.

    Raises:
        OutputError: It cannot be written.
    """
    for old in folder.glob("*.safetensors"):
        old.unlink()
    name = folder.resolve().parent.name
    measured = figures(results)
    write_findings(
        folder,
        members,
        size=settings.size,
        thresholds=thresholds(results, settings),
        described={
            "name": name,
            "architecture": _ARCHITECTURE,
            "trained_on": str(data),
            "settings": settings.row(),
            "figures": [dict(zip(FIGURE_COLUMNS, row, strict=True)) for row in measured],
        },
        card=_card(name, len(members), measured, settings, data),
    )


def _card(
    name: str,
    members: int,
    measured: Sequence[Sequence[object]],
    settings: Settings,
    data: Data,
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
    learned = "stayed as it was" if settings.frozen else "learned on"
    search = (
        f"; fully connected layers, their initialisation, dropout and batch size chosen by the "
        f"validation loss of {settings.search} trials a network"
        if settings.search
        else ""
    )
    cells = [[f"{c:.3f}" if isinstance(c, float) else str(c) for c in row] for row in measured]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    head = f"| {' | '.join(FIGURE_COLUMNS)} |\n|{' --- |' * len(FIGURE_COLUMNS)}"
    table = "\n".join([head, *lines])
    return f"""# {name} 1

Classifies joints on hand radiographs as intact or non-intact (SHS grade 1 or more), for erosion and
joint space narrowing: {", ".join(settings.models)}.

**For research only, not for diagnosis. Measured on the cohort below alone, by cross-validation, and
not validated on any other patients.**

- **Network**: {_ARCHITECTURE}; {trunk}, begun with {start}, which {learned}.
  {kind.capitalize()}. Input {settings.size} x {settings.size}, mean 0 and standard deviation 1 a
  patch. Stored in 16 bit, run in 32 bit.
- **Data**: {data}. Whoever made this bundle: say here whose radiographs they are, how they were
  chosen and who read them.
- **Training**: Adam, learning rate {settings.rate:g}; binary cross-entropy summed over the
  outputs; each joint balanced and augmented to {settings.samples} patches an epoch (turns of up to
  3°, shifts of up to 5 pixels, scale 0.97 to 1.03); at most {settings.epochs} epochs, ended after
  {settings.patience} without a lower validation loss; seed {settings.seed}{search}.
- **Thresholds**: {_rule(settings)}.
- **Licence**: Apache-2.0, unless the data ask for another.

## Figures

Each patient is judged by networks that have not seen them: {data.folds} patient-disjoint folds, of
which one tests, one validates and the others train. Labels by the threshold of the fold.

{table}
"""


def _rule(settings: Settings) -> str:
    rule = settings.threshold
    if rule.fixed is not None:
        return f"{rule.fixed:g} for every head"
    if rule.sensitivity is not None:
        return f"the highest with a sensitivity of {rule.sensitivity:g} on the validation patients"
    best = "for each head that of the best F-measure on the validation patients"
    if rule.specificity is not None:
        return f"{best}, among those with a specificity of {rule.specificity:g} or more"
    return best
