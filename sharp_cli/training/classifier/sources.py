"""The files that classifiers are trained from, and their checksums."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.fileio.tables import Problem, raise_problems, read_table
from sharp_cli.training.run import fingerprint, fingerprint_hands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.datasets.labels import ShownJoint


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a training.

    Attributes:
        labels: See `labels.read_labels`.
        images: Folder of the radiographs or patches.
        annotations: Joint positions, see `annotations.check.read_checked`; None to detect them.
        names: What the points are called there; None for their own names.
        dates: A table `study,date`, by which `mimo-time` finds the previous study; None for none.
        folds: A table `patient,fold`; None to assign patients to folds.
        hands: Bundle of the hand finder; None for the bundled one.
        detector: Bundle of the joint detector; None for the bundled one.
    """

    labels: Path
    images: Path
    annotations: Path | None
    names: Path | None
    dates: Path | None
    folds: Path | None
    hands: str | None
    detector: str | None

    def checksums(
        self, joints: Sequence[ShownJoint], annotated: Sequence[AnnotatedHand]
    ) -> dict[str, str | None]:
        """Checksums of all files by the names of the options; of radiographs, of their sizes.

        Args:
            joints: The joints that are used.
            annotated: The annotated hands.

        Raises:
            UsageError: A file cannot be read.
        """
        files = sorted({one.file for one in joints})
        sizes = [(file, (self.images / file).stat().st_size) for file in files]
        return {
            "labels": fingerprint(self.labels),
            "images": hashlib.sha256(json.dumps(sizes).encode()).hexdigest(),
            "annotations": fingerprint_hands(annotated) if self.annotations else None,
            "prior": fingerprint(self.dates),
            "fold-file": fingerprint(self.folds),
            "hands": fingerprint(Path(self.hands) if self.hands else None),
            "detector": fingerprint(Path(self.detector) if self.detector else None),
        }


def earlier_studies(path: Path | None, joints: Sequence[ShownJoint]) -> dict[tuple[str, str], str]:
    """For each patient and study that has one, the previous study.

    Args:
        path: A table `study,date`, dates as 2024-05-31; None for none. Studies of several
            patients may share a name if they share the date.
        joints: The cohort's joints.

    Raises:
        DocumentError: The table cannot be read, or does not give one date to each study.
    """
    if path is None:
        return {}
    dates: dict[str, date] = {}
    problems: list[Problem] = []
    for line, row in read_table(path, ("study", "date")):
        study, text = row["study"].strip(), row["date"].strip()
        try:
            found = date.fromisoformat(text)
        except ValueError:
            problems.append(Problem(f"line {line}", f"{text!r} is not a date such as 2024-05-31"))
            continue
        if dates.setdefault(study, found) != found:
            problems.append(Problem(f"line {line}", f"study {study} already has another date"))
    studies: dict[str, set[str]] = {}
    for one in joints:
        studies.setdefault(one.patient, set()).add(one.study)
    undated = sorted({study for mine in studies.values() for study in mine} - dates.keys())
    problems += [Problem(study, "this study of the labels has no date") for study in undated]
    raise_problems(path, problems)
    earlier = {}
    for patient, mine in studies.items():
        for study in mine:
            before = [other for other in mine if dates[other] < dates[study]]
            if before:
                earlier[patient, study] = max(before, key=lambda one: (dates[one], one))
    return earlier
