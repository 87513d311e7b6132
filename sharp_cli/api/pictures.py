"""The overlay of a study, whole and as a thumbnail."""

from __future__ import annotations

import io
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Final

from PIL import Image

from sharp_cli.results.overlay import draw

if TYPE_CHECKING:
    from sharp_cli.results.document import Document

_WIDTH: Final = 1000
"""Of a thumbnail, in pixels: labels can be read, and even noise of this size takes about 1 MB."""
_QUALITY: Final = 80


def overlay_of(study: Document) -> Image.Image:
    """The overlays of a study's radiographs, which are read again, one below the other.

    Raises:
        InputError: A radiograph is no longer there, or not what it was.
    """
    pictures = [draw(study, row) for row in study.inputs]
    size = (max(picture.width for picture in pictures), sum(picture.height for picture in pictures))
    sheet = Image.new("RGB", size)
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    return sheet


def thumbnail(picture: Image.Image) -> str:
    """A small JPEG of the picture as a data URL."""
    small = picture.copy()
    small.thumbnail((_WIDTH, sys.maxsize))
    content = io.BytesIO()
    small.save(content, "JPEG", quality=_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{b64encode(content.getvalue()).decode()}"
