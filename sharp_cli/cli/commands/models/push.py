"""`sharp models push`: a bundle to where others get it."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.models import options
from sharp_cli.cli.terminal import log

EXAMPLES: Final = """\
sharp models push my-joints my-joints.zip
sharp models push my-joints https://example.org/my-joints.zip
sharp models push my-findings hf://owner/name@main
"""

Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A new folder; a .zip or .tar.gz file, which is overwritten, or its https URL (user "
        "name and password from netrc); or hf://owner/name[@branch], an existing repository "
        "(HF_TOKEN, or the login of hf auth login; needs huggingface_hub).",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, push, EXAMPLES)


def push(bundle: options.Bundle, target: Target) -> None:
    """Verify a bundle and copy it to a place from which others can pull it."""
    from sharp_cli.bundles.transfer.push import push as push_bundle
    from sharp_cli.bundles.transfer.web import shown
    from sharp_cli.inference.bundle_check import check_loads

    push_bundle(bundle, target, check_loads)
    log("done", f"the bundle is in {shown(target)}")
