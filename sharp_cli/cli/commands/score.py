"""`sharp score`: from radiographs to scored joints."""

from __future__ import annotations

import codecs
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.engines import Machines
from sharp_cli.cli.outputs import STDOUT, Outputs
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import count, log, log_form
from sharp_cli.core.errors import ExitCode, UsageError
from sharp_cli.core.prevalence import prevalence_of
from sharp_cli.fileio import output
from sharp_cli.fileio.tables import open_table, parse_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sharp_cli.cli.dicomweb import Remote
    from sharp_cli.execution.questions import Asker
    from sharp_cli.fileio.tables import Table
    from sharp_cli.scoring.not_assessable import NotAssessable as LeftOut
    from sharp_cli.scoring.plan import Plan

EXAMPLES: Final = """\
# a radiograph of both hands, as a table on the terminal
sharp score hands.dcm
# one radiograph of each hand, as files
sharp score p01_L.png p01_R.png --csv p01.csv --overlay p01.png
# an archive, unattended; the same command resumes an interrupted run
sharp score archive --out results
# the same on a Ray cluster
sharp score archive --out results --engine ray --address 10.0.0.1:6379
# the studies of a table, each joint by itself
sharp score --manifest manifest.csv --out results --model siso
# a report and an overlay for a DICOM archive
sharp score hands.dcm --dicom-sr report.dcm --dicom-overlay overlay.dcm
# a study from an archive, the results back to it
sharp score --from-dicomweb https://pacs.example.org/dicom-web \\
  --study 1.2.826.0.1.3680043.8.498.1 --store
"""

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE...",
        help="Radiographs (DICOM, PNG, JPEG, TIFF, BMP), folders, which are searched at any depth, "
        "or patterns; - reads a list of these from stdin, one per line.",
        show_default=False,
    ),
]
Manifest = Annotated[
    str | None,
    typer.Option(
        metavar="CSV",
        help="Score the radiographs that this table lists: study,patient,hand,path, and date if "
        "you like; - reads it from stdin. Paths are relative to its folder, or the working folder; "
        "hand is empty where both hands are shown.",
    ),
]
NotAssessable = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        exists=True,
        dir_okay=False,
        help="Leave out the joints that this table of labels gives the grade x: operated on, fused "
        "by surgery, amputated or covered.",
    ),
]
FromDicomweb = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Score studies of a DICOMweb archive. User name and password come from the "
        "environment (SHARP_DICOMWEB_USER, SHARP_DICOMWEB_PASSWORD) or from netrc.",
    ),
]
StudyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--study",
        metavar="UID",
        help="StudyInstanceUID of a study in the archive; repeatable.",
    ),
]
Store = Annotated[
    bool,
    typer.Option("--store", help="Store report and overlays in the archive as DICOM."),
]
Out = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        help="Write JSON, CSV and overlays to one folder per study, each as soon as it is done, "
        "and results.csv, summary.csv, failures.csv and run.json. The same command resumes an "
        "interrupted run.",
    ),
]

