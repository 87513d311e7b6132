"""`sharp evaluate intact`: false alarms on hands that are known to be intact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import TablesOut
from sharp_cli.cli.commands.evaluate.outputs import print_or_write
from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import log

EXAMPLES: Final = """\
sharp score intact-hands --csv results.csv
sharp evaluate intact results.csv
# some joints are injured
sharp evaluate intact results.csv --leave-out injured.csv
"""

Results = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="The CSV or JSON of score.")
]
LeaveOut = Annotated[
    Path | None,
    typer.Option(
        "--leave-out",
        metavar="TABLE",
        exists=True,
        dir_okay=False,
        help="Joints to exclude, separated by spaces: image,leave_out; patient is optional.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, intact, EXAMPLES)


def intact(results: Results, *, leave_out: LeaveOut = None, out: TablesOut = None) -> None:
    """Measure how often joints are called non-intact on hands that are known to be intact.

    Rates are in percent, with 95 % intervals by a bootstrap of patients: those of the table's
    column `patient`, else each image counts as a patient of its own. Images are matched by the end
    of their path, as far as the table gives it.
    """
    require("evaluate")
    from sharp_cli.datasets.joint_keys import match_image
    from sharp_cli.evaluation.detection_inputs import read_predictions
    from sharp_cli.evaluation.false_alarms import (
        classified_joints,
        evaluate_false_alarms,
        read_exclusions,
        table,
    )

    joints = read_predictions(results).joints
    exclusions = {} if leave_out is None else read_exclusions(leave_out)
    evaluation = evaluate_false_alarms(results, [*classified_joints(joints, exclusions)])
    lost = len(exclusions) - len(
        {match_image(row.file, exclusions) for row in joints} & {*exclusions}
    )
    if lost:
        log("note", f"{leave_out}: {lost} of {len(exclusions)} images are not in {results}")
    inputs = {"results": results, "leave_out": leave_out}
    print_or_write(table(evaluation), out, kind="intact", evaluation=evaluation, inputs=inputs)
