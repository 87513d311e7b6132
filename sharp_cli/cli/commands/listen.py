"""`sharp listen`: a DICOM node that scores the studies it receives."""

from __future__ import annotations

import os
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

    from sharp_cli.pacs.callers import Address
    from sharp_cli.pacs.service import Scored
    from sharp_cli.pacs.tls import Tls
    from sharp_cli.scoring.stages import Scoring

EXAMPLES: Final = """\
sharp listen --port 11112 --allow ORTHANC --queue queue \\
  --to ORTHANC@localhost:4242
# images from two nodes, results to a DICOMweb server, a port for a monitor
sharp listen --bind 10.0.0.7 --port 11112 \\
  --allow CR1@10.0.0.21,CR2@10.0.1.0/24 --queue queue \\
  --to https://pacs.example.org/dicom-web --health-port 8080
# everything encrypted, to the archive too
sharp listen --bind 10.0.0.7 --port 2762 --allow CR1 --queue queue \\
  --to PACS@pacs:2762 --tls-cert sharp.pem --tls-key sharp.key \\
  --tls-ca hospital.pem
"""

Port = Annotated[
    int,
    typer.Option(metavar="N", min=1, max=65535, help="Port to listen on.", show_default=False),
]
Bind = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="IP address to listen at: 0.0.0.0 or :: for all of this machine's.",
    ),
]
Title = Annotated[
    str, typer.Option(metavar="AET", help="Application entity title (AET) of this node.")
]
Allow = Annotated[
    str,
    typer.Option(
        metavar="AET[@IP][,...]",
        help="Nodes to accept images from, each from anywhere or from an IP address or network "
        "(AET@10.0.0.0/24); all others are refused.",
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


TlsCert = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Certificate of this node (PEM). DICOM connections, also to the archive, are then "
        "encrypted, and both sides must have a certificate.",
        show_default=False,
    ),
]
TlsKey = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Key of the certificate (PEM).", show_default=False),
]
TlsCa = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Authorities that the other side's certificate must come from (PEM).",
        show_default=False,
    ),
]
HealthPort = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=65535,
        help="Port for monitors: GET /health has status 200 if all works, else 503.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, listen, EXAMPLES)


def listen(
    *,
    port: Port,
    bind: Bind = "127.0.0.1",
    aet: Title = "SHARP",
    allow: Allow,
    queue: Queue,
    to: To,
    wait: Wait = 30,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_ca: TlsCa = None,
    health_port: HealthPort = None,
    model: options.ModelOption = None,
    threshold: options.Threshold = None,
    strict: options.Strict = False,
    device: options.DeviceOption = options.Device.AUTO,
    precision: options.PrecisionOption = options.Precision.FP32,
    threads: options.Threads = None,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
    models: options.FindingsBundle = None,
    trust: options.Trust = None,
) -> None:
    """Receive radiographs as a DICOM node, score them, and store the results in an archive.

    An image is on disk before its sender gets the confirmation, and results are kept until the
    archive has stored them: nothing is lost when the archive is down or this process is killed.
    Ctrl-C or SIGTERM ends it within five seconds.
    """
    from sharp_cli.core.about import NOTICE
    from sharp_cli.pacs.callers import parse_callers, parse_title
    from sharp_cli.pacs.destination import destination
    from sharp_cli.pacs.node import Endpoint
    from sharp_cli.pacs.quiet import quiet as silently
    from sharp_cli.pacs.service import Service
    from sharp_cli.scoring.loading import load, open_bundles

    tls = _tls(tls_cert, tls_key, tls_ca)
    endpoint = Endpoint(_address(bind), port, parse_title(aet), parse_callers(allow), tls)
    archive = destination(to, endpoint.title, tls)
    loaded = load(
        open_bundles(hands, detector, models, trust or ()),
        device=device.value,
        precision=precision.value,
        threads=threads,
    )
    scoring = loaded.scoring(model.value if model else None, threshold=threshold, strict=strict)
    if not all(bundle.validated_on_patients for bundle in loaded.bundles):
        _note(NOTICE)
    # Reading a radiograph silences the process's stderr, and other threads log meanwhile.
    with os.fdopen(os.dup(2), "w") as stderr, redirect_stderr(stderr), silently():
        Service(endpoint, health_port, queue, wait, archive, _scorer(scoring), _note).run()
        _note("ended")


def _address(text: str) -> Address:
    """An address to listen at.

    Raises:
        UsageError: It is none.
    """
    from sharp_cli.pacs.callers import parse_address

    try:
        return parse_address(text)
    except ValueError:
        message = f"--bind {text}: no IP address; give one of this machine, or 0.0.0.0 for all"
        raise UsageError(message) from None


def _tls(certificate: Path | None, key: Path | None, authority: Path | None) -> Tls | None:
    """The files for encryption, if they are given.

    Raises:
        UsageError: One is missing.
    """
    from sharp_cli.pacs.tls import Tls

    if certificate and key and authority:
        return Tls(certificate, key, authority)
    if certificate or key or authority:
        message = "--tls-cert, --tls-key and --tls-ca belong together; give all three"
        raise UsageError(message)
    return None


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
