"""Rendering pages: markup, style, scripts and data become one file that loads nothing."""

from __future__ import annotations

import html
import json
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STYLES: Final = {"study": ("page.css", "study.css"), "index": ("page.css",)}
_SCRIPTS: Final = {
    "study": (
        "dom.js", "table.js", "joints.js", "readings.js", "reviews.js", "labels.js", "captions.js",
        "zoom.js", "windowing.js", "viewer.js", "viewers.js", "maps.js", "panel.js", "rows.js",
        "head.js", "study.js", "keys.js", "paper.js",
    ),
    "index": ("dom.js", "table.js", "index.js"),
}  # fmt: skip
"""The scripts of each page, in the order in which they run."""


def render(
    page: Literal["study", "index"], title: str, data: Mapping[str, Any], pictures: str = "data:"
) -> bytes:
    """One HTML file (UTF-8) that shows `data`, which is JSON, under a title.

    Its pictures may come from nowhere else than `pictures`, a source of the
    Content-Security-Policy.
    """
    # Nothing in the data can end the script that holds it.
    content = json.dumps(data, allow_nan=False).replace("<", r"\u003c")
    text = Template(_joined([f"{page}.html"])).substitute(
        title=html.escape(title),
        pictures=pictures,
        style=_joined(_STYLES[page]),
        script=_joined(_SCRIPTS[page]),
        data=content,
    )
    return text.encode("utf-8", errors="replace")


def _joined(names: Iterable[str]) -> str:
    folder = files("sharp_cli.results.html") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
