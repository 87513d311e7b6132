"""`sharp evaluate classification`: predictions against labels."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options, terminal
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import By, Studies, columns_of
from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import log, log_form, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sharp_cli.datasets.labels import Labels
    from sharp_cli.evaluation.cases import MatchCounts
    from sharp_cli.evaluation.tables import Table

EXAMPLES: Final = """\
sharp score radiographs --csv results.csv
sharp evaluate classification results.csv labels.csv --out figures
# two models and the readers, side by side
sharp evaluate classification siso.csv mimo-local.csv labels.csv \\
  --readers readers.csv
# the same for parts of the patients
sharp evaluate classification mimo-local.csv labels.csv \\
  --studies manifest.csv --by sex,site
"""


class MissingAs(str, Enum):
    """What a labelled joint without a call counts as."""

    INTACT = "intact"
    NON_INTACT = "non-intact"
    EXCLUDE = "exclude"


Predictions = Annotated[
    list[Path],
    typer.Argument(
        exists=True, dir_okay=False, help="CSV of score, or predictions of train classifier."
    ),
]
LabelsFile = Annotated[
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
MissingAsOption = Annotated[
    MissingAs,
    typer.Option(
        "--missing-as", help="What a labelled joint counts as for a model or reader without a call."
    ),
]
Bootstrap = Annotated[
    int, typer.Option(min=0, help="Number of bootstrap samples; 0 for no intervals.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        file_okay=False,
        help="Write JSON, CSV, Markdown and LaTeX tables, and plots.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, classification, EXAMPLES)


def classification(
    predictions: Predictions,
    labels: LabelsFile,
    *,
    readers: Readers = None,
    studies: Studies = None,
    by: By = None,
    missing_as: MissingAsOption = MissingAs.EXCLUDE,
    bootstrap: Bootstrap = 2000,
    seed: options.Seed = 1,
    out: Out = None,
) -> None:
    """Measure how well damaged and intact joints are distinguished, by joint set, model and reader.

    The labels come last. Each model is a column, and so is each reader; models of the same name in
    several files are distinguished by the names of the files. Images are matched by the end of
    their path, as far as the labels give it. A call is the label in the file, whatever its
    threshold.

    Intervals are 95 % percentile intervals of a bootstrap over patients, widened for small numbers
    of patients. PR-AUC is the area under the precision-recall curve by the trapezoidal rule; for a
    reader, calls count as 0 and 1. A pipe gets one row per metric; a terminal also shows
    differences, agreement, sensitivity by grade, and what --by asks for. With --out, all of it goes
    there alone.
    """
    require("evaluate")
    from sharp_cli.datasets.labels import read_labels
    from sharp_cli.evaluation.cases import match, picture
    from sharp_cli.evaluation.classification import evaluate_classification
    from sharp_cli.evaluation.classification_tables import tables
    from sharp_cli.evaluation.files import cells, write
    from sharp_cli.evaluation.raters import read_models, read_readers
    from sharp_cli.evaluation.study_table import read_study_table
    from sharp_cli.fileio import output

    columns = columns_of(by, studies)
    log_form(*predictions, labels, studies, *(readers or []))
    if out is not None:
        output.make_folder(out)
    truth = read_labels(labels)
    images = {picture(joint) for joint in truth.joints}
    raters = [*read_models(predictions, images), *read_readers(readers or [], images)]
    cases = match(labels, truth.joints, raters, missing_as.value)
    table = None if studies is None else read_study_table(studies, columns)
    evaluation = evaluate_classification(cases, table, columns, resamples=bootstrap, seed=seed)
    log_not_measured(labels, truth)
    how = "excluded" if missing_as is MissingAs.EXCLUDE else f"counted as {missing_as.value}"
    log_matches(evaluation.partners, how)
    log_average(*cases.read_by_all())
    if out is None and terminal.is_terminal():
        print_tables(tables(evaluation))
    elif out is None:
        print_table(*cells(evaluation.figures))
    else:
        from sharp_cli.evaluation.classification_plots import Plots

        made_with = {
            "predictions": [str(path) for path in predictions],
            "labels": str(labels),
            "readers": [str(path) for path in readers or []],
            "studies": None if studies is None else str(studies),
            "by": columns,
            "unlabelled_rows": len(truth.unlabelled),
            "not_assessable": len(truth.not_assessable),
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
            plots=Plots(cases, evaluation.figures, resamples=bootstrap, seed=seed).all(),
        )
        log("done", f"the evaluation is in {out}")


def log_not_measured(path: Path, labels: Labels) -> None:
    """Note what a table of labels holds that is not measured joint by joint."""
    if labels.unlabelled:
        log("note", f"{path}: {len(labels.unlabelled)} rows have neither grade nor label")
    if labels.not_assessable:
        log("note", f"{path}: {len(labels.not_assessable)} joints are not assessable: left out")
    if unclear := sum(one.damaged for one in labels.sets):
        log("note", f"{path}: {unclear} non-intact sets of joints: not measured joint by joint")


def log_matches(partners: Iterable[MatchCounts], how: str) -> None:
    """Note how many joints have a label or a call only, and what is done with the labelled ones."""
    for one in partners:
        if one.not_called or one.not_labelled:
            log(
                "note",
                f"{one.name}: {one.not_called} labelled joints not called "
                f"({how}), {one.not_labelled} called joints not labelled",
            )
        if one.not_assessable:
            log("note", f"{one.name}: {one.not_assessable} joints are not assessable: left out")


def print_tables(tables: Iterable[Table]) -> None:
    """Print tables on a terminal, the best of each row bold."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as TerminalTable
    from rich.text import Text

    for table in tables:
        shown = TerminalTable(
            *map(escape, table.columns), title=Text(table.caption), title_justify="left"
        )
        for number, row in enumerate(table.rows):
            shown.add_row(
                *(
                    Text(cell, "bold" if (number, column) in table.bold else "")
                    for column, cell in enumerate(row)
                )
            )
        Console().print(shown)


def log_average(common: int, own: Mapping[str, int]) -> None:
    """Warn of an average of readers who call different joints."""
    from sharp_cli.evaluation.cases import AVERAGE

    if len(own) > 1 and set(own.values()) != {common}:
        counts = ", ".join(f"{name}: {count}" for name, count in own.items())
        log(
            "warning",
            f"{AVERAGE}: they call different joints ({counts}), so it is of the {common} that all "
            "of them call, and is not the mean of their columns",
        )
