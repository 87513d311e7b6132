"""Render a synthetic cohort and write it: DICOM files, and tables of what is in them."""

from __future__ import annotations

import csv
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.core.joints import SIDES, Side
from sharp_cli.execution.process_pool import process_pool
from sharp_cli.fileio import output
from sharp_cli.synthetic.phantom import generate_hand, make_radiograph
from sharp_cli.synthetic.phantom.cohort import Patient, Study, cohort
from sharp_cli.synthetic.phantom.dicom import Header, dataset, encode
from sharp_cli.synthetic.phantom.hand import phalanx_mm
from sharp_cli.synthetic.phantom.severity import DEFAULT, Correlations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    Row = Sequence[object]
    Rows = dict[str, list[Row]]  # of each of TABLES

TABLES: Final = {
    "manifest.csv": (
        "study", "patient", "hand", "path", "date", "age", "sex", "site", "duration",
    ),
    "labels.csv": ("patient", "study", "image", "hand", "finding", "joint", "grade"),
    "joints.csv": ("image", "hand", "joint", "x", "y"),
}  # fmt: skip
"""The tables and their columns."""

LONG: Final = 2500
SHORT: Final = 2000
"""Sides of every picture in pixels: upright with one hand in it, lying with both."""

_UNFINISHED: Final = ".unfinished"
_FILM: Final = 9  # of a person's streams of random numbers, one that `generate_hand` does not use


@dataclass(frozen=True, slots=True)
class _Site:
    """How a site takes and stores its radiographs.

    Attributes:
        together: Whether both hands are on one radiograph.
        inverted: Whether they are stored with bones dark (MONOCHROME1).
        spacing: Size of a pixel in mm.
    """

    together: bool
    inverted: bool
    spacing: float


_SITES: Final = (
    _Site(together=True, inverted=False, spacing=0.172),
    _Site(together=False, inverted=True, spacing=0.120),
    _Site(together=True, inverted=True, spacing=0.170),
    _Site(together=True, inverted=True, spacing=0.172),
    _Site(together=False, inverted=True, spacing=0.118),
    _Site(together=True, inverted=False, spacing=0.175),
    _Site(together=False, inverted=False, spacing=0.118),
    _Site(together=False, inverted=True, spacing=0.120),
    _Site(together=False, inverted=False, spacing=0.120),
)
"""The paper's nine sites; choices.

Either kind is that of about half of the patients, and the pictures are about as large as
plates of 43 x 35 cm (both hands) and 24 x 30 cm (one).
"""


class _Visit(NamedTuple):
    """A study to render, and whose it is."""

    patient: Patient
    study: Study

    @property
    def name(self) -> str:
        return f"{self.patient.id}/{self.study.number}"


def write_cohort(
    folder: Path,
    *,
    patients: int,
    seed: int,
    workers: int,
    on_progress: Callable[[str], None],
    correlations: Correlations = DEFAULT,
    shrink: int = 1,
) -> None:
    """Render the patients' radiographs in several processes, and write them.

    The same patients and seed give the same files, whatever the number of processes. Rows are
    written as they come; the tables appear when all radiographs are there.

    Args:
        folder: Where to: new, empty, or that of the same cohort, interrupted, which is rendered
            anew.
        patients: How many.
        seed: Random seed.
        workers: How many processes render.
        on_progress: Called with the name of each study that is written.
        correlations: Of the damage.
        shrink: Divides the size of the pictures.

    Raises:
        UsageError: The folder holds something else.
        OutputError: Something cannot be written.
    """
    unfinished = _claim(folder, f"--patients {patients} --seed {seed}")
    visits = (
        _Visit(patient, study)
        for patient in cohort(seed, patients, correlations)
        for study in patient.studies
    )
    writer = _Writer(folder, seed, shrink)
    with process_pool(workers, partial(_prepared, writer)) as pool, ExitStack() as stack:
        tables = {
            name: stack.enter_context(_table(folder / name, columns))
            for name, columns in TABLES.items()
        }
        for study, written in pool.map(_Writer.write_study, visits, on_crash=_crashed):
            for name, rows in written.items():
                tables[name](rows)
            on_progress(study)
    unfinished.unlink()


