"""How fast Sharp is on this machine, beside what the machine can do: one table, in Markdown.

    python benchmarks/speed.py [--only NAME …] [--studies N] [--work DIR] [--markdown FILE]

Let nothing else run meanwhile. Most of its time goes into generating and scoring the synthetic
cohort, which --work keeps for another time. `script` and `training` need the packages of
`.[train]`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

import detection_speed
from timing import archive, comparison, decoding, one_study
from timing.machine import Machine
from timing.operations import of_detecting, of_finding
from timing.processes import in_new_process
from timing.table import HEAD, Row

from sharp_cli.core.joints import SIDES
from sharp_cli.fileio import output
from sharp_cli.scoring.loading import open_bundles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

EXAMPLES: Final = Path(__file__).parents[1] / "examples"
BOTH: Final = str(EXAMPLES / "two-hands.dcm")
APART: Final = [str(EXAMPLES / "left.dcm"), str(EXAMPLES / "right.dcm")]

PATCHES: Final = 16
SIZE: Final = 224
STEPS: Final = 3
"""Of training: so many patches of so many pixels, and so many steps."""


class Setting(NamedTuple):
    """What measurements are made with.

    Attributes:
        machine: The machine.
        work: Folder for what they need.
        studies: How many studies the cohort has.
    """

    machine: Machine
    work: Path
    studies: int


def main() -> None:
    """Measure; print each row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        output.make_folder(work)
        print(HEAD, flush=True)
        for row in rows(options.only, work, options.studies):
            lines.append(str(row))
            print(row, flush=True)
    if options.markdown:
        output.write(options.markdown, "\n".join([HEAD, *lines, ""]).encode())


def rows(names: list[str], work: Path, studies: int) -> Iterator[Row]:
    """The rows of some of `MEASUREMENTS`, after those of the machine, before and after all."""
    machine = Machine.measured()
    yield from machine.rows()
    for name in names:
        yield from MEASUREMENTS[name](Setting(machine, work, studies))
    for row in Machine.measured().rows():
        yield row._replace(measured=f"{row.measured}, again at the end")


def _detection(setting: Setting) -> Iterator[Row]:
    hands, joints, _ = open_bundles()
    machine = setting.machine
    spent = detection_speed.milliseconds([BOTH], threads=machine.cores)
    operations = of_finding(hands) / len(SIDES) + of_detecting(joints)
    utilisation = machine.utilisation(operations, median(spent) / 1000, "fp32")
    yield Row(
        "finding a hand and its joints, radiograph read already",
        f"{median(spent):.0f} ms",
        utilisation,
    )


def _training() -> Iterator[Row]:
    import classifier_step  # noqa: PLC0415 - loads torch

    for step in in_new_process(classifier_step.measure, "cpu", PATCHES, SIZE, STEPS):
        utilisation = ""
        if step.rate and step.most:
            utilisation = f"{100 * step.rate / step.most:.0f} % of torch's matrix product"
            utilisation += f" ({step.most / 1e9:.0f} GFLOP/s)"
        measured = f"a step of training a classifier, {PATCHES} patches of {SIZE} px, {step.name}"
        yield Row(measured, f"{step.seconds:.4f} s", utilisation)


MEASUREMENTS: Final[Mapping[str, Callable[[Setting], Iterator[Row]]]] = {
    "cold": lambda setting: one_study.cold(setting.machine, BOTH),
    "warm": lambda setting: one_study.warm(setting.machine, BOTH),
    "lite": lambda _: one_study.lite(BOTH),
    "archive": lambda setting: archive.score(setting.machine, setting.work, setting.studies),
    "detection": _detection,
    "decoding": lambda setting: decoding.read(BOTH, setting.work),
    "script": lambda setting: comparison.compare(APART, setting.work),
    "training": lambda _: _training(),
}


if __name__ == "__main__":
    main()
