"""`sharp listen`: a DICOM node that scores the studies it receives."""

from __future__ import annotations

import os
import re
import signal
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.terminal import log
from sharp_cli.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sharp_cli.pacs.service import Scored
    from sharp_cli.scoring.stages import Scoring

_TITLE: Final = re.compile(r"(?=\S)[\x20-\x5b\x5d-\x7e]{1,16}(?<=\S)", re.ASCII)
"""DICOM PS3.5 section 6.2: AE."""

EXAMPLES: Final = """\
sharp listen --port 11112 --allow MODALITY --queue queue --to PACS@pacs:104
# results to a DICOMweb server, images from two nodes
sharp listen --port 11112 --allow CR1,CR2 --queue queue \\
  --to https://pacs.example.org/dicom-web
"""

Port = Annotated[
    int,
    typer.Option(metavar="N", min=1, max=65535, help="Port to listen on.", show_default=False),
]
Title = Annotated[
    str, typer.Option(metavar="AET", help="Application entity title (AET) of this node.")
]
Allow = Annotated[
    str,
    typer.Option(
        metavar="AET[,AET...]",
        help="Nodes to accept images from; all others are refused.",
        show_default=False,
    ),
]
Queue = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="Folder for images that wait to be scored, results that wait to be stored, and what "
        "failed. The same command resumes from it.",
        show_default=False,
    ),
]
To = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="ARCHIVE",
        help="Archive to store reports and overlays in: the URL of a DICOMweb server (user name "
        "and password as in score --from-dicomweb), or AET@host:port.",
        show_default=False,
    ),
]
Wait = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0, help="Score a study once no image of it arrived for this long."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, listen, EXAMPLES)


def listen(
    *,
    port: Port,
    aet: Title = "SHARP",
    allow: Allow,
    queue: Queue,
    to: To,
    wait: Wait = 30,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    strict: options.Strict = False,
    device: options.DeviceOption = options.Device.AUTO,
    precision: options.PrecisionOption = options.Precision.FP32,
    threads: options.Threads = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
    models: options.FindingsBundle = None,
) -> None:
    """Receive radiographs as a DICOM node, score them, and store the results in an archive.

    An image is on disk before its sender gets the confirmation, and results are kept until the
    archive has stored them: nothing is lost when the archive is down or this process is killed.
    Ctrl-C or SIGTERM ends it.
    """
    titles = [_title(title) for title in (aet, *allow.split(","))]
    from sharp_cli.core.about import NOTICE
    from sharp_cli.pacs.destination import destination
    from sharp_cli.pacs.quiet import quiet as silently
    from sharp_cli.pacs.service import Service
    from sharp_cli.scoring.loading import load, open_bundles

    archive = destination(to, titles[0])
    loaded = load(
        open_bundles(hands, detector, models),
        device=device.value,
        precision=precision.value,
        threads=threads,
    )
    scoring = loaded.scoring(model.value if model else None, threshold=threshold, strict=strict)
    if not all(bundle.validated_on_patients for bundle in loaded.bundles):
        _note(NOTICE)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Reading a radiograph silences the process's stderr, and other threads log meanwhile.
    with os.fdopen(os.dup(2), "w") as stderr, redirect_stderr(stderr), silently():
        try:
            Service(
                port, titles[0], titles[1:], queue, wait, archive, _scorer(scoring), _note
            ).run()
        except KeyboardInterrupt:
            _note("ended")


def _title(text: str) -> str:
    """An application entity title.

    Raises:
        UsageError: It is none.
    """
    title = text.strip()
    if _TITLE.fullmatch(title) is None:
        message = f"{text!r}: no AE title; give 1 to 16 characters of ASCII, without a backslash"
        raise UsageError(message)
    return title


def _scorer(scoring: Scoring) -> Callable[[Path], Scored]:
    """What scores a study."""
    from sharp_cli.pacs.service import Scored
    from sharp_cli.pacs.studies import make_objects, plan_studies
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.score import score_plan

    def score(folder: Path) -> Scored:
        run = Run()
        document = score_plan(plan_studies([folder]), scoring, run)
        if run.interrupted:
            raise KeyboardInterrupt
        results, problems = [], []
        for study in document.split().values():
            with run.guard(*(row.file for row in study.inputs)):
                made, warnings = make_objects(study)
                results += made
                problems += warnings
        reasons = dict.fromkeys(failure.reason for failure in run.failures)
        return Scored(results, [*reasons, *problems])

    return score


def _note(text: str) -> None:
    log("note", text)
