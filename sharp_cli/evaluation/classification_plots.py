"""Plots of an evaluation: precision-recall and ROC curves, and calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, precision_score, recall_score, roc_curve

from sharp_cli.core.joints import FINDINGS
from sharp_cli.evaluation.cases import JOINT_SETS
from sharp_cli.evaluation.metrics.bootstrap import resample_patients
from sharp_cli.evaluation.metrics.curves import (
    GRID,
    fraction_bands,
    precision_band,
    sensitivity_band,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.evaluation.cases import Cases
    from sharp_cli.evaluation.classification import MetricValue
    from sharp_cli.evaluation.raters import Rater

_BINS: Final = 10
_RESAMPLES: Final = 500
"""Of the patients at most; bands need fewer than the ends of a table's intervals."""
_ALPHA: Final = 0.15
_CHANCE: Final[dict[str, Any]] = {"color": "0.5", "linestyle": "--", "linewidth": 1.0}


class Plots:
    """The plots of an evaluation, with 95 % bands by resampling the patients.

    Args:
        cases: Labelled joints and what raters say of them.
        figures: What was measured of them, for the areas under the curves.
        resamples: Of the patients; 0 for no bands.
        seed: Random seed of the resamples.
    """

    def __init__(
        self, cases: Cases, figures: Sequence[MetricValue], *, resamples: int, seed: int
    ) -> None:
        self._cases = cases
        self._figures = {(one.finding, one.joints, one.name, one.metric): one for one in figures}
        self._patients = cases.patients()
        count = int(self._patients.max()) + 1
        self._drawn = resample_patients(count, min(resamples, _RESAMPLES), seed)

    def all(self) -> dict[str, Figure]:
        """The plots by the names of their files."""
        return {
            "precision-recall": self.precision_recall(),
            "roc": self.roc(),
            "calibration": self.calibration(),
        }

    def precision_recall(self) -> Figure:
        """Precision-recall curves on each joint set, readers as points: the paper's Fig. 6.

        A rater stands on a set only where something is to be found. What guessing would give is
        the prevalence.
        """
        figure, panels = self._panels("Recall (sensitivity)", "Precision")
        for ax, finding, joints in panels:
            inside = self._cases.inside(finding, joints)
            if inside.any():
                prevalence = self._cases.damaged[inside].mean()
                ax.axhline(prevalence, label=f"prevalence {prevalence:.2f}", **_CHANCE)
            for rater, on, probabilities, called in self._raters(inside):
                damaged = self._cases.damaged[on]
                label = self._label(finding, joints, rater, "pr_auc")
                if rater.reader:
                    point = (
                        recall_score(damaged, called),
                        precision_score(damaged, called, zero_division=math.nan),
                    )
                    ax.plot(*point, "o", label=label)
                    continue
                precision, recall, _ = precision_recall_curve(damaged, probabilities)
                (line,) = ax.plot(recall, precision, label=label)
                band = precision_band(probabilities, damaged, self._patients[on], self._drawn)
                ax.fill_between(GRID, *band, color=line.get_color(), alpha=_ALPHA, linewidth=0)
            _legend(ax, "PR-AUC (95 % interval)")
        return figure

    def roc(self) -> Figure:
        """Receiver operating characteristics on each joint set, readers as points."""
        figure, panels = self._panels("1 − specificity", "Sensitivity")
        for ax, finding, joints in panels:
            ax.plot([0, 1], [0, 1], label="chance", **_CHANCE)
            for rater, on, probabilities, called in self._raters(
                self._cases.inside(finding, joints)
            ):
                damaged = self._cases.damaged[on]
                if damaged.all():
                    continue
                label = self._label(finding, joints, rater, "roc_auc")
                if rater.reader:
                    point = called[~damaged].mean(), called[damaged].mean()
                    ax.plot(*point, "o", label=label)
                    continue
                alarms, hits, _ = roc_curve(damaged, probabilities)
                (line,) = ax.plot(alarms, hits, label=label)
                band = sensitivity_band(probabilities, damaged, self._patients[on], self._drawn)
                ax.fill_between(GRID, *band, color=line.get_color(), alpha=_ALPHA, linewidth=0)
            _legend(ax, "ROC-AUC (95 % interval)")
        return figure

    def calibration(self) -> Figure:
        """The fraction of non-intact joints among those of about one probability, by finding.

        The joints of a finding are put into ten bins of as many joints each.
        """
        figure = Figure(figsize=(13, 5), layout="compressed")
        for ax, finding in zip(figure.subplots(1, 2, sharey=True), FINDINGS, strict=True):
            _prepare(ax, finding, ("Mean probability", "Fraction that is non-intact"))
            ax.plot([0, 1], [0, 1], label="ideal", **_CHANCE)
            inside = self._cases.inside(finding, "all joints")
            if inside.any():
                prevalence = self._cases.damaged[inside].mean()
                label = f"prevalence {prevalence:.2f}"
                ax.axhline(prevalence, label=label, **{**_CHANCE, "linestyle": ":"})
            for rater, on, probabilities, _ in self._raters(inside):
                if rater.reader:
                    continue
                damaged = self._cases.damaged[on]
                edges = np.percentile(probabilities, np.linspace(0, 100, _BINS + 1))
                bins = np.unique(np.searchsorted(edges[1:-1], probabilities), return_inverse=True)[
                    1
                ]
                sizes = np.bincount(bins)
                means = np.bincount(bins, probabilities) / sizes
                fractions = np.bincount(bins, damaged) / sizes
                band = fraction_bands(bins, damaged, self._patients[on], self._drawn)
                (line,) = ax.plot(means, fractions, "o-", label=rater.name)
                ax.vlines(means, *band, color=line.get_color(), alpha=0.6)
            _legend(ax)
        return figure

    def _panels(self, x: str, y: str) -> tuple[Figure, Iterator[tuple[Axes, Finding, str]]]:
        """A figure with a panel for each joint set, a column for each finding."""
        figure = Figure(figsize=(12, 9), layout="compressed")
        rows = len(JOINT_SETS) // len(FINDINGS)
        axes = figure.subplots(rows, len(FINDINGS), sharex=True, sharey=True)
        panels = list(zip(axes.T.flat, JOINT_SETS, strict=True))
        for ax, (finding, joints) in panels:
            _prepare(ax, f"{joints} ({finding})", (x, y))
        return figure, ((ax, finding, joints) for ax, (finding, joints) in panels)

    def _raters(
        self, inside: NDArray[np.bool_]
    ) -> Iterator[tuple[Rater, NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]]:
        """Raters, which of the joints they call, the probabilities and calls of these."""
        for number, rater in enumerate(self._cases.raters):
            on = inside & self._cases.known[number]
            if self._cases.damaged[on].any():
                yield (
                    rater,
                    on,
                    self._cases.probabilities[number, on],
                    self._cases.called[number, on],
                )

    def _label(self, finding: Finding, joints: str, rater: Rater, metric: str) -> str:
        """The rater with an area as the tables have it, and its interval."""
        area = self._figures[finding, joints, rater.name, metric]
        text = f"{rater.name} {area.value:.2f}"
        return text if math.isnan(area.low) else f"{text} ({area.low:.2f}–{area.high:.2f})"


def _prepare(ax: Axes, title: str, labels: Iterable[str]) -> None:
    x, y = labels
    ax.set(title=title, xlabel=x, ylabel=y, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_box_aspect(1)
    ax.label_outer()


def _legend(ax: Axes, title: str | None = None) -> None:
    """A legend beside the curves, which it would hide."""
    ax.legend(title=title, loc="upper left", bbox_to_anchor=(1.02, 1.0), fontsize="small")
