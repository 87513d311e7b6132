"""Objects that are sent: what to call them, and how any archive can take them."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset


def describe(result: Dataset) -> str:
    """Its identifier, what it is and how it is encoded, for messages."""
    kind, syntax = result.SOPClassUID, result.file_meta.TransferSyntaxUID
    return f"{result.SOPInstanceUID} ({kind.name}, {syntax.name})"


def decompressed(result: Dataset) -> Dataset:
    """The same object in Explicit VR Little Endian; its pixels are compressed without loss."""
    plain = deepcopy(result)
    plain.decompress(decoding_plugin="pyjpegls", generate_instance_uid=False)
    return plain
