"""What can be wrong with a download, and how a test sees that it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sharp_cli.datasets.importers.cohort import write_tables
from sharp_cli.datasets.labels import read_labels
from tests.datasets.importers.trees import MAKE, READ, change

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Damage(NamedTuple):
    """Something that is wrong with a download.

    Attributes:
        do: Damages it.
        where: Where it is, as a remark says.
        what: What it is, as the remark says.
        lost: How many labels are lost by it.
    """

    do: Callable[[Path], object]
    where: str
    what: str
    lost: int


def edit(file: str, how: Callable[[Any], object]) -> Callable[[Path], object]:
    return lambda folder: change(folder / file, how)


def replaced(file: str, old: str, new: str) -> Callable[[Path], object]:
    """Replace a text's first occurrence, which must be there."""

    def do(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return do


def removed(file: str) -> Callable[[Path], object]:
    return lambda folder: (folder / file).unlink()


def moved(old: str, new: str) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)

    return do


def check(damage: Damage, dataset: str, whole: int, folder: Path) -> None:
    """See that a damage is said in words, and that all else is taken.

    Args:
        damage: What is wrong.
        dataset: With which.
        whole: How many labels it has undamaged.
        folder: An empty one.
    """
    download, out = folder / "download", folder / "made"
    MAKE[dataset](download)
    damage.do(download)
    cohort = READ[dataset](download)
    write_tables(cohort, download, out)
    assert (damage.where, damage.what) in cohort.remarks
    assert len(read_labels(out / "labels.csv").joints) == whole - damage.lost
