"""`sharp evaluate lesions`: classifiers on synthetic lesions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import HeldOut, Images, Truth
from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES: Final = """\
sharp evaluate lesions radiographs joints.csv --held-out
"""

_COLUMNS: Final = (
    "model", "finding", "group", "sensitivity", *(f"grade_{grade}" for grade in range(1, 6)),
    "specificity", "auc", "untouched_non_intact", "damaged", "intact", "untouched",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, lesions, EXAMPLES)


def lesions(
    images: Images,
    truth: Truth,
    *,
    held_out: HeldOut = None,
    bundle: options.FindingsBundle = None,
) -> None:
    """Measure how well synthetic lesions are distinguished from the intact joints that they alter.

    Rates are in percent; `untouched_non_intact` is that of joints without any change.
    """
    require("evaluate")
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.datasets.splits import select_hands
    from sharp_cli.evaluation.lesions import measure
    from sharp_cli.synthetic.intact_hands import read_intact_hands

    folder = open_bundle("findings", bundle).path
    measured = measure(folder, select_hands(read_intact_hands(truth, images), held_out=held_out))
    print_table(
        _COLUMNS,
        [
            (model, finding, group, *_lesion_cells(metrics))
            for model, findings in measured.items()
            for finding, groups in findings.items()
            for group, metrics in groups.items()
        ],
    )


def _lesion_cells(metrics: Mapping[str, Any]) -> tuple[object, ...]:
    grades = (metrics["sensitivity_by_grade"].get(str(grade)) for grade in range(1, 6))
    return (
        100 * metrics["sensitivity"],
        *("" if rate is None else 100 * rate for rate in grades),
        100 * metrics["specificity"],
        f"{metrics['auc']:.3f}",
        100 * metrics["untouched_called_non_intact"],
        *metrics["joints"].values(),
    )
