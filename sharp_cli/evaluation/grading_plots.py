"""Plots of scores: Bland-Altman, and the cumulative probability of change."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure

from sharp_cli.evaluation.metrics.reliability import (
    detectable_change,
    limits_of_agreement,
    measurement_error,
)
from sharp_cli.evaluation.totals import PERCENTS, SCORES, by_hand, changes, total_scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from sharp_cli.core.records import MissingRule
    from sharp_cli.evaluation.grades import Graded
    from sharp_cli.evaluation.totals import Scores

_TOTAL: Final = SCORES.index("total")
_PANEL: Final = 4.2
"""Width and height of a panel in inches."""


def grading_plots(
    graded: Graded, dates: Mapping[tuple[str, str], date], missing: MissingRule
) -> dict[str, Figure]:
    """The plots of studies' total scores, by name.

    Args:
        graded: The grades.
        dates: Of studies; without them there are no plots of change.
        missing: See `totals.total_scores`.
    """
    hands = by_hand(graded)
    pairs = [*combinations(range(len(graded.names)), 2)]
    plots = {
        "bland-altman": _bland_altman(
            graded.names,
            ((pair, total_scores(hands, pair, "study", missing)) for pair in pairs),
            "total score",
            len(pairs),
        )
    }
    if dates:
        plots["bland-altman-change"] = _bland_altman(
            graded.names,
            ((pair, changes(hands, pair, "study", missing, dates)) for pair in pairs),
            "change of the total score",
            len(pairs),
        )
        everyone = range(len(graded.names))
        found = changes(hands, everyone, "study", missing, dates)
        plots["cumulative-probability"] = _cumulative(graded.names, _known(found))
    return plots


def _bland_altman(
    names: Sequence[str], pairs: Iterator[tuple[Sequence[int], Scores]], what: str, count: int
) -> Figure:
    """Differences of two raters against their means, with bias and 95 % limits of agreement."""
    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(_PANEL * columns, _PANEL * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax, ((first, second), scores) in zip(axes.flat, pairs, strict=False):
        values = _known(scores)
        gaps = values[:, 0] - values[:, 1]
        ax.set(
            title=f"{names[first]} – {names[second]}",
            xlabel=f"Mean of the two, {what}",
            ylabel="Difference",
        )
        ax.plot(values.mean(axis=1), gaps, "o", markersize=4, alpha=0.6)
        for name, estimate in limits_of_agreement(gaps).items():
            if np.isfinite(estimate.value):
                ax.axhline(estimate.value, color="0.3", linestyle="-" if name == "bias" else "--")
                if np.isfinite(estimate.low):
                    ax.axhspan(estimate.low, estimate.high, color="0.5", alpha=0.15, linewidth=0)
    for ax in axes.flat[count:]:
        ax.remove()
    return figure


def _cumulative(names: Sequence[str], values: NDArray[np.float64]) -> Figure:
    """Each patient's change, in the order of size, by rater.

    The plot is that of Landewé & van der Heijde, Arthritis Rheum 50:699 (2004). The smallest
    detectable change is that of a single rater, from all of them.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    ax = figure.subplots()
    ax.set(
        xlabel="Cumulative percentage of patients",
        ylabel="Change of the total score from the first to the last visit",
        xlim=(0, 100),
    )
    ax.axhline(0, color="0.7", linewidth=0.8)
    cases = len(values)
    percentiles = 100 * (np.arange(cases) + 0.5) / max(1, cases)
    for name, own in zip(names, values.T, strict=True):
        ax.plot(percentiles, np.sort(own), "o-", markersize=3, label=name)
    error = measurement_error(values)
    for percent, style in zip(PERCENTS, ("--", ":"), strict=True):
        value = detectable_change(error, 1, percent).value
        if np.isfinite(value):
            label = f"SDC {percent} %, one reader ({value:.1f})"
            ax.axhline(value, color="0.3", linestyle=style, label=label)
    ax.legend(loc="upper left", fontsize="small")
    return figure


def _known(scores: Scores) -> NDArray[np.float64]:
    """The totals that all of the raters give, shape (cases, raters)."""
    values = scores.values[:, :, _TOTAL].T
    return values[~np.isnan(values).any(axis=1)]
