"""The command line: it parses and prints; the work is in `sharp_cli.scoring.pipeline`.

The modules here load nothing heavy before a command runs, so that help comes at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from sharp_cli.cli import (
    evaluate,
    examples,
    implant,
    import_data,
    listen,
    models,
    phantom,
    report,
    score,
    steps,
    train,
)
from sharp_cli.core.about import __version__

__all__ = ["app", "main"]

_EPILOG = """sharp COMMAND --help ends with examples.

\b
Exit codes:
  0    done
  1    some input failed; the results of the others are written
  2    wrong usage
  3    a model bundle is missing or damaged
  4    an output cannot be written
  70   an error of sharp itself
  130  interrupted; what was finished is written

Results are not validated on patients: for research only, not for diagnosis.
"""

app = typer.Typer(
    name="sharp",
    help="Find and classify the joints of the Sharp/van der Heijde score on hand radiographs.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)
app.command()(score.score)
app.command()(steps.detect)
app.command()(steps.crop)
app.command()(steps.classify)
app.command()(report.report)
app.command()(listen.listen)
app.add_typer(models.app, name="models")
app.command()(phantom.phantom)
app.command()(implant.implant)
app.add_typer(import_data.app, name="import")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")
examples.add_to(app)


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"sharp {__version__}")
        raise typer.Exit


@app.callback()
def _sharp(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()
