"""`sharp models`: what is bundled."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import csv
import io

from sharp_cli import output
from sharp_cli.cli import terminal
from sharp_cli.cli.terminal import guarded

_COLUMNS = ("kind", "name", "version", "size", "sha256", "validated_on_patients")
_SHORT = 12


@guarded
def models() -> int:
    """List the bundled models; into a pipe, as CSV with the whole checksums."""
    from sharp_cli.registry import bundled

    rows = [
        (
            bundle.kind,
            str(bundle.meta["name"]),
            str(bundle.meta["version"]),
            sum(file.stat().st_size for file in bundle.path.iterdir()),
            bundle.sha256,
            "yes" if bundle.validated_on_patients else "no",
        )
        for bundle in bundled()
    ]
    if not terminal.is_terminal():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *rows])
        output.write_stdout(text.getvalue().encode())
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(*(column.replace("_", " ") for column in _COLUMNS))
    for kind, name, version, size, sha256, validated in rows:
        table.add_row(kind, name, version, f"{size / 1e6:.1f} MB", sha256[:_SHORT], validated)
    Console().print(table)
    return 0