Timeout = Annotated[
    float | None,
    typer.Option(
        min=1,
        metavar="SECONDS",
        help="With --out: let a radiograph fail that takes longer to read, as a damaged one or one "
        "on a disk that does not answer. Default: 600.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, score, EXAMPLES)


def score(
    files: Sources = None,
    *,
    manifest: Manifest = None,
    from_dicomweb: FromDicomweb = None,
    study: StudyOption = None,
    store: Store = False,
    json: options.Json = None,
    csv: options.Csv = None,
    wide: options.Wide = None,
    overlay: options.Overlay = None,
    dicom_sr: options.DicomSR = None,
    dicom_overlay: options.DicomOverlay = None,
    out: Out = None,
    finding: options.FindingOption = None,
    joints: options.JointsOption = None,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    prevalence: options.Prevalence = None,
    strict: options.Strict = False,
    missing: options.MissingOption = options.Missing.SCALE,
    not_assessable: NotAssessable = None,
    mask_annotations: options.MaskAnnotations = False,
    device: options.DeviceOption = options.Device.AUTO,
    precision: options.PrecisionOption = options.Precision.FP32,
    threads: options.Threads = None,
    engine: options.EngineOption = options.Engine.LOCAL,
    address: options.Address = None,
    timeout: Timeout = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
    models: options.FindingsBundle = None,
    trust: options.Trust = None,
) -> ExitCode:
    """Find and classify every joint on hand radiographs.

    A radiograph of both hands is one study. Two files with one hand each are one study if the
    manifest, their DICOM study, or names that differ only in L and R or left and right say so, or
    if no other file is given. A terminal gets a table, a pipe CSV; neither, once an option names a
    file or folder.
    """
    machines = Machines(engine, address, device.value, threads, timeout)
    machines.check(out=out, precision=precision)
    from sharp_cli.results.selection import selection_of

    wanted = None if prevalence is None else prevalence_of(prevalence)
    _check_sources(files or [], manifest, from_dicomweb, out)
    table = _open_manifest(manifest)
    with ThreadPoolExecutor(1) as background, machines.asker(out=out) as asker:
        # Networks are compiled without the lock of Python, under which files are looked at.
        loading = background.submit(
            machines.load, (hands, detector, models), trust or (), precision, out=out
        )
        work = _plan(files or [], manifest, table, asker)
    remote = _remote(from_dicomweb, study or [], out, store=store)
    outputs = Outputs(
        work.files,
        json,
        csv,
        overlay,
        dicom_sr,
        dicom_overlay,
        piped=None if out else "csv",
        wide=wide,
        selection=selection_of(finding, joints),
    )
    outputs.check()
    if out is not None:
        output.make_folder(Path(out))
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.score import score_plan
    from sharp_cli.scoring.visits import with_earlier

    loaded = loading.result()
    scoring = loaded.scoring(
        model.value if model else None,
        visits=any(group.day for group in work.groups),
        threshold=threshold,
        prevalence=wanted,
        strict=strict,
        missing=missing.value,
        not_assessable=_left_out(not_assessable, work),
        mask_annotations=mask_annotations,
    )
    if remote is not None:
        return remote.score(scoring, outputs)
    if scoring.model == "mimo-time":
        work = replace(work, groups=tuple(with_earlier(work.groups)))
    run = Run()
    if out is None:
        with progress(len(work.files)) as run.on_progress:
            document = score_plan(work, scoring, run)
        return outputs.finish(document, run)
    from sharp_cli.cli.results_folder import ResultsFolder, settings

    given = settings(files or [], table, scoring, device.value)
    scorer = machines.score_with(loaded, scoring, (hands, detector, models))
    with machines.asker(out=out) as asker:
        folder = ResultsFolder(Path(out), given, scoring, scorer, run, asker)
        return folder.score(work, outputs)


def _left_out(labels: Path | None, work: Plan) -> LeftOut:
    """The joints that are not assessable.

    Raises:
        DocumentError: The table cannot be used.
    """
    from sharp_cli.scoring.not_assessable import NONE, read_not_assessable

    return NONE if labels is None else read_not_assessable(labels, work.files)


def _remote(
    url: str | None, studies: Sequence[str], out: str | None, *, store: bool
) -> Remote | None:
    """The studies of an archive, if they are to be scored.

    Raises:
        UsageError: The arguments do not fit together.
    """
    if url is None:
        if studies or store:
            message = "--study and --store: of an archive; name it with --from-dicomweb URL"
            raise UsageError(message)
        return None
    if not studies or out is not None:
        message = "--from-dicomweb: needs --study UID, and writes no --out; use --json or --csv"
        raise UsageError(message)
    from sharp_cli.cli.dicomweb import Remote

    return Remote(url, studies, store=store)


def _open_manifest(manifest: str | None) -> Table | None:
    """What the manifest, or for `-` stdin, holds.

    Raises:
        DocumentError: It cannot be read.
    """
    if manifest is None:
        return None
    if manifest == STDOUT:
        table = parse_table("stdin", sys.stdin.buffer.read() if sys.stdin else b"")
    else:
        table = open_table(Path(manifest))
    log_form(table)
    return table


def _check_sources(
    files: Sequence[str], manifest: str | None, url: str | None, out: str | None
) -> None:
    """Check that it is said once where radiographs are, and that it is not where results go.

    Raises:
        UsageError: The arguments do not fit together.
    """
    if sum(map(bool, (files, manifest, url))) != 1:
        message = (
            "name files or folders, --manifest CSV, or --from-dicomweb URL, and only one of them"
        )
        raise UsageError(message)
    for file in files:
        if out is not None and os.path.realpath(file) == os.path.realpath(out):
            message = f"--out {out}: is searched for radiographs; name another folder"
            raise UsageError(message)


def _plan(files: Sequence[str], manifest: str | None, table: Table | None, asker: Asker) -> Plan:
    """What there is to score on this machine.

    Raises:
        DocumentError: The manifest cannot be used.
    """
    from sharp_cli.scoring.plan import plan, plan_manifest

    work = plan_manifest(Path(manifest), table, asker) if manifest else plan(_listed(files), asker)
    if work.others:
        log("note", f"{count(work.others, 'other file')} skipped")
    return work


def _listed(files: Sequence[str]) -> Iterator[str]:
    """The files, and for `-` those that stdin lists.

    Raises:
        UsageError: It lists none.
    """
    for file in files:
        if file == STDOUT:
            yield from _lines(sys.stdin.buffer.read())
        else:
            yield file


def _lines(content: bytes) -> list[str]:
    """The lines of a list of files that are not blank, in UTF-8, or in UTF-16 with its mark.

    Raises:
        UsageError: It is no list.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    if b"\0" in content:
        message = (
            "stdin: no list of files, one a line, in UTF-8, or in UTF-16 with a byte order mark; "
            "name a picture as an argument"
        )
        raise UsageError(message)
    lines = content.removeprefix(codecs.BOM_UTF8).splitlines()
    return [os.fsdecode(line) for line in lines if line.strip()]
