"""One study: from a cold start, and with networks that are loaded already."""

from __future__ import annotations

import subprocess
import time
from statistics import median
from typing import TYPE_CHECKING, Final

from sharp_cli.results.run import Run
from sharp_cli.scoring.loading import load, open_bundles
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.score import score_plan
from timing.memory import watch
from timing.operations import of_studies
from timing.processes import in_new_process, seconds, sharp
from timing.table import Row, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sharp_cli.core.records import Precision
    from timing.machine import Machine

TIMES: Final = 5

FACTOR: Final = 1.25
START: Final = 1.5
"""So many times what its operations take at the rate of the fp32 matrix product, and so many
seconds to start, may a cold start in fp32 take."""

WITH_AMX: Final = 2.5  # s, in bf16 where the processor has matrix units

LITE_COLD: Final = 1.3
LITE_WARM: Final = 0.3
"""So many seconds may the small models take on two cores."""


def cold(machine: Machine, radiograph: str) -> Iterator[Row]:
    """`sharp score` of a radiograph of both hands in a new process; the disk cache holds it."""
    operations = of_studies(open_bundles(), 1, radiographs=1)
    for precision in machine.rates:
        command = sharp("score", radiograph, "--precision", precision)
        spent = seconds(command, TIMES)
        rate = machine.rates["fp32"]
        limit = (
            f"limit {FACTOR * operations / rate + START:.2f} s: {FACTOR} x "
            f"{operations / 1e9:.0f} GFLOP at {rate / 1e9:.0f} GFLOP/s + {START} s"
        )
        yield Row(
            f"`sharp score` of one study, new process, {precision}",
            f"{median(spent):.2f} s ({spread(spent)})",
            limit if precision == "fp32" else f"limit {WITH_AMX} s with matrix units (AMX)",
        )
        nowhere = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=nowhere, stderr=nowhere) as process:
            samples = watch(process)
        most = max(sample.megabytes for sample in samples)
        yield Row("its memory", f"{most:.0f} MB at most", "sampled twice a second")


def warm(machine: Machine, radiograph: str) -> Iterator[Row]:
    """The same from Python, with networks that are loaded and have run once."""
    operations = of_studies(open_bundles(), 1, radiographs=1)
    for precision in machine.rates:
        spent = in_new_process(warm_seconds, [radiograph], precision)
        yield Row(
            f"the same, loaded already, {precision}",
            f"{median(spent):.2f} s ({spread(spent)})",
            machine.utilisation(operations, median(spent), precision),
        )


def lite(radiograph: str) -> Iterator[Row]:
    """Both with the small models."""
    spent = seconds(sharp("score", radiograph, "--models", "lite"), TIMES)
    yield Row(
        "`sharp score --models lite` of one study, new process",
        f"{median(spent):.2f} s ({spread(spent)})",
        f"limit {LITE_COLD} s",
    )
    spent = in_new_process(warm_seconds, [radiograph], "fp32", "lite")
    yield Row(
        "the same, loaded already",
        f"{median(spent):.2f} s ({spread(spent)})",
        f"limit {LITE_WARM} s",
    )


def warm_seconds(
    radiographs: Sequence[str], precision: Precision, models: str | None = None
) -> list[float]:
    """How long scoring the radiographs of a study takes, each time after the first."""
    bundles = open_bundles(models=models)
    scoring = load(bundles, device="cpu", precision=precision).scoring()
    spent = []
    for _ in range(1 + TIMES):
        start = time.perf_counter()
        run = Run()
        score_plan(plan(radiographs), scoring, run)
        spent.append(time.perf_counter() - start)
        if run.failures:
            raise RuntimeError(run.failures[0].reason)
    return spent[1:]
