"""What is taken from an archive or a modality, and what is not."""

from __future__ import annotations

import re
from typing import Final

MAX_OBJECT_BYTES: Final = 256 << 20
"""Of one object, a choice: the largest radiograph that is read, 100 megapixels of 16 bit, has 200
MB. What is received is held in memory until it is on disk."""

RADIOGRAPHY: Final = ("CR", "DX", "RG")
"""Modalities of what is fetched and taken: reports, and overlays of radiographs, have others."""

_UID: Final = re.compile(r"(?=.{1,64}\Z)\d+(\.\d+)*", re.ASCII)
"""DICOM PS3.5 section 9.1, but for leading zeros, which some machines write."""


def is_uid(text: str) -> bool:
    """Whether a text is a unique identifier, which can name a file in any folder."""
    return _UID.fullmatch(text) is not None
