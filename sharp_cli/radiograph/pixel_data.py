"""The hash of what shows the picture of a file, whatever else it says."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO, Final

from pydicom import dcmread

from sharp_cli.radiograph.content import sha256
from sharp_cli.radiograph.deflated import opened
from sharp_cli.radiograph.reading import silence

if TYPE_CHECKING:
    from pathlib import Path

_PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def picture_sha256(path: str | Path) -> str:
    """The sha256 of what shows the picture: equal for DICOM files that differ in their tags only.

    Of other files, and of DICOM files that cannot be read, it is the sha256 of all.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, "rb") as stream:  # noqa: PTH123 - as `content` has it
        pixels = _pixel_data(stream)
        if pixels is not None:
            return hashlib.sha256(pixels).hexdigest()
        stream.seek(0)
        return sha256(stream)


def _pixel_data(stream: BinaryIO) -> bytes | None:
    """The pixel data as they are stored, or None where there are none."""
    try:
        with silence():
            tags = dcmread(opened(stream), force=True, specific_tags=list(_PIXELS))
            found = (tags[name].value for name in _PIXELS if name in tags)
            pixels = next(found, None)
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - other files make pydicom raise just anything
        return None
    return pixels if isinstance(pixels, bytes) and pixels else None
