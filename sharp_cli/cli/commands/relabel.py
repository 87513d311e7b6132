"""`sharp relabel`: results by other thresholds, from the probabilities that they hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.report import report
from sharp_cli.cli.outputs import STDOUT, Outputs
from sharp_cli.cli.terminal import log, log_form
from sharp_cli.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.results.document import Document
    from sharp_cli.results.relabel import Thresholds

EXAMPLES: Final = """\
sharp score hands.dcm --json result.json
# more erosions, and fewer narrowed PIP joints
sharp relabel result.json --threshold erosion=0.3,jsn/PIP=0.6 \\
  --json new.json --page new.html
# thresholds that find 90 % of the non-intact joints of some labels
sharp relabel results --sensitivity 0.9 --truth labels.csv --csv new.csv
# a table of some joints, labels as they are
sharp relabel results --finding erosion --joints MCP2,MCP3 --csv mcp.csv
"""

Threshold = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        metavar="P|NAME=P,...",
        help="Probability from which a joint counts as non-intact: a number for all, or for "
        "findings and joint groups, as in erosion=0.3,jsn/PIP=0.6. The others keep theirs.",
    ),
]
Sensitivity = Annotated[
    float | None,
    typer.Option(
        "--sensitivity",
        metavar="S",
        min=0.01,
        max=1,
        help="Take for each finding and joint group the highest threshold that calls this fraction "
        "of the non-intact joints of --truth.",
    ),
]
Truth = Annotated[
    Path | None,
    typer.Option(
        "--truth",
        metavar="LABELS",
        exists=True,
        dir_okay=False,
        help="Labels for --sensitivity, a table as for sharp train classifier.",
    ),
]


Page = Annotated[
    Path | None,
    typer.Option(
        "--page",
        metavar="PAGE",
        help="FILE.html or a folder for the pages that sharp report makes of --json.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, relabel, EXAMPLES)


def relabel(
    results: options.ResultDocuments,
    *,
    threshold: Threshold = None,
    sensitivity: Sensitivity = None,
    truth: Truth = None,
    finding: options.FindingOption = None,
    joints: options.JointsOption = None,
    json: options.Json = None,
    csv: options.Csv = None,
    wide: options.Wide = None,
    overlay: options.Overlay = None,
    dicom_sr: options.DicomSR = None,
    dicom_overlay: options.DicomOverlay = None,
    page: Page = None,
) -> ExitCode:
    """Decide again which joints are non-intact, from the probabilities in results.

    Nothing is computed again, and the results stay as they are: new ones are written. Where a label
    changes, its certainty is uncertain. A terminal gets a table, a pipe CSV; neither, once an
    option names a file.

    A threshold chosen on labels (--sensitivity) suits the patients of these labels; what it is
    worth has to be measured on others.
    """
    from sharp_cli.results.assemble import with_studies
    from sharp_cli.results.html.sources import read_results
    from sharp_cli.results.relabel import relabel as with_thresholds
    from sharp_cli.results.relabel import thresholds_of
    from sharp_cli.results.run import Run
    from sharp_cli.results.selection import selection_of

    if (sensitivity is None) != (truth is None) or None not in (threshold, sensitivity):
        message = "give --threshold, or --sensitivity and --truth, and not both"
        raise UsageError(message)
    if page is not None and json in (None, STDOUT):
        message = f"--page {page}: is made of the new results; name a file for them with --json"
        raise UsageError(message)
    selection = selection_of(finding, joints)
    found = read_results(results)
    inputs = [row.file for study in found.studies.values() for row in study.inputs]
    outputs = Outputs(
        inputs,
        json,
        csv,
        overlay,
        dicom_sr,
        dicom_overlay,
        wide=wide,
        selection=selection,
        results=[*map(str, results)],
    )
    outputs.check()
    if truth is not None and sensitivity is not None:
        thresholds = _chosen(found.studies, truth, sensitivity)
    else:
        thresholds = {} if threshold is None else thresholds_of(threshold)
    _require_one_run(found.studies)
    first, *others = (with_thresholds(study, thresholds) for study in found.studies.values())
    document = with_studies(first, others)
    _log_changes(found.studies, document)
    code = outputs.finish(document, Run())
    if page is None or json is None:
        return code
    return max(code, report([Path(json)], out=page, truth=truth))


def _require_one_run(studies: Mapping[str, Document]) -> None:
    """Check that studies can be in one document.

    Raises:
        UsageError: They were made with different models or thresholds, or are called alike.
    """
    first = next(iter(studies.values()))
    for name, study in studies.items():
        made = (study.models, study.model, study.threshold, study.thresholds, study.prevalence)
        if made != (first.models, first.model, first.threshold, first.thresholds, first.prevalence):
            message = f"{name}: made with other models or thresholds than the first study; "
            raise UsageError(message + "relabel the results of one run at a time")
        if study.inputs[0].study != name:
            message = f"{study.inputs[0].study}: the name of two studies; relabel one at a time"
            raise UsageError(message)


def _chosen(studies: Mapping[str, Document], truth: Path, sensitivity: float) -> Thresholds:
    """The thresholds with a sensitivity on labels."""
    from sharp_cli.results.html.truth import read_truth
    from sharp_cli.results.relabel import sensitive_thresholds

    log_form(truth)
    found = sensitive_thresholds(studies.values(), read_truth(truth, studies.values()), sensitivity)
    for (finding, group), one in found.items():
        log(
            "note",
            f"{finding}/{group}: threshold {one.threshold:g}, sensitivity {one.sensitivity:.2f} of "
            f"{one.non_intact} non-intact joints, specificity {one.specificity:.2f} of "
            f"{one.intact} intact ones",
        )
    return {head: one.threshold for head, one in found.items()}


def _log_changes(before: Mapping[str, Document], after: Document) -> None:
    """Note how many labels changed."""
    old = [row.label for study in before.values() for row in study.joints]
    changed = sum(was != row.label for was, row in zip(old, after.joints, strict=True))
    log("note", f"{changed} of {len(old)} labels changed")
