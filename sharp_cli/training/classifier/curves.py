"""Learning curves as pictures."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.training.classifier.results import HeadResult


def plot_curves(folder: Path, results: Sequence[HeadResult]) -> None:
    """Plot the losses of every epoch: a picture per model, a panel per head, a colour per fold.

    Raises:
        OutputError: They cannot be written.
    """
    # The first import may warn about fonts, which concerns no user of this.
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
                    _plot(panel, result)
            panel.set_title(f"{head.finding} {head.group}")
            panel.set_xlabel("epoch")
            panel.set_ylabel("loss (dotted: training)")
        panels[0].legend(title="fold", fontsize="small")
        figure.suptitle(str(model))
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=80)
        output.write(folder / f"{model}.png", picture.getvalue())


def _plot(panel: object, result: HeadResult) -> None:
    numbers = [one.number for one in result.epochs]
    (line,) = panel.plot(  # type: ignore[attr-defined]
        numbers, [one.validation for one in result.epochs], label=str(result.fold)
    )
    panel.plot(  # type: ignore[attr-defined]
        numbers, [one.training for one in result.epochs], ":", color=line.get_color()
    )
