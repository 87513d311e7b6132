"""How long `sharp score --out` takes to plan an archive before it reads a pixel, as a table.

    python benchmarks/planning.py [--files N …]

Each archive is what viewers export: a folder for each radiograph, in which it is `IM0001.dcm`. Once
the files hold a few bytes, which shows what planning itself takes, and once a DICOM header.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian
from timing.machine import processor
from timing.processes import in_new_process

from sharp_cli.batch.engine import TIMEOUT
from sharp_cli.execution.limits import cores
from sharp_cli.execution.questions import asking
from sharp_cli.scoring.plan import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILES: Final = (1_000, 10_000, 100_000)
_A_FOLDER: Final = 1_000
"""So many folders are in one: a choice."""


_FURTHER_TAGS: Final = 80
"""Beside those that are read: so that a header has about a hundred, as those of radiographs."""


_FIRST: Final = 10_000_000
"""The number of the first radiograph; all have as many digits."""


def main() -> None:
    """Measure; print each row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", nargs="+", type=int, default=FILES)
    given = parser.parse_args()
    print(f"On {processor()}, {cores()} cores:\n")
    print("| files | each holds | planned in | seconds of a core | memory at most |")
    print("| --- | --- | --- | --- | --- |")
    for kind, write in KINDS.items():
        for files in given.files:
            with tempfile.TemporaryDirectory() as folder:
                archive(Path(folder), files, write)
                spent, used, most = in_new_process(measure, folder)
            row = f"{files:,} | {kind} | {spent:.1f} s | {used:.1f} s | {most:.0f} MiB"
            print(f"| {row} |", flush=True)


def archive(folder: Path, files: int, write: Callable[[Path, int], object]) -> None:
    """Write an archive."""
    for at in range(files):
        place = folder / f"{at // _A_FOLDER}" / f"{at % _A_FOLDER}"
        place.mkdir(parents=True)
        write(place / "IM0001.dcm", at)


def measure(folder: str) -> tuple[float, float, float]:
    """Seconds that planning takes, those of all cores, and the MiB of all processes at most."""
    start, used = time.perf_counter(), time.process_time()
    with asking(TIMEOUT) as asker:
        plan([folder], asker)
    spent, used = time.perf_counter() - start, time.process_time() - used
    own, others = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    most = (own.ru_maxrss + cores() * others.ru_maxrss) / 1024
    return spent, used + others.ru_utime + others.ru_stime, most


def _few_bytes(path: Path, number: int) -> None:
    path.write_text(str(number), encoding="ascii")


def _header(path: Path, number: int) -> None:
    path.write_bytes(_any_header().replace(str(_FIRST).encode(), str(_FIRST + number).encode()))


@cache
def _any_header() -> bytes:
    """A DICOM header in whose identifiers a number stands."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID = ComputedRadiographyImageStorage
    made.SOPInstanceUID = f"1.2.3.1.{_FIRST}"
    made.StudyInstanceUID = f"1.2.3.2.{_FIRST}"
    made.PatientID = str(_FIRST)
    made.StudyDate = "20200101"
    made.Modality, made.Laterality = "CR", "L"
    made.Rows = made.Columns = 1
    for at in range(_FURTHER_TAGS):
        made.add_new(0x00091001 + at, "LO", "what the machine notes")
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


KINDS: Final[Mapping[str, Callable[[Path, int], None]]] = {
    "a few bytes": _few_bytes,
    "a DICOM header": _header,
}

if __name__ == "__main__":
    main()
