"""Reading radiographs: DICOM, PNG, JPEG, TIFF and BMP files become pixels with bones bright.

Nothing here knows hands or joints, and no value that could identify a patient leaves it.
"""

from __future__ import annotations

from sharp_cli.radiograph.content import file_sha256
from sharp_cli.radiograph.pixel_data import picture_sha256
from sharp_cli.radiograph.reading import MAX_FILE_BYTES, read, silence, size

__all__ = ["MAX_FILE_BYTES", "file_sha256", "picture_sha256", "read", "silence", "size"]
