"""`sharp models`: what is bundled, and models from elsewhere."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from sharp_cli import output
from sharp_cli.cli import options, terminal
from sharp_cli.cli.terminal import guarded, require_training, say

app = typer.Typer()

Source = Annotated[
    Path,
    typer.Argument(
        metavar="PROJECT_OR_SNAPSHOT",
        exists=True,
        help="A DeepLabCut project's folder, or a snapshot (.pt) with its pytorch_config.yaml.",
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=64,
        max=2048,
        help="Side of the square picture that the network gets, in pixels, a multiple of 32. Four "
        "fifths of it are the hand from the PIP joints to the wrist; choose it such that hands are "
        "as large as in training.",
    ),
]

_COLUMNS = ("kind", "name", "version", "size", "sha256", "validated_on_patients")
_SHORT = 12


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the bundled models; into a pipe, as CSV with the whole checksums."""
    if context.invoked_subcommand is None:
        _list()


@guarded
def _list() -> int:
    from sharp_cli.registry import bundled

    rows = [
        (
            bundle.kind,
            str(bundle.meta["name"]),
            str(bundle.meta["version"]),
            sum(file.stat().st_size for file in bundle.path.iterdir()),
            bundle.sha256,
            "yes" if bundle.validated_on_patients else "no",
        )
        for bundle in bundled()
    ]
    if not terminal.is_terminal():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *rows])
        output.write_stdout(text.getvalue().encode())
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(*(column.replace("_", " ") for column in _COLUMNS))
    for kind, name, version, size, sha256, validated in rows:
        table.add_row(kind, name, version, f"{size / 1e6:.1f} MB", sha256[:_SHORT], validated)
    Console().print(table)
    return 0


@app.command("import-dlc")
@guarded
def import_dlc(
    source: Source,
    *,
    out: options.Out,
    names: options.Names = None,
    size: Size = None,
) -> int:
    """Make a joint detector of one trained in DeepLabCut (PyTorch engine, one animal or top-down).

    Keypoints are taken by name; of a project, the best snapshot of the newest shuffle. What comes
    out is used with --detector.
    """
    require_training()
    from sharp_cli.train.deeplabcut_import import import_detector

    for warning in import_detector(source, out, names=names, size=size):
        say("warning", warning)
    say("done", f"the bundle is in {out}")
    return 0
