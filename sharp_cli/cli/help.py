"""Help that says what to type, in place of the names of types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE: Final = re.compile(r" <(?:list\[)?([^\[\]>]+)\]?>$")
"""How typer ends the name of a parameter that has no metavar of its own, and of every argument."""

_TO_TYPE: Final = {
    "int": "N",
    "int range": "N",
    "float": "X",
    "float range": "X",
    "str": "TEXT",
    "file": "FILE",
    "dir": "DIR",
    "path": "PATH",
    "Path": "PATH",
}
"""What stands for a type; choices stand for themselves."""


_BETWEEN: Final = re.compile(r"(?<=[\[ ])([\d.]+)<=x<=([\d.]+)(?=[\];])")
_AT_LEAST: Final = re.compile(r"(?<=[\[ ])x>=([\d.]+)(?=[\];])")
"""How typer shows what numbers an option takes."""


class Command(TyperCommand):
    """A command with such help."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage line behind the command's name: arguments as they are typed."""
        arguments = [one for one in self.get_params(ctx) if one.param_type_name == "argument"]
        names = [
            one.metavar or f"{one.name.upper()}{'' if one.nargs == 1 else '...'}"
            for one in arguments
        ]
        shown = zip(arguments, names, strict=True)
        return ["[OPTIONS]", *(name if one.required else f"[{name}]" for one, name in shown)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the lists of arguments and options."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            if records := list(self._records(ctx, kind)):
                with formatter.section(title):
                    formatter.write_dl(records)

    def _records(self, ctx: Any, kind: str) -> Iterator[tuple[str, str]]:
        for one in self.get_params(ctx):
            if one.param_type_name != kind or (record := one.get_help_record(ctx)) is None:
                continue
            name, text = record
            if kind == "argument":
                name = _TYPE.sub("", name)
                name = name if one.metavar else name.upper()
            else:
                name = _TYPE.sub(lambda found: f" {_TO_TYPE.get(found[1], found[1])}", name)
            yield name, _AT_LEAST.sub(r"\1 or more", _BETWEEN.sub(r"\1 to \2", text))
