"""`sharp detect`: the hands and joints of radiographs, the first step of `sharp score`."""

from __future__ import annotations

from typing import Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.outputs import Outputs
from sharp_cli.cli.progress import progress
from sharp_cli.core.errors import ExitCode
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
sharp detect hands.dcm --csv joints.csv
# step by step, what sharp score does
sharp detect hands.dcm | sharp crop - --out patches | sharp classify -
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, detect, EXAMPLES)


def detect(
    files: options.Files,
    *,
    json: options.Json = None,
    csv: options.Csv = None,
    threads: options.Threads = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
    trust: options.Trust = None,
) -> ExitCode:
    """Find the hands and joints on radiographs.

    A terminal gets a table, a pipe the JSON that sharp crop reads; neither, once an option names a
    file.
    """
    outputs = Outputs(files, json, csv, piped="json")
    outputs.check()
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.inference.hand_finder import HandFinder
    from sharp_cli.inference.joint_detector import JointDetector
    from sharp_cli.results.assemble import with_models
    from sharp_cli.results.run import Run
    from sharp_cli.scoring import steps

    finding = open_bundle("hands", hands, trust or ())
    detecting = open_bundle("joints", detector, trust or ())
    threads = threads or cores()
    run = Run()
    with progress(len(files)) as run.on_progress:
        document = steps.detect(
            files,
            HandFinder(finding, threads=threads),
            JointDetector(detecting, threads=threads),
            run,
        )
    return outputs.finish(with_models(document, finding, detecting), run)
