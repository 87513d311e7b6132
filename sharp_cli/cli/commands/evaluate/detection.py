"""`sharp evaluate detection`: detected joints against annotations or an adjudication."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import log, print_table
from sharp_cli.core.errors import UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sharp_cli.evaluation.detection_match import Comparison
    from sharp_cli.evaluation.detection_table import DetectionEvaluation

EXAMPLES: Final = """\
sharp detect radiographs --csv detected.csv
sharp evaluate detection detected.csv joints.csv --out detection
"""

_PLACES: Final = ("joints", "detected", "mean", "median", "p95", "found")
_FLAGS: Final = ("off", "off_flagged", "good_flagged")

Predictions = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        help="CSV of detect or score, or their JSON, which includes the pixel spacing.",
    ),
]
Truth = Annotated[Path | None, typer.Argument(help="Annotated joints: image,hand,joint,x,y.")]
Adjudication = Annotated[
    Path | None,
    typer.Option(
        "--verdicts",
        exists=True,
        dir_okay=False,
        help="Reader adjudication, instead of the tolerance: image,hand,finding,joint,correct.",
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="Which joints are damaged: patient,study,image,hand,finding,joint,grade|label.",
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=100,
        help="Distance within which a joint counts as found, in percent of the hand's median "
        "proximal phalanx length. Default: 15.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        file_okay=False,
        help="Write JSON, CSV, Markdown and LaTeX tables, and a plot.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, detection, EXAMPLES)


def detection(
    predictions: Predictions,
    truth: Truth = None,
    *,
    adjudication: Adjudication = None,
    labels: Labels = None,
    tolerance: Tolerance = None,
    out: Out = None,
) -> None:
    """Measure how far detected joints lie from annotated ones, and how many are found.

    Distances are in percent of the hand's median proximal phalanx length; `found` is the percentage
    of annotated joints within the tolerance. Images are matched by the end of their path, as far
    as the annotations give it, and hands by side.

    If the detector flags joints as uncertain, it is also measured how well: `off` counts joints
    that are not found, `off_flagged` is the percentage of these that is flagged as uncertain or not
    detected, `good_flagged` the percentage of the found joints that is flagged as uncertain.

    With labels or a reader adjudication, the rates of found joints are given for intact,
    non-intact and all joints. A folder also gets the distances in pixels at the common scale and
    in mm.
    """
    if truth is None and adjudication is None:
        message = "nothing to compare with; give TRUTH (annotated joints), --verdicts, or both"
        raise UsageError(message)
    if truth is None and tolerance is not None:
        message = "--tolerance applies to distances, which --verdicts lacks; give TRUTH as well"
        raise UsageError(message)
    if out is not None:
        require("evaluate")
        output.make_folder(out)
    from sharp_cli.evaluation.detection_match import compare
    from sharp_cli.evaluation.detection_table import evaluate_detection
    from sharp_cli.evaluation.metrics.detection import TOLERANCE

    limit = TOLERANCE if tolerance is None else tolerance / 100
    compared = compare(
        predictions, truth=truth, adjudication=adjudication, labels=labels, tolerance=limit
    )
    for one in compared.partners:
        log("note", f"{one.joints} joints {one.what}: {one.effect}")
    evaluation = evaluate_detection(compared)
    names = dict.fromkeys(f"{rate.finding} {rate.joints}" for rate in evaluation.rates)
    columns: dict[str, Iterable[object]] = {"group": names}
    if truth is not None:
        columns |= _distances(compared, limit)
    if labels is not None or adjudication is not None:
        columns |= _rates(evaluation)
    if out is None:
        print_table([*columns], zip(*columns.values(), strict=True))
    else:
        paths = {
            "predictions": predictions,
            "truth": truth,
            "verdicts": adjudication,
            "labels": labels,
        }
        _write(out, paths, compared, evaluation)
        log("done", f"the evaluation is in {out}")


def _distances(compared: Comparison, tolerance: float) -> dict[str, Iterable[object]]:
    """Columns of distances, and of how well `uncertain` flags joints that are off."""
    from sharp_cli.evaluation.metrics.detection import grouped, summarise, summarise_flags

    groups = grouped(compared.errors).values()
    places = [summarise(errors, tolerance) for errors in groups]
    columns: dict[str, Iterable[object]]
    columns = {name: [getattr(row, name) for row in places] for name in _PLACES}
    if compared.uncertain:
        flags = [summarise_flags(errors, tolerance) for errors in groups]
        columns |= {name: [getattr(row, name) for row in flags] for name in _FLAGS}
    return columns


def _rates(evaluation: DetectionEvaluation) -> dict[str, Iterable[object]]:
    """Columns of how many joints are found, by state."""
    from sharp_cli.evaluation.detection_table import STATES

    return {
        state.replace("-", "_"): [rate for rate in evaluation.rates if rate.state == state]
        for state in STATES
    }


def _write(
    folder: Path,
    paths: Mapping[str, Path | None],
    compared: Comparison,
    evaluation: DetectionEvaluation,
) -> None:
    """Write the evaluation as files; without distances there is no plot."""
    from sharp_cli.evaluation import files
    from sharp_cli.evaluation.detection_plots import distance_errors
    from sharp_cli.evaluation.detection_table import tables

    made_with = {name: None if path is None else str(path) for name, path in paths.items()}
    distances = evaluation.distances
    files.write(
        folder,
        "detection",
        evaluation,
        {**made_with, "found": compared.criterion},
        tables=tables(evaluation, compared.criterion),
        plots={"distance-errors": distance_errors(distances)} if distances else {},
    )
