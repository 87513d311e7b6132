"""Where a command's results go: files, stdout."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sharp_cli import output
from sharp_cli.cli import terminal
from sharp_cli.cli.terminal import exit_code, tell
from sharp_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.documents import Document
    from sharp_cli.pipeline import Run

STDOUT: Final = "-"


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a call asked for.

    Attributes:
        inputs: The files that it reads, which must not be written over.
        json: File for the JSON document, or `-`.
        csv: File for the CSV, or `-`.
        overlay: File for the overlay picture.
        piped: What goes to stdout where that is not a terminal and nothing was sent there; None
            if nothing goes to stdout that was not sent there.
    """

    inputs: Sequence[str]
    json: str | None = None
    csv: str | None = None
    overlay: str | None = None
    piped: Literal["json", "csv"] | None = "csv"

    @property
    def asked(self) -> bool:
        """Whether any was asked for."""
        return (self.json, self.csv, self.overlay) != (None, None, None)

    def check(self) -> None:
        """See that the outputs fit together and can be written, before any work.

        Raises:
            UsageError: They do not fit together.
            OutputError: One cannot be written.
        """
        if self.json == self.csv == STDOUT:
            message = "--json and --csv: only one of them can go to stdout"
            raise UsageError(message)
        if self.overlay is not None and Path(self.overlay).suffix.lower() != ".png":
            message = f"--overlay {self.overlay}: a PNG file; give a name that ends in .png"
            raise UsageError(message)
        taken = {os.path.realpath(file): "an input" for file in self.inputs}
        for option in ("json", "csv", "overlay"):
            file = getattr(self, option)
            if file in (None, STDOUT):
                continue
            place = os.path.realpath(file)
            if place in taken:
                message = f"--{option} {file}: this is {taken[place]}; give another name"
                raise UsageError(message)
            taken[place] = f"what --{option} writes"
            output.prepare(Path(file))

    def finish(self, document: Document, run: Run) -> int:
        """Write what was asked for, print the rest, and give the exit code.

        Raises:
            OutputError: Something cannot be written.
        """
        self.deliver(document, run)
        tell(document, run)
        return exit_code(run)

    def deliver(self, document: Document, run: Run) -> None:
        """Write what was asked for, and print the rest.

        Raises:
            OutputError: Something cannot be written.
        """
        if document.inputs or not run.interrupted:
            self._write(document, run)
        self._print(document)

    def _write(self, document: Document, run: Run) -> None:
        from sharp_cli.formats import to_csv, to_json

        if self.json not in (None, STDOUT):
            output.write(Path(self.json), to_json(document))
        if self.csv not in (None, STDOUT):
            output.write(Path(self.csv), to_csv(document))
        if self.overlay is not None:
            self._draw(Path(self.overlay), document, run)

    def _draw(self, path: Path, document: Document, run: Run) -> None:
        from sharp_cli import overlay, pipeline
        from sharp_cli.studies import unique

        several = len(set(map(os.path.realpath, self.inputs))) > 1 or len(document.inputs) > 1
        stems = unique(Path(row.file).stem for row in document.inputs)
        places = dict(zip(document.inputs, stems, strict=True))
        for row, picture in pipeline.overlays(document, run):
            name = f"{path.stem}-{places[row]}{path.suffix}" if several else path.name
            output.write(path.with_name(name), overlay.to_png(picture))

    def _print(self, document: Document) -> None:
        from sharp_cli.formats import to_csv, to_json

        if STDOUT not in (self.json, self.csv) and self.piped and terminal.is_terminal():
            print_tables(document)
        elif self.json == STDOUT or (self.csv != STDOUT and self.piped == "json"):
            output.write_stdout(to_json(document))
        elif self.csv == STDOUT or self.piped == "csv":
            output.write_stdout(to_csv(document))


def print_tables(document: Document) -> None:
    """Print a table and a summary for each study."""
    from rich.console import Console

    from sharp_cli.report import summary, table

    console = Console()
    for study in document.split().values():
        console.print(table(study))
        for line in summary(study):
            console.print(line, highlight=False)
        console.print()
