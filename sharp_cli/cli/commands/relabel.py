"""`sharp relabel`: results by other thresholds, from the probabilities that they hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.report import report
from sharp_cli.cli.outputs import STDOUT, Outputs
from sharp_cli.cli.progress import rated_progress
from sharp_cli.cli.terminal import count, log, log_form
from sharp_cli.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.results.document import Document
    from sharp_cli.results.html.sources import Results
    from sharp_cli.results.relabel import Thresholds

EXAMPLES: Final = """\
sharp score hands.dcm --json result.json
# more erosions, and fewer narrowed PIP joints
sharp relabel result.json --threshold erosion=0.3,jsn/PIP=0.6 \\
  --json new.json --page new.html
# a folder of results, by thresholds that find 90 % of the non-intact joints
sharp relabel results --sensitivity 0.9 --truth labels.csv --out new
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
Specificity = Annotated[
    float | None,
    typer.Option(
        "--specificity",
        metavar="S",
        min=0.01,
        max=1,
        help="Take for each finding and joint group the lowest threshold that does not call this "
        "fraction of the intact joints of --truth.",
    ),
]
Truth = Annotated[
    Path | None,
    typer.Option(
        "--truth",
        metavar="LABELS",
        exists=True,
        dir_okay=False,
        help="Labels for --sensitivity or --specificity, a table as for sharp train classifier.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        help="Write a folder of results, with all that sharp score --out writes.",
    ),
]
Page = Annotated[
    Path | None,
    typer.Option(
        "--page",
        metavar="PAGE",
        help="FILE.html or a folder for the pages that sharp report makes of --out or --json.",
    ),
]
Images = Annotated[
    Path | None,
    typer.Option(
        "--images",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="For --out and --page: where the radiographs are now, as for sharp report.",
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
    specificity: Specificity = None,
    truth: Truth = None,
    finding: options.FindingOption = None,
    joints: options.JointsOption = None,
    out: Out = None,
    json: options.Json = None,
    csv: options.Csv = None,
    wide: options.Wide = None,
    overlay: options.Overlay = None,
    dicom_sr: options.DicomSR = None,
    dicom_overlay: options.DicomOverlay = None,
    page: Page = None,
    images: Images = None,
) -> ExitCode:
    """Decide again which joints are non-intact, from the probabilities in results.

    Nothing is computed again, and the results stay as they are: new ones are written. Where a label
    changes, its certainty is uncertain. A terminal gets a table, a pipe CSV; neither, once an
    option names a file or folder. Pictures and pages are made of the radiographs, which are read
    again.

    A threshold chosen on labels (--sensitivity, --specificity) suits the patients of these labels;
    what it is worth has to be measured on others.
    """
    from sharp_cli.results.assemble import with_studies
    from sharp_cli.results.html.sources import read_results
    from sharp_cli.results.relabel import relabel as with_thresholds
    from sharp_cli.results.relabel import thresholds_of
    from sharp_cli.results.run import Run
    from sharp_cli.results.selection import selection_of

    ways = [threshold, sensitivity, specificity]
    chosen = sensitivity is not None or specificity is not None
    if sum(way is not None for way in ways) > 1 or chosen != (truth is not None):
        message = "give --threshold, or one of --sensitivity and --specificity with --truth"
        raise UsageError(message)
    if page is not None and out is None and json in (None, STDOUT):
        message = f"--page {page}: is made of the new results; name a place for them with --out "
        raise UsageError(message + "or --json")
    found = read_results(results)
    outputs = Outputs(
        [row.file for study in found.studies.values() for row in study.inputs],
        json,
        csv,
        overlay,
        dicom_sr,
        dicom_overlay,
        piped="csv" if out is None else None,
        wide=wide,
        selection=selection_of(finding, joints),
        results=[*map(str, results)],
    )
    outputs.check()
    _require_one_run(found.studies)
    if truth is not None:
        thresholds = _chosen(found.studies, truth, sensitivity, specificity)
    else:
        thresholds = {} if threshold is None else thresholds_of(threshold)
    studies = {name: with_thresholds(one, thresholds) for name, one in found.studies.items()}
    first, *others = studies.values()
    document = with_studies(first, others)
    _log_changes(found.studies, document)
    code = outputs.finish(document, Run())
    if out is not None:
        new = replace(found, studies=studies)
        code = max(code, _write_folder(out, new, [*map(str, results)], thresholds, images))
    made_of = out or (Path(json) if json else None)
    if page is None or made_of is None:
        return code
    return max(code, report([made_of], out=page, truth=truth, images=images))


def _write_folder(
    out: Path,
    new: Results,
    given: Sequence[str],
    thresholds: Thresholds,
    images: Path | None,
) -> ExitCode:
    """Write new results as a folder."""
    from sharp_cli.batch.relabelled import write_relabelled
    from sharp_cli.results.locate import Radiographs
    from sharp_cli.results.run import Run

    limits = (f"{'/'.join(head)} {limit:g}" for head, limit in thresholds.items())
    settings = {"results": given, "thresholds": ", ".join(limits)}
    run = Run()
    total = sum(len(study.inputs) for study in new.studies.values())
    with rated_progress(total) as run.on_progress:
        written = write_relabelled(out, new, settings, Radiographs(images), run)
    for reason in dict.fromkeys(failure.reason for failure in run.failures):
        log("error", reason)
    log("done", f"{count(written, 'study')} in {out}")
    return run.exit_code


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


def _chosen(
    studies: Mapping[str, Document],
    truth: Path,
    sensitivity: float | None,
    specificity: float | None,
) -> Thresholds:
    """The thresholds with a rate on labels."""
    from sharp_cli.results.html.truth import read_truth
    from sharp_cli.results.relabel import choose_thresholds

    log_form(truth)
    labels = read_truth(truth, studies.values())
    found = choose_thresholds(
        studies.values(), labels, sensitivity=sensitivity, specificity=specificity
    )
    for (finding, group), one in found.items():
        rates = (
            f"{rate} {value:.2f} of {count(joints, f'{kind} joint')}"
            for rate, value, joints, kind in (
                ("sensitivity", one.sensitivity, one.non_intact, "non-intact"),
                ("specificity", one.specificity, one.intact, "intact"),
            )
            if joints
        )
        log("note", f"{finding}/{group}: threshold {one.threshold:g}, {', '.join(rates)}")
    return {head: one.threshold for head, one in found.items()}


def _log_changes(before: Mapping[str, Document], after: Document) -> None:
    """Note how many labels changed."""
    old = [row.label for study in before.values() for row in study.joints]
    changed = sum(was != row.label for was, row in zip(old, after.joints, strict=True))
    log("note", f"{changed} of {len(old)} labels changed")
