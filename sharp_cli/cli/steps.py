"""`sharp detect`, `sharp crop` and `sharp classify`: what `sharp score` does, step by step."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options, terminal
from sharp_cli.cli.results import STDOUT, Outputs
from sharp_cli.cli.terminal import exit_code, guarded, progress, say, tell
from sharp_cli.core.errors import DocumentError
from sharp_cli.execution.devices import cores
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from sharp_cli.results.document import Document

PATCHES_FILE: Final = "patches.json"


@guarded
def detect(
    files: options.Files,
    *,
    json: options.Json = None,
    csv: options.Csv = None,
    threads: options.Threads = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
) -> int:
    """Find the hands and joints of some radiographs.

    On a terminal a table is printed; into a pipe, the JSON that `sharp crop` reads.
    """
    outputs = Outputs(files, json, csv, piped="json")
    outputs.check()
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.inference.hand_finder import HandFinder
    from sharp_cli.inference.joint_detector import JointDetector
    from sharp_cli.results.assemble import with_models
    from sharp_cli.results.run import Run
    from sharp_cli.scoring import pipeline

    finding, detecting = open_bundle("hands", hands), open_bundle("joints", detector)
    threads = threads or cores()
    run = Run()
    with progress(len(files)) as run.on_progress:
        document = pipeline.detect(
            files,
            HandFinder(finding, threads=threads),
            JointDetector(detecting, threads=threads),
            run,
        )
    return outputs.finish(with_models(document, finding, detecting), run)


@guarded
def crop(
    detected: Annotated[
        str, typer.Argument(metavar="DETECTED.json", help="What sharp detect wrote; - is stdin.")
    ],
    *,
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Folder for the patches and patches.json.")
    ],
    json: options.Json = None,
) -> int:
    """Cut the patch of every joint as a 16-bit PNG file, all at one scale.

    The radiographs are read anew, from where the document says they are. Into a pipe goes the
    JSON that `sharp classify` reads.
    """
    outputs = Outputs([detected], json)
    outputs.check()
    from sharp_cli.inference.patches import to_png
    from sharp_cli.results.formats import to_json
    from sharp_cli.results.run import Run
    from sharp_cli.scoring import pipeline

    document = _read(detected)
    folder = Path(out)
    output.make_folder(folder)
    run = Run()
    with progress(len(document.inputs)) as run.on_progress:
        document = pipeline.crop(
            document,
            lambda row, patch: output.write(folder / row.patch, to_png(patch.pixels)),
            run,
        )
    output.write(folder / PATCHES_FILE, to_json(document))
    if json not in (None, STDOUT):
        output.write(Path(json), to_json(_moved(document, folder, Path(json).parent)))
    tell(document, run)
    if json == STDOUT or not terminal.is_terminal():
        output.write_stdout(to_json(_moved(document, folder, Path())))
    else:
        say("done", f"{len({row.patch for row in document.patches})} patches in {folder}")
    return exit_code(run)


@guarded
def classify(
    cropped: Annotated[
        str,
        typer.Argument(
            metavar="DIR", help="What sharp crop wrote: its folder or patches.json; - is stdin."
        ),
    ],
    *,
    json: options.Json = None,
    csv: options.Csv = None,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    strict: options.Strict = False,
    device: options.DeviceOption = options.Device.AUTO,
    precision: options.PrecisionOption = options.Precision.FP32,
    threads: options.Threads = None,
    models: options.FindingsBundle = None,
) -> int:
    """Classify the patches of sharp crop as intact or non-intact.

    On a terminal a table is printed; into a pipe, the CSV.
    """
    source = str(Path(cropped, PATCHES_FILE)) if Path(cropped).is_dir() else cropped
    outputs = Outputs([source], json, csv)
    outputs.check()
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.core.joints import TARGET_OF
    from sharp_cli.inference.classifier import Classifier
    from sharp_cli.inference.patches import read_patch
    from sharp_cli.results.assemble import with_models
    from sharp_cli.results.run import Run
    from sharp_cli.scoring import pipeline

    document = _read(source)
    folder = Path() if source == STDOUT else Path(source).parent
    bundle = open_bundle("findings", models)
    classifier = Classifier(
        bundle,
        device=device.value,
        threads=threads or cores(),
        precision=precision.value,
    )
    chosen = classifier.choose(model.value if model else None)
    run = Run()
    with progress(len(document.split())) as run.on_progress:
        document = pipeline.classify(
            document,
            lambda row: read_patch(folder / row.patch, TARGET_OF[row.finding, row.joint]),
            classifier,
            run,
            model=chosen,
            threshold=threshold,
            strict=strict,
        )
    return outputs.finish(with_models(document, bundle, precision=classifier.precision), run)


def _read(source: str) -> Document:
    """Read a document from a file or, for `-`, from stdin."""
    from sharp_cli.results.formats import from_json

    if source == STDOUT:
        return from_json(sys.stdin.buffer.read(), "stdin")
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        message = f"{source}: cannot be read ({error.strerror}); give a document that sharp wrote"
        raise DocumentError(message) from error
    return from_json(content, source)


def _moved(document: Document, folder: Path, to: Path) -> Document:
    """The document as it reads from another folder than that of its patches."""
    rows = (replace(row, patch=os.path.relpath(folder / row.patch, to)) for row in document.patches)
    return replace(document, patches=tuple(rows))
