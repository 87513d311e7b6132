"""The plot of distance errors: the paper's Fig. 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from sharp_cli.core.joints import FINDINGS
from sharp_cli.evaluation.detection_table import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.evaluation.detection_table import Distance


def distance_errors(distances: Sequence[Distance]) -> Figure:
    """Mean distances of the joint groups in pixels at the common scale, and their SD."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    for ax, finding in zip(figure.subplots(1, 2, sharey=True), FINDINGS, strict=True):
        own = [one for one in distances if (one.finding, one.unit) == (finding, "px")]
        ax.bar(
            [one.joints for one in own],
            [one.mean for one in own],
            yerr=[one.sd for one in own],
            color="0.7",
            edgecolor="black",
            capsize=4,
        )
        ax.set(title=TITLES[finding], ylabel="Distance error in pixels (mean ± SD)")
        ax.label_outer()
        ax.set_ylim(bottom=0)
    return figure
