"""What a training of classifiers found: predictions, thresholds, figures, learning curves."""

from __future__ import annotations

import csv
import io
import warnings
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from sharp_cli.core.inputs import MODELS
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.training.classifier.fit import Epoch
    from sharp_cli.training.classifier.head_units import HeadName, Units
    from sharp_cli.training.classifier.settings import ThresholdRule

PREDICTION_COLUMNS: Final = (
    "model", "patient", "study", "image", "hand", "finding", "group", "joint", "grade", "truth",
    "fold", "probability", "label",
)  # fmt: skip
"""Of out-of-fold predictions: what `sharp evaluate classification` reads."""

METRIC_COLUMNS: Final = (
    "fold", "model", "finding", "group", "epochs", "best_epoch", "validation_loss", "threshold",
    "joints", "non_intact", "sensitivity", "specificity", "f_measure", "roc_auc",
    "average_precision",
)  # fmt: skip

FIGURE_COLUMNS: Final = (
    "model", "finding", "group", "joints", "non_intact", "sensitivity", "specificity", "f_measure",
    "roc_auc", "average_precision",
)  # fmt: skip

UNDECIDED: Final = 0.5
"""Threshold of a head that no validation patient can tell one for."""

_DECIMALS: Final = 6


class Judged(NamedTuple):
    """Joints as a head sees them.

    Attributes:
        joints: Index in the cohort's list, shape (N,).
        probabilities: Of damage, to as many decimals as they are written with: so files, labels
            and thresholds agree.
        truth: Whether they are damaged.
    """

    joints: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.bool_]


class Result(NamedTuple):
    """What one head of one fold came to."""

    fold: int
    head: HeadName
    epochs: Sequence[Epoch]
    threshold: float
    validation: Judged
    test: Judged


def judged(given: Units, probabilities: NDArray[np.float32]) -> Judged:
    """The labelled joints of some sets of inputs, with what was said of them, shape (U, K)."""
    known = np.isfinite(given.labels)
    rounded = probabilities[known].astype(np.float64).round(_DECIMALS)
    return Judged(given.joints[known], rounded, given.labels[known] > 0)


def choose_threshold(rule: ThresholdRule, seen: Judged) -> float:
    """The threshold at or above which a joint is called non-intact.

    Args:
        rule: How it is chosen.
        seen: Joints of the validation patients.

    Returns:
        One of their probabilities, or what the rule fixes; just above all of them where none has
        the specificity; `UNDECIDED` where they are all of one class.
    """
    if rule.fixed is not None:
        return rule.fixed
    damaged, intact = (np.sort(seen.probabilities[seen.truth == kind]) for kind in (True, False))
    if not len(damaged) or not len(intact):
        return UNDECIDED
    limits = np.unique(seen.probabilities)
    hits = len(damaged) - np.searchsorted(damaged, limits)
    spared = np.searchsorted(intact, limits)
    if rule.sensitivity is not None:
        return float(limits[hits / len(damaged) >= rule.sensitivity][-1])
    if rule.specificity is not None:
        specific = spared / len(intact) >= rule.specificity
        limits, hits, spared = limits[specific], hits[specific], spared[specific]
        if not len(limits):
            # Silent rather than wrong: above every validation joint.
            return round(float(seen.probabilities.max()) + 10**-_DECIMALS, _DECIMALS)
    called = hits + len(intact) - spared
    return float(limits[np.argmax(2 * hits / (called + len(damaged)))])


def write_predictions(
    path: Path, labelled: Sequence[LabelledJoint], results: Iterable[Result]
) -> None:
    """Write the out-of-fold predictions, by model and in the order of the labels.

    Raises:
        OutputError: It cannot be written.
    """
    rows = []
    for result in results:
        for index, probability in zip(
            result.test.joints, result.test.probabilities.tolist(), strict=True
        ):
            one = labelled[index]
            rows.append(
                (
                    (MODELS.index(result.head.model), int(index)),
                    (
                        result.head.model, one.patient, one.study, one.image or one.file, one.side,
                        one.finding, result.head.group, one.joint,
                        "" if one.grade is None else one.grade, _word(damaged=one.damaged),
                        result.fold, probability, _word(damaged=probability >= result.threshold),
                    ),
                )
            )  # fmt: skip
    _write(path, PREDICTION_COLUMNS, [row for _, row in sorted(rows, key=lambda pair: pair[0])])


