"""`sharp score --from-dicomweb`: studies that are fetched from an archive."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log
from sharp_cli.pacs.dicomweb import DicomWeb
from sharp_cli.pacs.quiet import quiet
from sharp_cli.pacs.studies import make_objects, plan_studies
from sharp_cli.results.run import Run
from sharp_cli.scoring.score import score_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sharp_cli.cli.outputs import Outputs
    from sharp_cli.core.errors import ExitCode
    from sharp_cli.results.document import Document
    from sharp_cli.scoring.stages import Scoring

_Row = TypeVar("_Row")

_RETRIES: Final = 4
"""With 1, 2, 4, … s between them."""


class Remote:
    """Studies of an archive."""

    def __init__(self, url: str, studies: Sequence[str], *, store: bool) -> None:
        """Name the studies; nothing is fetched yet.

        Args:
            url: Address of the archive's DICOMweb service.
            studies: Their StudyInstanceUIDs.
            store: Whether results are stored in the archive.

        Raises:
            UsageError: The address cannot be used, see `DicomWeb`.
        """
        self.archive = DicomWeb(url, retries=_RETRIES)
        self.studies = studies
        self.store = store

    def score(self, scoring: Scoring, outputs: Outputs) -> ExitCode:
        """Fetch and score the studies, write the outputs, give the exit code.

        Results name a study by its identifier, and its radiographs STUDY/OBJECT.dcm: only within
        the archive does this lead to the patient.

        Raises:
            OutputError: Something cannot be written.
        """
        run = Run()
        with tempfile.TemporaryDirectory(prefix="sharp-") as place, quiet():
            folder = Path(place)
            fetched = self._fetch(folder, run)
            work = plan_studies(fetched)
            with progress(len(work.files)) as run.on_progress:
                document = score_plan(work, scoring, run)
            if self.store:
                self._send(document, run, folder)
            # Pictures are drawn from the files; everything else must not name their folder.
            drawn = replace(outputs, json=None, csv=None, piped=None)
            drawn.deliver(document, run)
        run.failures = _shown(run.failures, folder)
        written = replace(outputs, overlay=None, dicom_sr=None, dicom_overlay=None)
        return written.finish(_named(document, folder), run)

    def _fetch(self, folder: Path, run: Run) -> list[Path]:
        """The folders of the studies that could be fetched."""
        fetched = []
        with run.interruptible(), progress(len(self.studies)) as on_progress:
            for study in dict.fromkeys(self.studies):
                on_progress(study)
                with run.guard(study):
                    others = self.archive.fetch(study, folder / study)
                    fetched.append(folder / study)
                    if others:
                        log("note", f"{study}: series of Modality {', '.join(others)} ignored")
        return [] if run.interrupted else fetched

    def _send(self, document: Document, run: Run, folder: Path) -> None:
        with run.interruptible():
            for name, study in document.split().items():
                with run.guard(*(row.file for row in study.inputs)):
                    results, warnings = make_objects(study)
                    for warning in warnings:
                        log("warning", warning.replace(f"{folder}{os.sep}", ""))
                    for result in results:
                        self.archive.send(result)
                    log("note", f"{name}: {len(results)} results stored")


def _named(document: Document, folder: Path) -> Document:
    """The document with its files named by study and object."""
    rows: dict[str, Any] = {
        name: tuple(_shown(getattr(document, name), folder))
        for name in ("inputs", "hands", "joints", "warnings", "failures")
    }
    return replace(document, **rows)


def _shown(rows: Iterable[_Row], folder: Path) -> list[_Row]:
    """Records of files, without the temporary folder in names and messages."""
    return [
        replace(
            row,  # type: ignore[type-var]
            **{
                name: getattr(row, name).replace(f"{folder}{os.sep}", "")
                for name in ("file", "message", "reason")
                if hasattr(row, name)
            },
        )
        for row in rows
    ]
