"""What `sharp_cli.score` gives: tables, pictures, files, and a view in notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.api.frames import to_frame
from sharp_cli.api.notebook import to_html
from sharp_cli.api.pictures import overlay_of
from sharp_cli.core.about import NOTICE
from sharp_cli.core.errors import UsageError
from sharp_cli.fileio import output
from sharp_cli.results.document import Document, Failure, HandRow, JointRow, WarningRow
from sharp_cli.results.formats import to_csv, to_json

if TYPE_CHECKING:
    import os

    import pandas as pd
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, repr=False)
class Scores:
    """The scored joints of some studies.

    The tables are made each time they are accessed; `api.frames.to_frame` says which types
    their columns have.

    Attributes:
        document: Everything, as records.
    """

    document: Document

    @property
    def joints(self) -> pd.DataFrame:
        """A row a joint, 31 a hand, with the columns of the CSV (see `documents.JointRow`).

        `probability` is NaN where a joint was not detected; `box` holds its four corners (x, y).
        """
        return to_frame(JointRow, self.document.joints)

    @property
    def hands(self) -> pd.DataFrame:
        """A row a hand; see `documents.HandRow`."""
        return to_frame(HandRow, self.document.hands)

    @property
    def warnings(self) -> pd.DataFrame:
        """What was assumed or skipped; see `documents.WarningRow`."""
        return to_frame(WarningRow, self.document.warnings)

    @property
    def failures(self) -> pd.DataFrame:
        """The files that gave no result; see `documents.Failure`."""
        return to_frame(Failure, self.document.failures)

    def overlay(self, study: str | None = None) -> Image:
        """The radiograph of a study with each joint's box and label, read again.

        Args:
            study: Its name, as the tables have it; may be omitted if there is one study only.

        Returns:
            An RGB picture; of a study of two radiographs, the left hand's above the right hand's.

        Raises:
            UsageError: There is no such study, or more than one to choose from.
            InputError: The radiograph is no longer there, or not what it was.
        """
        studies = self.document.split()
        if study is None and len(studies) == 1:
            (study,) = studies
        if study is None or study not in studies:
            known = ", ".join(map(repr, studies)) or "none"
            message = f"overlay(): study={study!r}; give the name of a study: {known}"
            raise UsageError(message)
        return overlay_of(studies[study])

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Write everything, as `sharp score --json` does.

        Raises:
            OutputError: It cannot be written.
        """
        output.write(Path(path), to_json(self.document))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a row a joint, as `sharp score --csv` does.

        Raises:
            OutputError: It cannot be written.
        """
        output.write(Path(path), to_csv(self.document))

    def __repr__(self) -> str:
        document = self.document
        text = (
            f"<Scores: studies {len(document.split())}, hands {len(document.hands)}, "
            f"joints {len(document.joints)}, warnings {len(document.warnings)}, "
            f"failures {len(document.failures)}>"
        )
        return text if document.validated_on_patients else f"{text} {NOTICE}"

    def _repr_html_(self) -> str:
        return to_html(self.document)
