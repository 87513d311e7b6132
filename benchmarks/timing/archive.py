"""Many studies: `sharp score --out` of a synthetic cohort."""

from __future__ import annotations

import csv
import shutil
import subprocess
import time
from itertools import count
from typing import TYPE_CHECKING, Final

from sharp_cli.results.layout import STUDY_JSON
from sharp_cli.scoring.loading import open_bundles
from sharp_cli.synthetic.phantom.cohort import study_count
from timing.memory import watch, while_done
from timing.operations import of_studies
from timing.processes import sharp
from timing.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sharp_cli.core.records import Precision
    from timing.machine import Machine

SEED: Final = 1

_EVERY: Final = 5.0  # s, from one look at the memory to the next


def score(machine: Machine, work: Path, studies: int) -> Iterator[Row]:
    """Score some studies; the rows are of their rate and of memory.

    Args:
        machine: The machine.
        work: Folder for the cohort, which is drawn if it is not there, and for results.
        studies: How many.
    """
    manifest = cohort(work / "cohort", studies)
    with manifest.open(newline="", encoding="utf-8") as file:
        radiographs = sum(1 for _ in csv.DictReader(file))
    operations = of_studies(open_bundles(), studies, radiographs=radiographs)
    for precision in machine.rates:
        out = work / precision
        yield from _score(
            machine, manifest, out, studies, operations=operations, precision=precision
        )


def cohort(folder: Path, studies: int) -> Path:
    """The manifest of the first studies of a cohort, which is drawn if it is not there."""
    patients = next(number for number in count(1) if study_count(SEED, number) >= studies)
    folder = folder.with_name(f"{folder.name}-{patients}")
    if not (folder / "manifest.csv").is_file():
        given = ["--patients", str(patients), "--seed", str(SEED)]
        subprocess.run(sharp("phantom", *given, "--out", str(folder)), check=True)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    kept = list(dict.fromkeys(row[0] for row in rows))[:studies]
    manifest = folder / f"first-{studies}.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [head, *(row for row in rows if row[0] in kept)]
        )
    return manifest


def _score(
    machine: Machine,
    manifest: Path,
    out: Path,
    studies: int,
    *,
    operations: int,
    precision: Precision,
) -> Iterator[Row]:
    shutil.rmtree(out, ignore_errors=True)
    given = ["--manifest", str(manifest), "--out", str(out), "--precision", precision]
    start = time.perf_counter()
    with subprocess.Popen(sharp("score", *given)) as process:
        samples = watch(process, lambda: sum(1 for _ in out.glob(f"*/{STUDY_JSON}")), every=_EVERY)
    spent = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    name = f"{studies} studies, `sharp score --out`, {precision}"
    rate = f"{60 * studies / spent:.1f} studies a minute"
    yield Row(name, rate, machine.utilisation(operations, spent, precision))
    quarter, tenth = studies // 4, max(1, studies // 10)
    early = while_done(samples, quarter, quarter + tenth)
    late = while_done(samples, studies - tenth, studies)
    yield Row(
        "their memory, all processes",
        f"{max(sample.megabytes for sample in samples):.0f} MB at most",
        f"{early:.0f} MB at study {quarter}, {late:.0f} MB at the end",
    )
