"""`sharp evaluate phantoms`: how realistic phantoms are."""

from __future__ import annotations

from typing import Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import HeldOut, Images, Truth
from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import print_table

EXAMPLES: Final = """\
sharp evaluate phantoms radiographs joints.csv
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, phantoms, EXAMPLES)


def phantoms(
    images: Images, truth: Truth, *, held_out: HeldOut = None, seed: options.Seed = 0
) -> None:
    """Measure how well a classifier separates joints of phantoms from those of radiographs.

    The radiographs must show intact joints of young people. The same number of phantoms is
    generated; then each family of features, all of them, or a small network has to separate the
    patches. The values are AUCs on people not trained on: 0.5 for perfect phantoms, 1 where every
    patch can be recognised; `low` and `high` bound the 95 % interval of that of all joints.
    """
    require("train")
    from sharp_cli.datasets.splits import select_hands
    from sharp_cli.evaluation.phantoms import GROUPS, measure_phantoms
    from sharp_cli.synthetic.intact_hands import read_intact_hands

    measured = measure_phantoms(
        select_hands(read_intact_hands(truth, images), held_out=held_out), seed=seed
    )
    rows = []
    for name, one in measured.items():
        values = (one.auc, *(one.groups.get(group) for group in GROUPS), one.low, one.high)
        rows.append((name, *("" if value is None else f"{value:.3f}" for value in values)))
    print_table(("told_by", "all", *GROUPS, "low", "high"), rows)
