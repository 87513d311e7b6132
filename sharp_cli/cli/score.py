"""`sharp score`: the whole line in one command."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sharp_cli import output
from sharp_cli.cli import options
from sharp_cli.cli.results import STDOUT, Outputs
from sharp_cli.cli.terminal import guarded, progress, say
from sharp_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sharp_cli.archive.plan import Plan

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
    json: options.Json = None,
    csv: options.Csv = None,
    overlay: Overlay = None,
    out: Out = None,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    strict: options.Strict = False,
    device: options.DeviceOption = options.Device.AUTO,
    precision: options.PrecisionOption = options.Precision.FP32,
    threads: options.Threads = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
    models: options.FindingsBundle = None,
) -> int:
    """Find and classify every joint of some hand radiographs.

    A picture of both hands is one study; so are two files, one of each hand: by the manifest, by
    their DICOM study, by names that differ in L and R or left and right only, or as the only two
    files given. On a terminal a table is printed; into a pipe, the CSV; with --out neither.
    """
    work = _plan(files or [], manifest, out)
    outputs = Outputs(work.files, json, csv, overlay, piped=None if out else "csv")
    outputs.check()
    if out is not None:
        output.make_folder(Path(out))
    from sharp_cli import pipeline
    from sharp_cli.assemble import with_models
    from sharp_cli.classify import Classifier
    from sharp_cli.detect import JointDetector
    from sharp_cli.hands import HandFinder
    from sharp_cli.registry import open_bundle

    bundles = (
        finding := open_bundle("hands", hands),
        detecting := open_bundle("joints", detector),
        classifying := open_bundle("findings", models),
    )
    threads = threads or options.cores()
    classifier = Classifier(
        classifying, device=device.value, threads=threads, precision=precision.value
    )
    scoring = pipeline.Scoring(
        HandFinder(finding, threads=threads),
        JointDetector(detecting, threads=threads),
        classifier,
        classifier.choose(model.value if model else None),
        threshold,
        strict,
    )
    run = pipeline.Run()
    if out is None:
        with progress(len(work.files)) as run.tell:
            document = pipeline.score_plan(work, scoring, run)
        return outputs.finish(with_models(document, *bundles, precision=classifier.precision), run)
    from sharp_cli.cli.archive import Archive, settings

    given = settings(files or [], manifest, scoring, device.value, classifier.precision)
    return Archive(Path(out), given, bundles, scoring, run).score(work, outputs)


def _plan(files: Sequence[str], manifest: str | None, out: str | None) -> Plan:
    """What there is to score.

    Raises:
        UsageError: The arguments do not fit together.
        DocumentError: The manifest cannot be used.
    """
    if bool(files) == bool(manifest):
        message = "name files or folders, or --manifest CSV, and not both"
        raise UsageError(message)
    for file in files:
        if out is not None and os.path.realpath(file) == os.path.realpath(out):
            message = f"--out {out}: is searched for radiographs; name another folder"
            raise UsageError(message)
    from sharp_cli.archive.plan import plan, plan_manifest

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
