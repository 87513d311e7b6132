"""The commands of sharp and the examples that end their help."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from typer.main import get_command

from sharp_cli.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator


def walk(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every command by its name, groups too."""
    yield " ".join(path), command
    for name, one in getattr(command, "commands", {}).items():
        yield from walk(one, *path, name)


EXAMPLES: Final = {
    name: textwrap.dedent(command.epilog.partition("Examples:\n")[2])
    for name, command in walk(get_command(app))
    if name and command.epilog
}
"""By command, as a shell takes them; a line starts with # where it says what follows."""
