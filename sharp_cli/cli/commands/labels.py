"""`sharp labels`: work on tables of labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli.command import add_command, epilog
from sharp_cli.cli.terminal import count, log, print_table
from sharp_cli.fileio.tables import write_table

EXAMPLES: Final = """\
# those of all studies that were reviewed
sharp labels merge Downloads/*-labels-*.csv --out labels.csv
# two readers, and the contradictions as a table
sharp labels merge reader-a.csv reader-b.csv --out labels.csv \\
  > contradictions.csv
"""

Tables = Annotated[
    list[Path],
    typer.Argument(
        metavar="LABELS...",
        exists=True,
        dir_okay=False,
        help="Tables of labels, such as the report page saves, of studies and readers.",
    ),
]
Out = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="FILE.csv", show_default=False, help="The joined labels."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    labels = typer.Typer(
        help="Work on tables of labels.", epilog=epilog(EXAMPLES), no_args_is_help=True
    )
    add_command(labels, merge, EXAMPLES)

    # A group of one command would be the command itself.
    @labels.callback()
    def _labels() -> None:
        pass

    app.add_typer(labels, name="labels")


def merge(tables: Tables, *, out: Out) -> None:
    """Join tables of labels, and list where readers contradict each other.

    The joined table has a row for each joint, with what all readers say of it who scored it. Where
    they contradict each other, grade and label are empty until somebody decides; where only their
    grades differ, the label stays. The contradictions go to stdout, with what each reader says.
    """
    from sharp_cli.datasets import merging
    from sharp_cli.datasets.labels import NAME_PATIENTS

    joined = merging.merge(tables)
    write_table(out, merging.COLUMNS, joined.rows)
    joints, readers = count(len(joined.rows), "joint"), count(len(joined.readers), "reader")
    log("note", f"{joints} of {readers}, {len(joined.contradictions)} contradictory")
    if joined.nameless:
        log("warning", f"{out}: no patient in {count(joined.nameless, 'row')}; {NAME_PATIENTS}")
    if joined.contradictions:
        print_table(joined.contradiction_columns, joined.contradictions)
