"""`sharp crop`: the patch of every detected joint, the second step of `sharp score`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options, terminal
from sharp_cli.cli.command import add_command
from sharp_cli.cli.documents import PATCHES_FILE, read_document
from sharp_cli.cli.outputs import STDOUT, Outputs
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log, log_problems
from sharp_cli.core.errors import ExitCode
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from sharp_cli.results.document import Document

EXAMPLES: Final = """\
sharp detect hands.dcm --json detected.json
sharp crop detected.json --out patches
"""
Detected = Annotated[
    str, typer.Argument(metavar="DETECTED.json", help="JSON of sharp detect; - is stdin.")
]
Out = Annotated[
    str,
    typer.Option("-o", "--out", metavar="DIR", help="Folder for the patches and patches.json."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, crop, EXAMPLES)


def crop(detected: Detected, *, out: Out, json: options.Json = None) -> ExitCode:
    """Crop a patch of every joint to a 16-bit PNG file, all at the same scale.

    The radiographs are read again from the paths in the JSON. A pipe gets the JSON that sharp
    classify reads.
    """
    outputs = Outputs([detected], json)
    outputs.check()
    from sharp_cli.inference.patches import to_png
    from sharp_cli.results.formats import to_json
    from sharp_cli.results.run import Run
    from sharp_cli.scoring import steps

    document = read_document(detected)
    folder = Path(out)
    output.make_folder(folder)
    run = Run()
    with progress(len(document.inputs)) as run.on_progress:
        document = steps.crop(
            document,
            lambda row, patch: output.write(folder / row.patch, to_png(patch.pixels)),
            run,
        )
    output.write(folder / PATCHES_FILE, to_json(document))
    if json not in (None, STDOUT):
        output.write(Path(json), to_json(_moved(document, folder, Path(json).parent)))
    log_problems(document, run)
    if json == STDOUT or (json is None and not terminal.is_terminal()):
        output.write_stdout(to_json(_moved(document, folder, Path())))
    else:
        log("done", f"{len({row.patch for row in document.patches})} patches in {folder}")
    return run.exit_code


def _moved(document: Document, folder: Path, to: Path) -> Document:
    """The document with paths from `to`, not from the folder of its patches."""
    rows = (replace(row, patch=os.path.relpath(folder / row.patch, to)) for row in document.patches)
    return replace(document, patches=tuple(rows))
