"""`sharp evaluate crops`: classifiers on graded crops of single joints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import TablesOut
from sharp_cli.cli.commands.evaluate.outputs import print_or_write
from sharp_cli.cli.extras import require
from sharp_cli.cli.progress import progress

EXAMPLES: Final = """\
sharp evaluate crops crops grades.csv
"""

Crops = Annotated[
    Path,
    typer.Argument(exists=True, file_okay=False, help="Folder of the crops, at any depth."),
]
Grades = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="Grades, x where one cannot be judged: image,case,hand,joint,erosion,jsn.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, crops, EXAMPLES)


def crops(
    images: Crops,
    grades: Grades,
    *,
    bundle: options.FindingsBundle = None,
    out: TablesOut = None,
) -> None:
    """Measure classifiers on crops of single joints, which show an upright bone end each.

    Each crop is classified by itself. `roc_auc` sets plain damage, grade 2 or more, against none;
    `called_grade_…` is the fraction called non-intact at the thresholds of the bundle, as is
    `sensitivity` of plain damage; `sensitivity_at_5_percent` is that at the threshold which calls
    5 % of the crops without damage. Intervals are by a bootstrap of cases.
    """
    require("evaluate")
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.evaluation.crops import classify_crops, measure_crops, read_crops
    from sharp_cli.evaluation.measurements import measurement_table
    from sharp_cli.inference.classifier import Classifier

    graded = read_crops(grades)
    classifier = Classifier(open_bundle("findings", bundle))
    with progress(len(graded)) as on_progress:
        results = classify_crops(classifier, graded, images, on_progress=on_progress)
    measured = measure_crops(graded, results)
    table = measurement_table(measured, "Classification of crops of single joints")
    inputs = {"images": images, "grades": grades, "models": bundle}
    print_or_write(table, out, kind="crops", evaluation=measured, inputs=inputs)
