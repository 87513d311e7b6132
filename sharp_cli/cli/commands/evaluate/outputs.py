"""Where the table of an evaluation goes: to stdout, and into a folder if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sharp_cli.cli.terminal import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sharp_cli.evaluation.tables import Table


def print_and_write(
    table: Table,
    out: Path | None,
    *,
    kind: str,
    evaluation: Any,
    inputs: Mapping[str, object],
) -> None:
    """Print the table of an evaluation and, into a folder, write all of it.

    Args:
        table: What is to be read.
        out: The folder; None for none.
        kind: See `evaluation.files.write`.
        evaluation: Likewise.
        inputs: What the evaluation was made with, for the JSON.

    Raises:
        OutputError: It cannot be written.
    """
    from sharp_cli.evaluation.files import write

    print_table(table.columns, table.rows)
    if out is not None:
        made_with = {name: None if value is None else str(value) for name, value in inputs.items()}
        write(out, kind, evaluation, made_with, tables=[table], plots={})
