"""`sharp classify`: intact or non-intact, of every patch; the last step of `sharp score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.documents import PATCHES_FILE, read_document
from sharp_cli.cli.outputs import STDOUT, Outputs
from sharp_cli.cli.progress import progress
from sharp_cli.core.errors import ExitCode
from sharp_cli.core.prevalence import prevalence_of
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
sharp classify patches --csv results.csv
# another model on the same patches
sharp classify patches --model mimo-one-hand
"""
Cropped = Annotated[
    str,
    typer.Argument(
        metavar="DIR", help="Output of sharp crop: its folder or patches.json; - is stdin."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, classify, EXAMPLES)


def classify(
    cropped: Cropped,
    *,
    json: options.Json = None,
    csv: options.Csv = None,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    prevalence: options.Prevalence = None,
    strict: options.Strict = False,
    missing: options.MissingOption = options.Missing.SCALE,
    device: options.DeviceOption = options.Device.AUTO,
    precision: options.PrecisionOption = options.Precision.FP32,
    threads: options.Threads = None,
    models: options.FindingsBundle = None,
    trust: options.Trust = None,
) -> ExitCode:
    """Classify the patches of sharp crop as intact or non-intact.

    A terminal gets a table, a pipe CSV; neither, once an option names a file.
    """
    source = str(Path(cropped, PATCHES_FILE)) if Path(cropped).is_dir() else cropped
    outputs = Outputs([source], json, csv)
    outputs.check()
    wanted = None if prevalence is None else prevalence_of(prevalence)
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.core.joints import TARGET_OF
    from sharp_cli.inference.classifier import Classifier
    from sharp_cli.inference.patches import read_patch
    from sharp_cli.results.assemble import with_models
    from sharp_cli.results.run import Run
    from sharp_cli.scoring import steps

    document = read_document(source)
    folder = Path() if source == STDOUT else Path(source).parent
    bundle = open_bundle("findings", models, trust or ())
    classifier = Classifier(
        bundle,
        device=device.value,
        threads=threads or cores(),
        precision=precision.value,
    )
    chosen = classifier.choose(model.value if model else None)
    run = Run()
    with progress(len(document.split())) as run.on_progress:
        document = steps.classify(
            document,
            lambda row: read_patch(folder / row.patch, TARGET_OF[row.finding, row.joint]),
            classifier,
            run,
            model=chosen,
            threshold=threshold,
            prevalence=classifier.choose_prevalence(wanted),
            strict=strict,
            missing=missing.value,
        )
    return outputs.finish(with_models(document, bundle, precision=classifier.precision), run)
