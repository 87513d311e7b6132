"""`sharp card`: a reporting sheet of a model and its evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.extras import require
from sharp_cli.cli.outputs import STDOUT
from sharp_cli.core.errors import UsageError
from sharp_cli.fileio import output

_DOCX: Final = ".docx"
_ENDINGS: Final = (".md", _DOCX)

EXAMPLES: Final = """\
# of the bundled classifiers, on the terminal
sharp card
# of a training and its evaluation, for a manuscript
sharp evaluate classification run/predictions.csv labels.csv \\
  --out evaluation
sharp card run/bundle --evaluation evaluation --out reporting.docx
"""

BundleArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="BUNDLE",
        help="The classifiers, as for sharp score --models. Default: the bundled ones.",
        show_default=False,
    ),
]
Evaluation = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="What sharp evaluate classification --out or sharp evaluate grades --out wrote.",
    ),
]
Out = Annotated[
    str,
    typer.Option(
        "--out", "-o", metavar="FILE", help="FILE.md or FILE.docx; - is stdout, as Markdown."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, card, EXAMPLES)


def card(
    bundle: BundleArgument = None, *, evaluation: Evaluation = None, out: Out = STDOUT
) -> None:
    """Fill in a reporting sheet by CLAIM and TRIPOD+AI.

    Items that the model bundle and its evaluation answer are filled in: data, preprocessing,
    partitions, architecture, training, software, thresholds, figures. All others are left open for
    the authors.
    """
    kind = Path(out).suffix.lower()
    if out != STDOUT:
        if kind not in _ENDINGS:
            message = f"--out {out}: give a name that ends in {' or '.join(_ENDINGS)}"
            raise UsageError(message)
        if kind == _DOCX:
            require("docx")
        output.prepare(Path(out))
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.evaluation.reporting_sheet import (
        read_evaluation,
        reporting_sheet,
        to_docx,
        to_markdown,
    )

    found = {} if evaluation is None else read_evaluation(evaluation)
    sheet = reporting_sheet(open_bundle("findings", bundle), found)
    if out == STDOUT:
        output.write_stdout(to_markdown(sheet))
    else:
        output.write(Path(out), to_docx(sheet) if kind == _DOCX else to_markdown(sheet))
