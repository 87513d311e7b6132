"""`sharp evaluate wrists`: classifiers on wrists that are known to be erosive or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import Images, TablesOut, Truth
from sharp_cli.cli.commands.evaluate.outputs import print_or_write
from sharp_cli.cli.extras import require
from sharp_cli.cli.progress import progress

EXAMPLES: Final = """\
sharp evaluate wrists radiographs joints.csv wrists.csv
"""

Wrists = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="Whether any joint of a wrist is eroded, 1 or 0: image,patient,hand,erosive.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, wrists, EXAMPLES)


def wrists(
    images: Images,
    truth: Truth,
    wrists: Wrists,
    *,
    bundle: options.FindingsBundle = None,
    out: TablesOut = None,
) -> None:
    """Measure classifiers on wrists of which it is known only whether any joint is eroded.

    Each joint is classified by itself, at its annotated position. `roc_auc_highest` and
    `roc_auc_mean` are of the highest and the mean probability of a wrist's joints, and
    `sensitivity_at_5_percent` of the mean; `called_…` are the fractions of wrists with a joint
    that is called non-intact at the thresholds of the bundle, `joints_called_…` those of joints.
    Narrowing is set against erosion, too. Intervals are by a bootstrap of patients.
    """
    require("evaluate")
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.datasets.annotations.csv_file import read_annotations
    from sharp_cli.evaluation.measurements import measurement_table
    from sharp_cli.evaluation.wrists import classify_wrists, measure_wrists, read_wrists
    from sharp_cli.inference.classifier import Classifier

    known, annotated = read_wrists(wrists), read_annotations(truth)
    classifier = Classifier(open_bundle("findings", bundle))
    with progress(len(known)) as on_progress:
        joints = classify_wrists(classifier, known, annotated, images, on_progress=on_progress)
    measured = measure_wrists(joints)
    table = measurement_table(measured, "Classification of wrists that are erosive or not")
    inputs = {"images": images, "truth": truth, "wrists": wrists, "models": bundle}
    print_or_write(table, out, kind="wrists", evaluation=measured, inputs=inputs)
