"""Results as a notebook shows them: HTML that loads nothing and runs nothing."""

from __future__ import annotations

import io
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.terminal_theme import MONOKAI

from sharp_cli.api.pictures import overlay_of, thumbnail
from sharp_cli.core.about import NOTICE
from sharp_cli.core.errors import InputError
from sharp_cli.results.console import summary, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.results.document import Document

_MOST: Final = 10
"""Limit for studies, warnings and failures: a notebook file holds all that it shows."""
_COLUMNS: Final = 100
# Its own colours, dark as the picture beside it: notebooks are light or dark.
_PRE: Final = (
    '<pre style="background: {background}; color: {foreground}; line-height: 1.2; margin: 0; '
    'padding: 0.5em">{code}</pre>'
)
# As wide as labels need to be read, so the table stands below it.
_SIZE: Final = "display: block; width: 100%; max-width: 72em; margin: 0.5em 0"


def to_html(document: Document) -> str:
    """The overlay, counts and table of each study, below notice, failures and warnings."""
    studies = document.split()
    parts = [] if document.validated_on_patients else [f"<p><b>{escape(NOTICE)}</b></p>"]
    parts += _list("failures", [row.reason for row in document.failures])
    parts += _list("warnings", [f"{row.file}: {row.message}" for row in document.warnings])
    parts += [_study(name, study) for name, study in islice(studies.items(), _MOST)]
    if len(studies) > _MOST:
        parts.append(f"<p>{len(studies) - _MOST} more studies: see <code>joints</code></p>")
    # A file name may hold bytes that are no text.
    return "\n".join(parts).encode(errors="backslashreplace").decode()


def _list(name: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    items = [f"<li>{escape(text)}</li>" for text in texts[:_MOST]]
    if len(texts) > _MOST:
        items.append(f"<li>{len(texts) - _MOST} more: see <code>{name}</code></li>")
    title = f"<summary>{len(texts)} {name}</summary>"
    return [f"<details open>{title}<ul>{''.join(items)}</ul></details>"]


def _study(name: str, study: Document) -> str:
    lines = "<br>".join(map(escape, summary(study)))
    title = f"<summary><b>{escape(name)}</b></summary>"
    return f"<details open>{title}{_picture(name, study)}{_table(study)}<p>{lines}</p></details>"


def _picture(name: str, study: Document) -> str:
    try:
        address = thumbnail(overlay_of(study))
    except InputError as error:
        return f"<p>{escape(str(error))}</p>"
    alt = escape(f"{name}: each joint's box and label on the radiograph")
    return f'<img src="{address}" alt="{alt}" style="{_SIZE}">'


def _table(study: Document) -> str:
    """The table of the terminal."""
    console = Console(
        file=io.StringIO(), record=True, width=_COLUMNS, emoji=False, force_jupyter=False
    )
    console.print(table(study))
    return console.export_html(theme=MONOKAI, code_format=_PRE, inline_styles=True)
