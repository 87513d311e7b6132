"""`sharp evaluate grades`: grades, scores and their change against labels and readers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options, terminal
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.classification import (
    Bootstrap,
    LabelsFile,
    Out,
    Readers,
    log_matches,
    log_not_measured,
    print_tables,
)
from sharp_cli.cli.commands.evaluate.options import By, Studies, columns_of
from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import log, log_form, print_table
from sharp_cli.core.errors import UsageError

EXAMPLES: Final = """\
# two readers, of whom one is the labels
sharp evaluate grades labels.csv --readers readers.csv
# models and readers, their scores and the change between visits, by site
sharp evaluate grades predictions.csv labels.csv --readers readers.csv \\
  --studies manifest.csv --by site,sex --out figures
"""


Predictions = Annotated[
    list[Path],
    typer.Argument(
        default_factory=list,
        exists=True,
        dir_okay=False,
        help="CSV of score, or predictions of train classifier, with grades.",
        show_default=False,
    ),
]
Missing = Annotated[
    options.Missing,
    typer.Option(
        "--missing",
        help="What stands for a joint that one of the raters compared does not grade. scale: the "
        "mean of the finding's other joints of the hand, if these are half of them at least; "
        "refuse: the hand has no score; zero: nothing is added, for any of them.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, grades, EXAMPLES)


def grades(
    predictions: Predictions,
    labels: LabelsFile,
    *,
    readers: Readers = None,
    studies: Studies = None,
    by: By = None,
    missing: Missing = options.Missing.SCALE,
    bootstrap: Bootstrap = 2000,
    seed: options.Seed = 1,
    out: Out = None,
) -> None:
    """Measure how far models, readers and labels agree on SHS grades, scores and change.

    The labels come last. On grades: quadratic weighted kappa, exact agreement and that within one
    grade, mean absolute error and balanced accuracy by joint group. On the scores of hands and
    studies, and on their change from each patient's first to their last visit: ICC(2,1), ICC(3,1),
    bias and limits of agreement, SEM, smallest detectable change, and the share of patients with
    a larger one. A model's score is the sum of its expected grades.

    Joints that a reader calls not assessable (grade x) are left out. Change needs the dates of
    --studies. A pipe gets a row for each metric of grades; a terminal also shows those of scores;
    with --out, all of it goes there alone, with Bland-Altman and cumulative probability plots.
    """
    require("evaluate")
    from sharp_cli.datasets.labels import read_labels
    from sharp_cli.evaluation.cases import match, picture
    from sharp_cli.evaluation.files import cells, write
    from sharp_cli.evaluation.grades import grades_of
    from sharp_cli.evaluation.grading import evaluate_grading
    from sharp_cli.evaluation.grading_plots import grading_plots
    from sharp_cli.evaluation.grading_tables import grading_tables
    from sharp_cli.evaluation.raters import read_models, read_readers
    from sharp_cli.evaluation.study_table import read_study_table
    from sharp_cli.fileio import output

    columns = columns_of(by, studies)
    if not predictions and not readers:
        message = "name predictions, or readers with --readers, to compare with the labels"
        raise UsageError(message)
    log_form(*predictions, labels, studies, *(readers or []))
    if out is not None:
        output.make_folder(out)
    truth = read_labels(labels)
    images = {picture(joint) for joint in truth.joints}
    raters = [*read_models(predictions, images), *read_readers(readers or [], images)]
    cases = match(labels, truth.joints, raters, "exclude")
    table = None if studies is None else read_study_table(studies, columns)
    evaluation = evaluate_grading(
        cases, table, columns, missing=missing.value, resamples=bootstrap, seed=seed
    )
    log_not_measured(labels, truth)
    log_matches(evaluation.partners, "excluded")
    dates = table.dates(cases.joints) if table else {}
    if not dates:
        log("note", "no dates of studies, so no change between visits; give --studies with dates")
    tables = grading_tables(evaluation)
    if out is None and terminal.is_terminal():
        print_tables(tables)
    elif out is None:
        print_table(*cells(evaluation.grades))
    else:
        made_with = {
            "predictions": [str(path) for path in predictions],
            "labels": str(labels),
            "readers": [str(path) for path in readers or []],
            "not_assessable": len(truth.not_assessable),
            "studies": None if studies is None else str(studies),
            "by": columns,
            "missing": missing.value,
            "bootstrap": bootstrap,
            "seed": seed,
        }
        plots = grading_plots(grades_of(cases), dates, missing.value)
        write(out, "grades", evaluation, made_with, tables=tables, plots=plots)
        log("done", f"the evaluation is in {out}")