def _claim(folder: Path, content: str) -> Path:
    """Mark a folder as one whose cohort is being rendered, and give the mark."""
    mark = folder / _UNFINISHED
    output.make_folder(folder)
    begun = mark.read_text(encoding="utf-8") if mark.is_file() else None
    if begun != content and any(folder.iterdir()):
        instead = f", or repeat what was interrupted there, {begun}" if begun else ""
        message = f"{folder}: is not empty; choose a new folder{instead}"
        raise UsageError(message)
    output.write(mark, content.encode())
    return mark


@contextmanager
def _table(path: Path, columns: tuple[str, ...]) -> Iterator[Callable[[Iterable[Row]], None]]:
    """Write rows to a hidden file, which becomes `path` when all are there."""
    hidden = path.with_name(f".{path.name}")
    try:
        with hidden.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            yield writer.writerows
        hidden.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error
    finally:
        hidden.unlink(missing_ok=True)


def _crashed(visit: _Visit) -> tuple[str, Rows]:
    message = (
        f"{visit.name}: the processes that rendered it ended; there may not be enough memory: "
        "choose fewer --workers, and repeat the call"
    )
    raise OutputError(message)


def _prepared(writer: _Writer) -> _Writer:
    """The writer, in a process that takes one core."""
    cv2.setNumThreads(1)
    return writer


@dataclass(frozen=True, slots=True)
class _Writer:
    """Renders studies into a folder.

    Attributes:
        folder: The folder.
        seed: Random seed of the cohort.
        shrink: Divides the size of the pictures.
    """

    folder: Path
    seed: int
    shrink: int

    def write_study(self, visit: _Visit) -> tuple[str, Rows]:
        """Render the radiographs of a study and write them; gives its name and their rows."""
        site = _SITES[visit.patient.site - 1]
        rows: Rows = {name: [] for name in TABLES}
        for number, sides in enumerate([SIDES] if site.together else [(side,) for side in SIDES]):
            self._write_radiograph(visit, site, number, sides, rows)
        return visit.name, rows

    def _write_radiograph(
        self, visit: _Visit, site: _Site, number: int, sides: tuple[Side, ...], rows: Rows
    ) -> None:
        patient, study = visit
        spacing = site.spacing * self.shrink
        hands = [
            generate_hand(
                patient.seed,
                side=side,
                lesions={key[1:]: grade for key, grade in study.grades.items() if key[0] == side},
                condition=study.condition[side],
                visit=study.number - 1,
                phalanx=phalanx_mm(patient.seed, study.condition[side]) / spacing,
            )
            for side in sides
        ]
        size = (LONG // self.shrink, SHORT // self.shrink)
        made = make_radiograph(
            hands,
            np.random.default_rng([patient.seed, _FILM, study.number, number]),
            size=size if site.together else size[::-1],
        )
        alone = None if site.together else sides[0]
        place = f"{patient.id}/{study.number}/{alone or 'both'}.dcm"
        name = f"{patient.id}-{study.number}"
        header = Header(
            patient=patient.id,
            study=name,
            date=study.date,
            source=("sharp-cli phantom", str(self.seed), name),
            sex=patient.sex,
            age=int(study.age),
        )
        image = dataset(
            made.pixels, header, place, spacing=made.spacing, side=alone, inverted=site.inverted
        )
        output.write(self.folder / place, encode(image))

        person = (int(study.age), patient.sex, patient.site, f"{study.duration:.1f}")
        rows["manifest.csv"].append((name, patient.id, alone or "", place, study.date, *person))
        for side, points in zip(made.sides, made.points, strict=True):
            rows["labels.csv"] += [
                (patient.id, name, place, side, finding, joint, grade)
                for (hand, finding, joint), grade in study.grades.items()
                if hand == side
            ]
            rows["joints.csv"] += [
                (place, side, joint, f"{x:.2f}", f"{y:.2f}") for joint, (x, y) in points.items()
            ]
