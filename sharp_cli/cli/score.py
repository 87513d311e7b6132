"""`sharp score`: the whole line in one command."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sharp_cli.cli import options
from sharp_cli.cli.engines import Machines
from sharp_cli.cli.results import STDOUT, Outputs
from sharp_cli.cli.terminal import guarded, progress, say
from sharp_cli.core.errors import UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sharp_cli.cli.dicomweb import Remote
    from sharp_cli.scoring.plan import Plan

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE...",
        help="Radiographs (DICOM, PNG, JPEG, TIFF, BMP), folders with radiographs at any depth, "
        "or patterns; - is a list of these on stdin, one a line.",
        show_default=False,
    ),
]
Manifest = Annotated[
    str | None,
    typer.Option(
        metavar="CSV",
        help="Score the radiographs of a table instead: study,patient,hand,path; paths are "
        "relative to it, and hand is empty for both.",
    ),
]
Overlay = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.png",
        help="Draw the boxes and labels on the radiograph; with several files, one picture a "
        "file, its name added (a.png: a-hand1.png).",
    ),
]
DicomSR = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.dcm",
        help="Write the findings as a DICOM structured report for the archive; with several "
        "studies, one a study, its name added.",
    ),
]
DicomOverlay = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.dcm",
        help="Write the overlay as a DICOM picture for the archive; with several files, as "
        "--overlay does.",
    ),
]
FromDicomweb = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Score studies of an archive instead, over DICOMweb. User name and password are "
        "those of SHARP_DICOMWEB_USER and SHARP_DICOMWEB_PASSWORD in the environment, or of netrc.",
    ),
]
StudyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--study",
        metavar="UID",
        help="The StudyInstanceUID of a study of the archive; may be given several times.",
    ),
]
Store = Annotated[
    bool,
    typer.Option("--store", help="Store reports and overlays in the archive, in DICOM."),
]
Out = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Write JSON, CSV and overlays, a folder a study, each as soon as it is there, and "
        "results.csv, failures.csv and run.json. The same call again goes on where it was.",
    ),
]


@guarded
def score(
    files: Sources = None,
    *,
    manifest: Manifest = None,
    from_dicomweb: FromDicomweb = None,
    study: StudyOption = None,
    store: Store = False,
    json: options.Json = None,
    csv: options.Csv = None,
    overlay: Overlay = None,
    dicom_sr: DicomSR = None,
    dicom_overlay: DicomOverlay = None,
    out: Out = None,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    strict: options.Strict = False,
    device: options.DeviceOption = options.Device.AUTO,
    precision: options.PrecisionOption = options.Precision.FP32,
    threads: options.Threads = None,
    engine: options.EngineOption = options.Engine.LOCAL,
    address: options.Address = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
    models: options.FindingsBundle = None,
) -> int:
    """Find and classify every joint of some hand radiographs.

    A picture of both hands is one study; so are two files, one of each hand: by the manifest, by
    their DICOM study, by names that differ in L and R or left and right only, or as the only two
    files given. On a terminal a table is printed; into a pipe, the CSV; with --out neither.
    """
    machines = Machines(engine, address, device.value, threads)
    machines.check(out=out, precision=precision)
    work = _plan(files or [], manifest, from_dicomweb, out)
    remote = _remote(from_dicomweb, study or [], out, store=store)
    outputs = Outputs(
        work.files, json, csv, overlay, dicom_sr, dicom_overlay, piped=None if out else "csv"
    )
    outputs.check()
    if out is not None:
        output.make_folder(Path(out))
    from sharp_cli.results.run import Run
    from sharp_cli.scoring import pipeline
    from sharp_cli.scoring.loading import load, open_bundles

    loaded = load(
        open_bundles(hands, detector, models),
        device=machines.own_device,
        precision=precision.value,
        threads=threads,
        throughput=out is not None,
    )
    scoring = loaded.scoring(model.value if model else None, threshold=threshold, strict=strict)
    if remote is not None:
        return remote.score(loaded, scoring, outputs)
    run = Run()
    if out is None:
        with progress(len(work.files)) as run.on_progress:
            document = pipeline.score_plan(work, scoring, run)
        return outputs.finish(loaded.named_in(document), run)
    from sharp_cli.cli.archive import Archive, settings

    given = settings(files or [], manifest, scoring, device.value, loaded.classifier.precision)
    scorer = machines.score_with(loaded, scoring, (hands, detector, models))
    return Archive(Path(out), given, loaded, scoring, scorer, run).score(work, outputs)


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


def _plan(files: Sequence[str], manifest: str | None, url: str | None, out: str | None) -> Plan:
    """What there is to score on this machine.

    Raises:
        UsageError: The arguments do not fit together.
        DocumentError: The manifest cannot be used.
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
    from sharp_cli.scoring.plan import plan, plan_manifest

    work = plan_manifest(Path(manifest)) if manifest else plan(_listed(files))
    if work.others:
        say("note", f"{work.others} other files skipped")
    return work


def _listed(files: Sequence[str]) -> Iterator[str]:
    """The files, and for `-` those that stdin lists.

    Raises:
        UsageError: It lists none.
    """
    for file in files:
        if file == STDOUT:
            content = sys.stdin.buffer.read()
            if b"\0" in content:
                message = "stdin: no list of files, one a line; name a picture as an argument"
                raise UsageError(message)
            yield from map(os.fsdecode, filter(None, content.splitlines()))
        else:
            yield file
