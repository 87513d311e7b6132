"""Where the table of an evaluation goes: to stdout, or into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sharp_cli.cli.terminal import log, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sharp_cli.evaluation.tables import Table


def print_or_write(
    table: Table,
    out: Path | None,
    *,
    kind: str,
    evaluation: Any,
    inputs: Mapping[str, object],
) -> None:
    """Print the table of an evaluation; or write all of it into a folder.

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

    if out is None:
        print_table(table.columns, table.rows)
    else:
        made_with = {name: None if value is None else str(value) for name, value in inputs.items()}
        write(out, kind, evaluation, made_with, tables=[table], plots={})
        log("done", f"the evaluation is in {out}")
