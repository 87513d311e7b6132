"""`sharp evaluate classification`: predictions against labels."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sharp_cli.cli import terminal
from sharp_cli.cli.terminal import guarded, require_training, say, show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sharp_cli.evaluation.tables import Table


class MissingAs(str, Enum):
    """What a labelled joint counts as that is not called."""

    INTACT = "intact"
    NON_INTACT = "non-intact"
    EXCLUDE = "exclude"


Predictions = Annotated[
    list[Path],
    typer.Argument(
        exists=True, dir_okay=False, help="CSV of score, or predictions of train classifier."
    ),
]
Labels = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help="patient,study,image,hand,finding,joint,grade|label"
    ),
]
Readers = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="Calls of human readers: reader,image,hand,finding,joint,label|grade; repeatable.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", file_okay=False, help="Write JSON, CSV, Markdown, LaTeX tables, and plots."
    ),
]


@guarded
def classification(
    predictions: Predictions,
    labels: Labels,
    *,
    readers: Readers = None,
    missing_as: Annotated[
        MissingAs,
        typer.Option(help="What a labelled joint counts as for whoever does not call it."),
    ] = MissingAs.EXCLUDE,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Resamples of the patients; 0 for no intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 1,
    out: Out = None,
) -> int:
    """Say how well damaged joints are told from intact ones, by joint sets, models and readers.

    The labels come last. A model is a column, as is a reader; models of one name in several files
    are told apart by the files' names. Pictures are matched by as much of their path as the labels
    give. A call is the label of the file, whatever threshold it was made with.

    Intervals are 95 % percentile intervals of a bootstrap of patients, widened for few. PR-AUC is
    the area under the precision-recall curve by trapezoids; a reader's is of the calls as 0 and 1.
    Into a pipe goes a row a figure; a terminal also shows differences, agreement, and what is found
    by grade.
    """
    require_training()
    from sharp_cli.datasets.labels import read_labels
    from sharp_cli.evaluation.cases import match, picture
    from sharp_cli.evaluation.classification import evaluate
    from sharp_cli.evaluation.classification_tables import tables
    from sharp_cli.evaluation.files import cells, write
    from sharp_cli.evaluation.raters import read_models, read_readers
    from sharp_cli.fileio import output

    if out is not None:
        output.make_folder(out)
    truth = read_labels(labels)
    images = {picture(joint) for joint in truth.joints}
    raters = [*read_models(predictions, images), *read_readers(readers or [], images)]
    cases = match(labels, truth.joints, raters, missing_as.value)
    evaluation = evaluate(cases, resamples=bootstrap, seed=seed)
    if truth.unlabelled:
        say("note", f"{labels}: {len(truth.unlabelled)} rows have neither grade nor label")
    how = "left out" if missing_as is MissingAs.EXCLUDE else f"counted as {missing_as.value}"
    for one in evaluation.partners:
        if one.not_called or one.not_labelled:
            say(
                "note",
                f"{one.name}: {one.not_called} labelled joints not called "
                f"({how}), {one.not_labelled} called joints not labelled",
            )
    if terminal.is_terminal():
        _draw(tables(evaluation))
    else:
        show(*cells(evaluation.figures))
    if out is not None:
        from sharp_cli.evaluation.classification_plots import calibration, precision_recall

        made_with = {
            "predictions": [str(path) for path in predictions],
            "labels": str(labels),
            "readers": [str(path) for path in readers or []],
            "unlabelled_rows": len(truth.unlabelled),
            "missing_as": missing_as.value,
            "bootstrap": bootstrap,
            "seed": seed,
        }
        write(
            out,
            "classification",
            evaluation,
            made_with,
            tables=tables(evaluation),
            plots={"precision-recall": precision_recall(cases), "calibration": calibration(cases)},
        )
    return 0


def _draw(tables: Iterable[Table]) -> None:
    """Draw tables on a terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Drawn
    from rich.text import Text

    for table in tables:
        drawn = Drawn(*map(escape, table.columns), title=Text(table.caption), title_justify="left")
        for number, row in enumerate(table.rows):
            drawn.add_row(
                *(
                    Text(cell, "bold" if (number, column) in table.bold else "")
                    for column, cell in enumerate(row)
                )
            )
        Console().print(drawn)
