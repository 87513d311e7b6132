"""The overlays of the radiographs of documents, read anew where their pixels are not at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli import radiograph
from sharp_cli.core.about import NOTICE
from sharp_cli.core.errors import DocumentError
from sharp_cli.results import overlay

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from sharp_cli.core.records import Radiograph
    from sharp_cli.results.document import Document, InputRow
    from sharp_cli.results.run import Run


def every(document: Document, run: Run) -> Iterator[tuple[InputRow, Image]]:
    """Draw the overlay of every radiograph of a document, reading it anew."""
    for study in document.split().values():
        for row in study.inputs:
            with run.guard(row.file):
                yield row, draw(study, row)


def draw(study: Document, row: InputRow, grey: NDArray[np.uint8] | None = None) -> Image:
    """Draw the overlay of one radiograph of a study.

    Args:
        study: The study.
        row: The radiograph.
        grey: Its pixels, see `overlay.grey`; None to read it anew.

    Raises:
        InputError: It is not what it was.
    """
    if grey is None:
        grey = overlay.grey(reread(row).pixels)
    notice = None if study.validated_on_patients else NOTICE
    joints = [joint for joint in study.joints if joint.file == row.file]
    return overlay.draw(grey, joints, notice=notice)


def reread(row: InputRow) -> Radiograph:
    """The radiograph of a document, for what needs its pixels once more."""
    picture = radiograph.read(row.file)
    height, width = picture.pixels.shape
    if (width, height) != (row.width, row.height):
        message = (
            f"{row.file}: {width} x {height} pixels, and the document was made from "
            f"{row.width} x {row.height}; give the picture that it was made from"
        )
        raise DocumentError(message)
    return picture
