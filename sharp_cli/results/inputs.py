"""The radiographs of a document, read again for what needs their pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli import radiograph
from sharp_cli.core.errors import DocumentError

if TYPE_CHECKING:
    from sharp_cli.core.records import Radiograph
    from sharp_cli.results.document import InputRow


def reread(row: InputRow) -> Radiograph:
    """Read the radiograph of a row again.

    Raises:
        InputError: It is no longer there, or has another size.
    """
    picture = radiograph.read(row.file)
    height, width = picture.pixels.shape
    if (width, height) != (row.width, row.height):
        message = (
            f"{row.file}: {width} x {height} pixels, and the document was made from "
            f"{row.width} x {row.height}; give the picture that it was made from"
        )
        raise DocumentError(message)
    return picture
