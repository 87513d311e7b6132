"""`sharp models verify`: whether bundles are whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.terminal import log, print_table
from sharp_cli.core.errors import ExitCode, ModelError

if TYPE_CHECKING:
    from sharp_cli.bundles.store import Bundle

EXAMPLES: Final = """\
# those that come with sharp
sharp models verify
sharp models verify my-joints my-findings
"""

_FAILED: Final = "failed"

Bundles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="BUNDLE", help="Folders of bundles. Default: all bundled ones."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, verify, EXAMPLES)


def verify(bundles: Bundles = None) -> ExitCode:
    """Verify every file of bundles, and that they load.

    The sha256 is that of bundle.json, which fixes all other files: compare it with the published
    one.
    """
    from sharp_cli.bundles.store import bundled

    folders = bundles or [bundle.path for bundle in bundled()]
    rows = [_verified(folder) for folder in folders]
    print_table(("bundle", "kind", "name", "sha256", "status"), rows)
    return ExitCode.MODEL if any(row[-1] == _FAILED for row in rows) else ExitCode.DONE


def _verified(folder: Path) -> tuple[str, ...]:
    from sharp_cli.bundles.transfer.verify import verify as verify_bundle
    from sharp_cli.inference.bundle_check import check_loads

    try:
        bundle = verify_bundle(folder, check_loads)
    except ModelError as error:
        log("error", str(error))
        return str(folder), "", "", "", _FAILED
    if bundle.meta["validated_on_patients"]:
        log("note", f"{folder}: {_claim(bundle)}")
    return str(folder), bundle.kind, bundle.name, bundle.sha256, "ok"


def _claim(bundle: Bundle) -> str:
    """What it takes to believe a bundle that says that it is validated on patients."""
    from sharp_cli.bundles.store import open_bundle

    if open_bundle(bundle.kind, bundle.path, [bundle.sha256]).validated_on_patients:
        return f"says that it is validated on patients; --trust {bundle.sha256} believes it"
    return (
        "says that it is validated on patients, which is not believed: its card has nothing under "
        '"Validation on patients"'
    )
