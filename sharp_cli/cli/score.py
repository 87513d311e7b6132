"""`sharp score`: the whole line in one command."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from typing import Annotated

import typer

from sharp_cli.cli import options
from sharp_cli.cli.results import Outputs
from sharp_cli.cli.terminal import guarded, progress

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
    typer.Option(metavar="DIR", help="Write JSON, CSV and overlays, a folder a study."),
]


@guarded
def score(
    files: options.Files,
    *,
    json: options.Json = None,
    csv: options.Csv = None,
    overlay: Overlay = None,
    out: Out = None,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    strict: options.Strict = False,
    device: options.DeviceOption = options.Device.AUTO,
    threads: options.Threads = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
    models: options.FindingsBundle = None,
) -> int:
    """Find and classify every joint of some hand radiographs.

    A picture of both hands is one study; so are two files, one of each hand: by their DICOM
    study, by names that differ in L and R or left and right only, or as the only two files given.
    On a terminal a table is printed; into a pipe, the CSV.
    """
    outputs = Outputs(files, json, csv, overlay, out)
    outputs.check()
    from sharp_cli import pipeline
    from sharp_cli.assemble import with_models
    from sharp_cli.classify import Classifier
    from sharp_cli.detect import JointDetector
    from sharp_cli.hands import HandFinder
    from sharp_cli.registry import open_bundle

    finding = open_bundle("hands", hands)
    detecting = open_bundle("joints", detector)
    classifying = open_bundle("findings", models)
    threads = threads or options.cores()
    classifier = Classifier(classifying, device=device.value, threads=threads)
    chosen = classifier.choose(model.value if model else None)
    run = pipeline.Run()
    with progress(len(files)) as run.tell:
        document = pipeline.score(
            files,
            HandFinder(finding, threads=threads),
            JointDetector(detecting, threads=threads),
            classifier,
            run,
            model=chosen,
            threshold=threshold,
            strict=strict,
        )
    return outputs.finish(with_models(document, finding, detecting, classifying), run)