def write_metrics(path: Path, results: Iterable[Result]) -> None:
    """Write a row a fold and head; cells that cannot be told are empty.

    Raises:
        OutputError: It cannot be written.
    """
    _write(path, METRIC_COLUMNS, [_metrics(result) for result in results])


def _metrics(result: Result) -> list[object]:
    best = min(result.epochs, key=lambda one: one.validation)
    return [
        result.fold, *result.head, len(result.epochs), best.number, round(best.validation, 5),
        result.threshold, *_figures([result]),
    ]  # fmt: skip


def figures(results: Iterable[Result]) -> list[list[object]]:
    """A row of `FIGURE_COLUMNS` for each head over all folds; what cannot be told is empty."""
    return [[*head, *_figures(mine)] for head, mine in by_head(results).items()]


def _figures(results: Sequence[Result]) -> list[object]:
    """Joints, non-intact ones, sensitivity, specificity, F-measure and areas under the curves."""
    truth = np.concatenate([result.test.truth for result in results])
    scores = np.concatenate([result.test.probabilities for result in results])
    called = np.concatenate([r.test.probabilities >= r.threshold for r in results])
    found = (called & truth).sum()
    areas: list[object] = ["", ""]
    if 0 < truth.sum() < len(truth):
        areas = [
            round(float(measure(truth, scores)), 4)
            for measure in (roc_auc_score, average_precision_score)
        ]
    return [
        len(truth), int(truth.sum()), _share(found, truth.sum()),
        _share((~called & ~truth).sum(), (~truth).sum()),
        _share(2 * found, called.sum() + truth.sum()), *areas,
    ]  # fmt: skip


def _share(part: np.int_, whole: np.int_) -> float | str:
    return round(float(part / whole), 4) if whole else ""


def _word(*, damaged: bool) -> str:
    return "non-intact" if damaged else "intact"


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    output.write(path, text.getvalue().encode())


def draw_curves(folder: Path, results: Sequence[Result]) -> None:
    """Draw the losses of every epoch: a picture a model, a panel a head, a colour a fold.

    Raises:
        OutputError: They cannot be written.
    """
    # Its first import may warn of fonts; a picture is no place to ask about them.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    for model in dict.fromkeys(result.head.model for result in results):
        mine = [result for result in results if result.head.model == model]
        heads = list(dict.fromkeys(result.head for result in mine))
        figure = Figure(figsize=(16, 8), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 4, squeeze=False).ravel()
        for panel in panels[len(heads) :]:
            panel.set_axis_off()
        for panel, head in zip(panels, heads, strict=False):
            for result in mine:
                if result.head == head:
                    _draw(panel, result)
            panel.set_title(f"{head.finding} {head.group}")
            panel.set_xlabel("epoch")
            panel.set_ylabel("loss (dotted: training)")
        panels[0].legend(title="fold", fontsize="small")
        figure.suptitle(str(model))
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=80)
        output.write(folder / f"{model}.png", picture.getvalue())


def _draw(panel: object, result: Result) -> None:
    numbers = [one.number for one in result.epochs]
    (line,) = panel.plot(  # type: ignore[attr-defined]
        numbers, [one.validation for one in result.epochs], label=str(result.fold)
    )
    panel.plot(  # type: ignore[attr-defined]
        numbers, [one.training for one in result.epochs], ":", color=line.get_color()
    )


def by_head(results: Iterable[Result]) -> Mapping[HeadName, list[Result]]:
    """Results of all folds, by head."""
    found: dict[HeadName, list[Result]] = {}
    for result in results:
        found.setdefault(result.head, []).append(result)
    return found
