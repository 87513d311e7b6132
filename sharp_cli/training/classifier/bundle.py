"""Write fitted classifiers as a findings bundle, with its model card."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from sharp_cli.inference.trunk import Layers
from sharp_cli.training.classifier.calibration import ERROR_RATE, fit_calibration, fit_limits
from sharp_cli.training.classifier.familiarity import LIMIT
from sharp_cli.training.classifier.grade_results import GRADE_METRIC_COLUMNS
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
    from sharp_cli.training.classifier.grade_results import BundleGrades
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.settings import ClassifierSettings, Context
    from sharp_cli.training.classifier.unseen import Unseen

_Value = TypeVar("_Value")

_COMBINATIONS: Final[Mapping[Context, str]] = {
    "concatenation": (
        "mean and maximum of the last maps, of all inputs concatenated; fully connected layers to "
        "one logit an input"
    ),
    "pooling": (
        "mean and maximum of the last maps; fully connected layers to one logit an input, to which "
        "the weighted mean of the other inputs' hidden values is added"
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
    grades: dict[str, NDArray[Any]] = {}
    tensors = {} if frozen is None else _half(trunk_tensors(frozen.eval()))
    for one in fitted:
        if one.network.trunk is not None:
            tensors = _half(trunk_tensors(one.network.trunk.eval()))
        for name, head in one.network.plain_heads().items():
            trunks[name] = tensors
            heads |= head_tensors(name, head)
        if one.grades is not None:
            for name, head in one.grades.network.plain_heads().items():
                grades |= head_tensors(name, head)
    return Member(trunks, _half(heads), _half(grades))


def _half(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: tensor.astype(np.float16) for name, tensor in tensors.items()}


def write_classifier(
    folder: Path,
    members: Sequence[Member],
    unseen: Mapping[HeadName, Unseen],
    grades: BundleGrades,
    *,
    familiarity: Mapping[str, Mapping[str, NDArray[Any]]],
    settings: ClassifierSettings,
    cohort: CohortSummary,
) -> None:
    """Write the bundle and its card.

    Args:
        folder: Where to, in the folder of the training, whose name becomes the bundle's.
        members: The networks of each fold, or those of the final fit.
        unseen: What the bundle predicts for patients that its networks were not trained on.
        grades: What it says of grades, of the heads that grade.
        familiarity: See `write_findings`.
        settings: How they were trained.
        cohort: What they learned from.

    Raises:
        OutputError: It cannot be written.
    """
    for old in folder.glob("*.safetensors"):
        old.unlink()
    name = folder.resolve().parent.name
    thresholds = {
        head: choose_threshold(settings.threshold, head, cases.predictions)
        for head, cases in unseen.items()
    }
    measured, graded = head_metrics(unseen, thresholds), grades.metrics(thresholds)
    write_findings(
        folder,
        members,
        size=settings.size,
        thresholds=_by_model(thresholds),
        extra={
            "name": name,
            "architecture": _architecture(members, settings),
            "trained_on": str(cohort),
            "folds": cohort.folds,
            "settings": settings.as_options(),
            "calibration": _by_model(
                {head: asdict(fit_calibration(cases.predictions)) for head, cases in unseen.items()}
            ),
            "conformal": {
                "error_rate": ERROR_RATE,
                "limits": _by_model(
                    {head: asdict(fit_limits(cases.predictions)) for head, cases in unseen.items()}
                ),
            },
            **({"grades": grades.as_meta()} if graded else {}),
            "figures": [dict(zip(HEAD_METRIC_COLUMNS, row, strict=True)) for row in measured],
            "grade_figures": [dict(zip(GRADE_METRIC_COLUMNS, row, strict=True)) for row in graded],
        },
        familiarity=familiarity,
        card=_card(name, members, measured, settings, cohort) + _grades(graded),
    )


def _architecture(members: Sequence[Member], settings: ClassifierSettings) -> str:
    """That of the networks, in words."""
    (tensors, *_) = members[0].trunks.values()
    trunk, heads = Layers.of(tensors).architecture.title, _COMBINATIONS[settings.context]
    return f"{trunk}, applied to every input with the same weights; {heads}"


def _by_model(heads: Mapping[HeadName, _Value]) -> dict[ModelName, dict[str, _Value]]:
    """Values of heads as `bundle.json` holds them: by model and `<finding>/<group>`."""
    found: dict[ModelName, dict[str, _Value]] = {}
    for head, value in heads.items():
        found.setdefault(head.model, {})[f"{head.finding}/{head.group}"] = value
    return found


def _card(
    name: str,
    members: Sequence[Member],
    measured: Sequence[Sequence[object]],
    settings: ClassifierSettings,
    cohort: CohortSummary,
) -> str:
    kind = (
        f"the mean of {len(members)} networks, one of each fold"
        if len(members) > 1
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
    return f"""# {name} 1

Classifies joints on hand radiographs as intact or non-intact (SHS grade 1 or more), for erosion and
joint space narrowing: {", ".join(settings.models)}.

**For research only, not for diagnosis. Measured on the cohort below alone, by cross-validation, and
not validated on any other patients.**

- **Network**: {_architecture(members, settings)};
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
- **Probabilities**: calibrated for a prevalence of one half, by a logistic regression of the
  scores' log-odds for each head; shifted to the prevalence that is asked for.
- **Uncertain labels**: conformal prediction sets for each head and label, at an error rate of
  {ERROR_RATE:g}; a label that is not alone in its set is uncertain.
- **Unlike anything learned**: a patch whose features are further from those of the training patches
  of its joint group than those of {LIMIT:.0%} of held-out patches.
- **Licence**: Apache-2.0, unless the data ask for another.

## Metrics

{_unseen(len(members), cohort)} On the same
predictions thresholds, calibration and prediction sets were chosen; `covered_…` and `uncertain` are
the fractions of joints whose set holds their label, and whose label is uncertain, in each fold with
sets of the others.

{_table(HEAD_METRIC_COLUMNS, measured)}
"""


def _grades(graded: Sequence[Sequence[object]]) -> str:
    """The card's part about grades; empty for a bundle that has none."""
    if not graded:
        return ""
    return f"""
## Grades

Heads beside those above, on the same features, give a damaged joint's severity; a cumulative-logit
model makes it the probabilities of its SHS grades. Against readers' grades, in each fold calibrated
on the others: quadratic weighted kappa (`kappa`), the mean of expected grade minus grade
(`mean_error`), its mean absolute value, and how often the grade is the same or at most 1 apart.

{_table(GRADE_METRIC_COLUMNS, graded)}
"""


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    cells = [[f"{c:.3f}" if isinstance(c, float) else str(c) for c in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in (columns, *cells)]
    return "\n".join([lines[0], f"|{' --- |' * len(columns)}", *lines[1:]])


def _rule(settings: ClassifierSettings) -> str:
    rule = settings.threshold
    if rule.fixed is not None:
        return f"{rule.fixed:g} for every head"
    if rule.sensitivity is not None:
        return f"the highest with a sensitivity of {rule.sensitivity:g} on patients not trained on"
    best = "for each head that of the best F-measure on patients not trained on"
    if rule.specificity is None:
        return best
    groups: dict[float, list[str]] = {}
    for key, one in rule.specificity.items():
        groups.setdefault(one, []).append("/".join(key))
    asked = "; ".join(f"{one:g} ({', '.join(names)})" for one, names in groups.items())
    return f"{best}, among those with at least a specificity of {asked}"


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
