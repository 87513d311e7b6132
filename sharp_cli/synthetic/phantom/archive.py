"""Draw a made-up cohort and write it: DICOM files, and tables of what is in them."""

from __future__ import annotations

import csv
import os
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.core.joints import SIDES, Side
from sharp_cli.fileio import output
from sharp_cli.synthetic.phantom import draw, film
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
_FILM: Final = 9  # of a person's streams of random numbers, one that `draw` does not use


@dataclass(frozen=True, slots=True)
class _Site:
    """How a site takes and stores its films.

    Attributes:
        together: Whether both hands are on one film.
        inverted: Whether films are stored with bones dark (MONOCHROME1).
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

Either kind of film is that of about half of the patients, and the pictures are about as large as
plates of 43 x 35 cm (both hands) and 24 x 30 cm (one).
"""


@dataclass(frozen=True, slots=True)
class _Job:
    folder: Path
    seed: int
    patient: Patient
    study: Study
    shrink: int


def write_cohort(
    folder: Path,
    *,
    patients: int,
    seed: int,
    workers: int,
    tell: Callable[[str], None],
    correlations: Correlations = DEFAULT,
    shrink: int = 1,
) -> None:
    """Draw the patients' radiographs in several processes, and write them.

    The same patients and seed give the same files, whatever the number of processes. Rows are
    written as they come; the tables appear when all radiographs are there.

    Args:
        folder: Where to: new, empty, or that of the same cohort, cut short, which is drawn anew.
        patients: How many.
        seed: What everything follows from.
        workers: How many processes draw.
        tell: Told the name of each study that is there.
        correlations: Of the damage.
        shrink: Divides the size of the pictures.

    Raises:
        UsageError: The folder holds something else.
        OutputError: Something cannot be written.
    """
    unfinished = _claim(folder, f"--patients {patients} --seed {seed}")
    jobs = (
        _Job(folder, seed, patient, study, shrink)
        for patient in cohort(seed, patients, correlations)
        for study in patient.studies
    )
    # OpenCV's threads do not survive a fork.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_prepare_worker)
    try:
        with ExitStack() as stack:
            tables = {
                name: stack.enter_context(_table(folder / name, columns))
                for name, columns in TABLES.items()
            }
            for job, future in _submitted(pool, jobs, ahead=2 * workers):
                for name, rows in future.result().items():
                    tables[name](rows)
                tell(f"{job.patient.id}/{job.study.number}")
    finally:
        pool.shutdown(cancel_futures=True)
    unfinished.unlink()


def _claim(folder: Path, content: str) -> Path:
    """Mark a folder as one whose cohort is being drawn, and give the mark."""
    mark = folder / _UNFINISHED
    output.make_folder(folder)
    begun = mark.read_text(encoding="utf-8") if mark.is_file() else None
    if begun != content and any(folder.iterdir()):
        instead = f", or repeat what was cut short there, {begun}" if begun else ""
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


def _submitted(
    pool: ProcessPoolExecutor, jobs: Iterator[_Job], ahead: int
) -> Iterator[tuple[_Job, Future[Rows]]]:
    """Hand in jobs and give them back in order, never more than `ahead` at a time."""
    waiting: deque[tuple[_Job, Future[Rows]]] = deque()
    for job in jobs:
        if len(waiting) == ahead:
            yield waiting.popleft()
        waiting.append((job, pool.submit(_write_study, job)))
    yield from waiting


def _prepare_worker() -> None:
    """One core a process; an interruption is the parent's to answer, after whole files."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed cannot tell its workers to stop."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write_study(job: _Job) -> Rows:
    """Draw a study's films and write them; gives their rows."""
    site = _SITES[job.patient.site - 1]
    rows: Rows = {name: [] for name in TABLES}
    for number, sides in enumerate([SIDES] if site.together else [(side,) for side in SIDES]):
        _write_film(job, site, number, sides, rows)
    return rows


def _write_film(job: _Job, site: _Site, number: int, sides: tuple[Side, ...], rows: Rows) -> None:
    patient, study = job.patient, job.study
    spacing = site.spacing * job.shrink
    hands = [
        draw(
            patient.seed,
            side=side,
            lesions={key[1:]: grade for key, grade in study.grades.items() if key[0] == side},
            condition=study.condition[side],
            visit=study.number - 1,
            phalanx=phalanx_mm(patient.seed, study.condition[side]) / spacing,
        )
        for side in sides
    ]
    size = (LONG // job.shrink, SHORT // job.shrink)
    made = film(
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
        source=("sharp-cli phantom", str(job.seed), name),
        sex=patient.sex,
        age=int(study.age),
    )
    image = dataset(
        made.pixels, header, place, spacing=made.spacing, side=alone, inverted=site.inverted
    )
    output.write(job.folder / place, encode(image))

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
