"""`sharp models pull`: a bundle from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.terminal import log

EXAMPLES: Final = """\
sharp models pull https://example.org/my-joints.zip --out my-joints
sharp models pull hf://owner/name@main --out my-findings
"""

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A folder; a .zip or .tar.gz file, or its https URL (user name and password from "
        "netrc); or hf://owner/name[@revision] (HF_TOKEN for a private repository; HF_ENDPOINT for "
        "another hub).",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        help="New or empty folder. A bundle that is already there from the same source is not "
        "downloaded again.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, pull, EXAMPLES)


def pull(source: Source, *, out: Out) -> None:
    """Download a bundle and verify it; the same command resumes an interrupted download."""
    from sharp_cli.bundles.transfer.pull import pull as pull_bundle
    from sharp_cli.inference.bundle_check import check_loads

    bundle = pull_bundle(source, out, check_loads)
    log("done", f"{bundle.name} is in {out} (sha256 of bundle.json: {bundle.sha256})")
