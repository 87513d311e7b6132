"""DICOM files: computed, digital and film radiography, and secondary captures."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from pydicom import dcmread

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import acquisition, stored, voi
from sharp_cli.radiograph.colour import to_grey
from sharp_cli.radiograph.decoded import DecodedFile, check_size
from sharp_cli.radiograph.deflated import opened
from sharp_cli.radiograph.spacing import aspect, spacing
from sharp_cli.radiograph.tags import lift_frame, number, object_sha256, side, text

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_RADIOGRAPHY: Final = ("CR", "DX", "RG")
"""Modalities whose tags are trusted to say how the picture is to be shown."""

_CAPTURES: Final = ("", "OT", "SC")
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def read(stream: BinaryIO, notes: list[str]) -> DecodedFile:
    """Read a DICOM file; one without preamble too.

    Args:
        stream: The open file, at its beginning.
        notes: Gets what had to be assumed.

    Raises:
        RadiographError: It cannot be read as a radiograph.
        Exception: Whatever else pydicom and the decoders raise for damaged data.
    """
    tags, modality = _tags(stream)
    lift_frame(tags)
    secondary = text(tags, "SOPClassUID").startswith(_SECONDARY_CAPTURE)
    if modality not in (*_RADIOGRAPHY, *_CAPTURES):
        notes.append("the file's Modality is not that of a radiograph")
    size_of_pixel = spacing(tags, notes)
    which, about_side = side(tags)
    notes += [*about_side, *acquisition.remarks(tags)]
    values, bits = stored.read(tags)
    if values.ndim == 3:  # noqa: PLR2004 - rows, columns, colours
        pixels, agreed = np.clip(to_grey(values) / np.float32(2**bits - 1), 0, 1), False
    else:
        inverse, agreed = _inverse(tags)
        pixels = voi.show(values, tags, notes, inverse=inverse)
    return DecodedFile(
        pixels=pixels,
        trusted=agreed and modality in _RADIOGRAPHY and not secondary,
        spacing=size_of_pixel,
        aspect=aspect(tags, size_of_pixel, notes),
        side=which,
        view=acquisition.view(tags),
        object_sha256=object_sha256(tags),
    )


def size(stream: BinaryIO) -> tuple[int, int]:
    """Width and height that the tags give; the pixel data are not decoded.

    Raises:
        RadiographError: It cannot be read as a radiograph.
        Exception: Whatever else pydicom raises for damaged data.
    """
    tags, _ = _tags(stream)
    return int(tags.Columns), int(tags.Rows)


def _tags(stream: BinaryIO) -> tuple[FileDataset, str]:
    """The tags of a file that may be a radiograph, and its modality."""
    try:
        tags = dcmread(opened(stream), force=True)
    except (EOFError, zlib.error):
        message = "it is cut off; copy or export it again"
        raise RadiographError(message) from None
    modality = text(tags, "Modality").upper()
    _check(tags, modality)
    return tags, modality


def _check(tags: FileDataset, modality: str) -> None:
    """Refuse a file that its tags alone show to be unusable, before anything is decoded."""
    evidence = ("Rows", "Columns", "SOPClassUID", "Modality", *_PIXELS)
    if tags.preamble is None and not any(name in tags for name in evidence):
        message = (
            "it is no picture in a format that is read here; "
            "give a DICOM, PNG, JPEG, TIFF or BMP file"
        )
        raise RadiographError(message)
    # The size comes first: a file may be cut off right after a header that is absurd.
    rows, columns = number(tags, "Rows"), number(tags, "Columns")
    if rows and columns:
        check_size(int(columns), int(rows))
    if not any(tags.get(name) for name in _PIXELS):
        what = f" ({modality})" if re.fullmatch("[A-Z]{2,16}", modality) else ""
        message = (
            f"it is a DICOM file{what} without pixel data, or cut off before them; "
            "export the radiograph itself, or copy it again"
        )
        raise RadiographError(message)
    if not rows or not columns:
        message = "its tags Rows and Columns give no size of the picture; export it again"
        raise RadiographError(message)
    frames = number(tags, "NumberOfFrames")
    if frames is not None and frames > 1:
        message = f"it holds {frames:.0f} frames; export the radiograph as a single picture"
        raise RadiographError(message)


def _inverse(tags: FileDataset) -> tuple[bool, bool]:
    """Whether small values are bright, and whether the tags agree about that.

    MONOCHROME1 and the presentation shape INVERSE mean the same and do not cancel each other
    (DICOM PS3.3 C.8.11.3.1.2).
    """
    shown = stored.interpretation(tags)
    shape = text(tags, "PresentationLUTShape").upper()
    inverse = shown == "MONOCHROME1"
    known = shown in ("MONOCHROME1", "MONOCHROME2")
    return inverse, known and shape in ("", "INVERSE" if inverse else "IDENTITY")
