"""Plots of an evaluation: precision-recall curves, and calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, precision_recall_curve, precision_score, recall_score

from sharp_cli.core.joints import FINDINGS
from sharp_cli.evaluation.cases import JOINT_SETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

    from sharp_cli.evaluation.cases import Cases

_BINS: Final = 10


def precision_recall(cases: Cases) -> Figure:
    """The models' precision-recall curves on each joint set, readers as points: the paper's Fig. 6.

    A rater stands on a set only where something is to be found.
    """
    figure = Figure(figsize=(13, 8.5), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for ax, (finding, joints) in zip(axes.flat, JOINT_SETS, strict=True):
        _prepare(ax, f"{joints} ({finding})", ("Recall (sensitivity)", "Precision"))
        inside = cases.inside(finding, joints)
        for number, rater in enumerate(cases.raters):
            on = inside & cases.known[number]
            if not cases.damaged[on].any():
                continue
            precision, recall, _ = precision_recall_curve(
                cases.damaged[on], cases.probabilities[number, on]
            )
            label = f"{rater.name} ({auc(recall, precision):.2f})"
            if rater.reader:
                calls = cases.damaged[on], cases.called[number, on]
                point = recall_score(*calls), precision_score(*calls, zero_division=math.nan)
                ax.plot(*point, "o", label=label)
            else:
                ax.plot(recall, precision, label=label)
        _legend(ax, "PR-AUC")
    return figure


def calibration(cases: Cases) -> Figure:
    """The fraction of non-intact joints among those of about one probability, by finding and model.

    The joints of a finding are put into ten bins of as many joints each.
    """
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    for ax, finding in zip(figure.subplots(1, 2, sharey=True), FINDINGS, strict=True):
        _prepare(ax, finding, ("Mean probability", "Fraction that is non-intact"))
        ax.plot([0, 1], [0, 1], color="0.7", linestyle="--")
        inside = cases.inside(finding, "all joints")
        for number, rater in enumerate(cases.raters):
            on = inside & cases.known[number]
            if rater.reader or not on.any():
                continue
            fraction, probability = calibration_curve(
                cases.damaged[on],
                cases.probabilities[number, on],
                pos_label=True,
                n_bins=_BINS,
                strategy="quantile",
            )
            ax.plot(probability, fraction, "o-", label=rater.name)
        _legend(ax)
    return figure


def _prepare(ax: Axes, title: str, labels: Iterable[str]) -> None:
    x, y = labels
    ax.set(title=title, xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_aspect("equal")


def _legend(ax: Axes, title: str | None = None) -> None:
    if ax.get_legend_handles_labels()[0]:
        ax.legend(title=title, loc="lower left" if title else "upper left", fontsize="small")
