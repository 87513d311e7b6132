"""What there is to score of studies that an archive gave, and what it is given back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sharp_cli.results.dicom.secondary_capture import make_overlays
from sharp_cli.results.dicom.source_study import read_source
from sharp_cli.results.dicom.structured_report import make_report
from sharp_cli.scoring.plan import Plan, name_studies, plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom import Dataset

    from sharp_cli.results.document import Document


def plan_studies(folders: Sequence[Path]) -> Plan:
    """Find the radiographs of some studies, and which of them belong together.

    Args:
        folders: One a study, called by its StudyInstanceUID, which becomes the study's name.
    """
    plans = [plan([str(folder)]) for folder in folders]
    groups = (
        replace(group, name=folder.name, listed=True)
        for folder, found in zip(folders, plans, strict=True)
        for group in found.groups
    )
    return Plan(
        name_studies(groups),
        warnings=tuple(row for found in plans for row in found.warnings),
        failures=tuple(row for found in plans for row in found.failures),
    )


def make_objects(study: Document) -> tuple[list[Dataset], list[str]]:
    """The report of one study and the overlays of its radiographs, and warnings.

    Raises:
        InputError: They cannot be made; see `read_source`.
    """
    source = read_source(study)
    warnings = [f"{row.file}: {row.message}" for row in source.warnings]
    return [make_report(study, source), *make_overlays(study, source)], warnings
