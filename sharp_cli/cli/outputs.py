"""Where a command's results go: files, stdout."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sharp_cli.cli import terminal
from sharp_cli.cli.extras import Extra, require
from sharp_cli.cli.terminal import count, log, log_problems, log_warnings
from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.fileio import output
from sharp_cli.fileio.sheets import PARQUET, XLSX, kind_of
from sharp_cli.results.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.errors import ExitCode
    from sharp_cli.results.document import Document, InputRow
    from sharp_cli.results.run import Run
    from sharp_cli.results.selection import Selection

STDOUT: Final = "-"

_SUFFIXES: Final = {"overlay": ".png", "dicom_sr": ".dcm", "dicom_overlay": ".dcm"}
_TABLES: Final = ("csv", "wide")
_TABLE_EXTRAS: Final[dict[str, Extra]] = {XLSX: "excel", PARQUET: "parquet"}
_OPTIONS: Final = ("json", "csv", "wide", *_SUFFIXES)


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs that a call requests.

    Attributes:
        inputs: The radiographs that it reads, which must not be overwritten.
        json: File for the JSON document, or `-`.
        csv: File for the table of joints, or `-`.
        overlay: File for the overlay picture.
        dicom_sr: File for the DICOM structured report.
        dicom_overlay: File for the overlay picture in DICOM.
        piped: What goes to stdout if it is no terminal and no output is asked for; None if nothing
            does.
        wide: File for the table of studies.
        selection: Which joints tables and overlays show.
        results: Results that it reads, which must not be overwritten either.
    """

    inputs: Sequence[str]
    json: str | None = None
    csv: str | None = None
    overlay: str | None = None
    dicom_sr: str | None = None
    dicom_overlay: str | None = None
    piped: Literal["json", "csv"] | None = "csv"
    wide: str | None = None
    selection: Selection = ALL
    results: Sequence[str] = ()

    @property
    def requested(self) -> bool:
        """Whether an output is requested."""
        return any(getattr(self, option) is not None for option in _OPTIONS)

    def check(self) -> None:
        """Check that the outputs fit together and can be written, before any work.

        Raises:
            UsageError: They do not fit together.
            OutputError: One cannot be written.
        """
        if self.json == self.csv == STDOUT:
            message = "--json and --csv: only one of them can go to stdout"
            raise UsageError(message)
        taken = dict.fromkeys(self._read, "an input")
        for option in _OPTIONS:
            file = getattr(self, option)
            if file is None:
                continue
            name = f"--{option.replace('_', '-')}"
            suffix = _SUFFIXES.get(option)
            if suffix and Path(file).suffix.lower() != suffix:
                message = f"{name} {file}: give a name that ends in {suffix}"
                raise UsageError(message)
            if option in _TABLES and (kind := kind_of(file)):
                require(_TABLE_EXTRAS[kind])
            if file == STDOUT:
                continue
            place = os.path.realpath(file)
            if place in taken:
                message = f"{name} {file}: this is {taken[place]}; give another name"
                raise UsageError(message)
            taken[place] = f"what {name} writes"
            output.prepare(Path(file))

    def finish(self, document: Document, run: Run) -> ExitCode:
        """Write and print the outputs, log problems, and give the exit code.

        Raises:
            OutputError: Something cannot be written.
        """
        self.deliver(document, run)
        log_problems(document, run)
        if run.interrupted:
            done = count(len(document.inputs), "radiograph")
            log("stopped", f"{done} of {len(self.inputs)} done; the same command begins again")
        return run.exit_code

    def deliver(self, document: Document, run: Run) -> None:
        """Write and print the outputs.

        Raises:
            OutputError: Something cannot be written.
        """
        if document.inputs or not run.interrupted:
            self._write(document, run)
        self._print(document)

    def _write(self, document: Document, run: Run) -> None:
        from sharp_cli.results.formats import to_json, to_table
        from sharp_cli.results.wide import to_wide

        chosen = self.selection.of(document)
        if self.json not in (None, STDOUT):
            output.write(Path(self.json), to_json(document))
        if self.csv not in (None, STDOUT):
            output.write(Path(self.csv), to_table(chosen, self.csv))
        if self.wide is not None:
            output.write(Path(self.wide), to_wide(document, self.selection, self.wide))
        if self.overlay is not None:
            self._draw(self.overlay, chosen, run)
        if self.dicom_sr is not None:
            self._report(self.dicom_sr, document, run)
        if self.dicom_overlay is not None:
            self._draw_dicom(self.dicom_overlay, chosen, run)

    def _draw(self, file: str, document: Document, run: Run) -> None:
        from sharp_cli.results import overlay

        places = self._of_radiographs(file, document)
        for row, picture in overlay.draw_all(document, run):
            output.write(places[row], overlay.to_png(picture))

    def _report(self, file: str, document: Document, run: Run) -> None:
        from sharp_cli.results.dicom.files import to_bytes
        from sharp_cli.results.dicom.source_study import read_source
        from sharp_cli.results.dicom.structured_report import make_report

        studies = document.split()
        places = self._places(file, list(studies), document)
        for place, study in zip(places, studies.values(), strict=True):
            with run.guard(*(row.file for row in study.inputs)):
                source = read_source(study)
                log_warnings(source.warnings)
                output.write(place, to_bytes(make_report(study, source)))

    def _draw_dicom(self, file: str, document: Document, run: Run) -> None:
        from sharp_cli.results.dicom.files import to_bytes
        from sharp_cli.results.dicom.secondary_capture import make_overlays
        from sharp_cli.results.dicom.source_study import read_source

        places = self._of_radiographs(file, document)
        for study in document.split().values():
            with run.guard(*(row.file for row in study.inputs)):
                source = read_source(study)
                log_warnings(() if self.dicom_sr else source.warnings)
                for row, made in zip(study.inputs, make_overlays(study, source), strict=True):
                    output.write(places[row], to_bytes(made))

    def _of_radiographs(self, file: str, document: Document) -> dict[InputRow, Path]:
        from sharp_cli.results.naming import folder_name, unique_names

        stems = unique_names(folder_name(Path(row.file).stem) for row in document.inputs)
        return dict(zip(document.inputs, self._places(file, stems, document), strict=True))

    def _places(self, file: str, names: Sequence[str], document: Document) -> list[Path]:
        """The file for each name: `file` if it covers all inputs, else with the name added.

        Raises:
            OutputError: One of them is an input.
        """
        path = Path(file)
        if len(names) == 1 and len(document.inputs) >= len({*map(os.path.realpath, self.inputs)}):
            return [path]
        places = [path.with_name(f"{path.stem}-{name}{path.suffix}") for name in names]
        read = self._read
        for place in places:
            if os.path.realpath(place) in read:
                message = f"{place}: cannot be written, it is an input; give {path} another name"
                raise OutputError(message)
        return places

    @property
    def _read(self) -> set[str]:
        """Where what it reads is."""
        return set(map(os.path.realpath, (*self.inputs, *self.results)))

    def _print(self, document: Document) -> None:
        from sharp_cli.results.formats import to_csv, to_json

        if not self.requested and self.piped and terminal.is_terminal():
            print_tables(document, self.selection)
        elif self.json == STDOUT or (not self.requested and self.piped == "json"):
            output.write_stdout(to_json(document))
        elif self.csv == STDOUT or (not self.requested and self.piped):
            output.write_stdout(to_csv(self.selection.of(document)))


def print_tables(document: Document, selection: Selection) -> None:
    """Print a table of the chosen joints and a summary for each study."""
    from rich.console import Console

    from sharp_cli.results.console import summary, table, visits

    console = Console()
    for study in document.split().values():
        console.print(table(selection.of(study)))
        for line in summary(study):
            console.print(line, highlight=False)
        console.print()
    for line in visits(document):
        console.print(line, highlight=False)
