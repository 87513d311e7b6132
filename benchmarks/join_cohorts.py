"""Join labelled cohorts in folders beside one another, so that one training learns from all.

    python benchmarks/join_cohorts.py COHORT COHORT … --out FOLDER

Every COHORT holds labels.csv and perhaps joints.csv, as `sharp phantom` and `sharp implant` write
them. FOLDER gets one of each, whose files are named from the folder that the cohorts lie in, and
whose patients have their cohort's name before their own:

    sharp train classifier --labels FOLDER/labels.csv --annotations FOLDER/joints.csv --images .
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Final

TABLES: Final = {
    "labels.csv": (
        "patient", "study", "image", "hand", "finding", "joint", "grade", "label", "x", "y",
        "patch",
    ),
    "joints.csv": ("image", "hand", "joint", "x", "y"),
}  # fmt: skip

_PREFIXED: Final = ("patient", "image", "patch")


def main() -> None:
    """Join and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cohorts", type=Path, nargs="+", metavar="COHORT")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for table, columns in TABLES.items():
        with (options.out / table).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            for cohort in options.cohorts:
                if (cohort / table).is_file():
                    writer.writerows(_rows(cohort, table))


def _rows(cohort: Path, table: str) -> list[dict[str, str]]:
    with (cohort / table).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        for column in _PREFIXED:
            if row.get(column):
                row[column] = f"{cohort.name}/{row[column]}"
    return rows


if __name__ == "__main__":
    main()
