"""What is taken from an archive or a modality, and what is not."""

from __future__ import annotations

from typing import Final

MAX_OBJECT_BYTES: Final = 256 << 20
"""Of one object, a choice: the largest radiograph that is read, 100 megapixels of 16 bit, has 200
MB. What is received is held in memory until it is on disk."""

RADIOGRAPHY: Final = ("CR", "DX", "RG")
"""Modalities of what is fetched and taken: reports, and overlays of radiographs, have others."""
