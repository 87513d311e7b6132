"""DICOM files: computed, digital and film radiography, and secondary captures."""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from pydicom import dcmread
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import get_expected_length, pixel_array
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import codestream, gdcm_process, voi
from sharp_cli.radiograph.decoded import MAX_PIXELS, DecodedFile, check_size
from sharp_cli.radiograph.tags import number, side, spacing, text

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

_RADIOGRAPHY: Final = ("CR", "DX", "RG")
"""Modalities whose tags are trusted to say how the picture is to be shown."""

_CAPTURES: Final = ("", "OT", "SC")
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_PIXELS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_LUMA: Final = (0.299, 0.587, 0.114)
"""Rec. ITU-R BT.601, as in Pillow, so that a picture is the same in either format."""

_MAX_INFLATED: Final = 6 * MAX_PIXELS + (1 << 26)
"""16-bit colour of the largest picture, and 64 MiB of tags."""

SYNTAXES: Final = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEGLSNearLossless,
    JPEG2000Lossless, JPEG2000, JPEGLossless, JPEGLosslessSV1, JPEGExtended12Bit, JPEGBaseline8Bit,
)  # fmt: skip
"""The supported transfer syntaxes; pixel data before RLE are not compressed."""

_DECODERS: Final = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
}
"""Where pydicom has a choice: anything but gdcm (see `sharp_cli.radiograph.gdcm_process`)."""

_HEAD: Final = 1 << 16
"""The transfer syntax stands within so many bytes; as many are inflated at a time."""

_GROUP_LENGTH: Final = 0x0000_0002
"""The first tag of group 2, as its little-endian bytes read in one number."""


def read(stream: BinaryIO) -> DecodedFile:
    """Read a DICOM file; one without preamble too.

    Args:
        stream: The open file, at its beginning.

    Raises:
        RadiographError: It cannot be read as a radiograph.
        Exception: Whatever else pydicom and the decoders raise for damaged data.
    """
    tags, modality = _tags(stream)
    secondary = text(tags, "SOPClassUID").startswith(_SECONDARY_CAPTURE)
    notes: list[str] = []
    if modality not in (*_RADIOGRAPHY, *_CAPTURES):
        notes.append("the file's Modality is not that of a radiograph")
    stored = _stored(tags)
    if stored.ndim == 3:  # noqa: PLR2004 - rows, columns, colours
        pixels, agreed = _grey(stored, tags), False
    else:
        inverse, agreed = _inverse(tags)
        pixels, more = voi.show(stored, tags, inverse=inverse)
        notes += more
    millimetres, about_spacing = spacing(tags)
    which, about_side = side(tags)
    return DecodedFile(
        pixels=pixels,
        trusted=agreed and modality in _RADIOGRAPHY and not secondary,
        spacing=millimetres,
        side=which,
        warnings=(*notes, *about_spacing, *about_side),
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
        _check_inflated(stream)
        tags = dcmread(stream, force=True)
    except (EOFError, zlib.error):
        message = "it is cut off; copy or export it again"
        raise RadiographError(message) from None
    modality = text(tags, "Modality").upper()
    _check(tags, modality)
    return tags, modality


def _check_inflated(stream: BinaryIO) -> None:
    """Refuse a deflated file that would fill the memory (pydicom inflates without a limit)."""
    head = stream.read(_HEAD)
    if DeflatedExplicitVRLittleEndian.encode() in head:
        start = 132 if head[128:132] == b"DICM" else 0
        tag, _, length = struct.unpack_from("<I4sI", head, start)
        if tag != _GROUP_LENGTH:
            message = "it is damaged (nothing says where its data begin); export it again"
            raise RadiographError(message)
        stream.seek(start + 12 + length)
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        total = 0
        while chunk := inflate.unconsumed_tail or stream.read(_HEAD):
            total += len(inflate.decompress(chunk, _HEAD))
            if total > _MAX_INFLATED:
                message = "it is far too large when decompressed; export it again"
                raise RadiographError(message)
            if inflate.eof:
                break
    stream.seek(0)


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


def _stored(tags: FileDataset) -> NDArray[Any]:
    """The decoded pixels: shape (rows, columns), colours (rows, columns, 3)."""
    syntax = _transfer_syntax(tags)
    if syntax.is_encapsulated and syntax != RLELossless:
        size = codestream.size(get_frame(tags.PixelData, 0, number_of_frames=1))
        if size != (tags.Columns, tags.Rows):
            message = "its pixel data and its tags differ about the picture's size; export it again"
            raise RadiographError(message)
    elif (
        "PixelData" in tags
        and not syntax.is_encapsulated
        and len(tags.PixelData) < get_expected_length(tags)
    ):
        message = (
            f"its pixel data are cut off ({len(tags.PixelData)} of {get_expected_length(tags)} "
            "bytes); copy or export it again"
        )
        raise RadiographError(message)
    lossless = syntax in (JPEGLossless, JPEGLosslessSV1)
    deep = syntax == JPEGExtended12Bit and tags.BitsStored > 8  # noqa: PLR2004 - one byte
    try:
        if lossless or deep:
            stored = gdcm_process.decode(tags)
        else:
            stored = pixel_array(tags, decoding_plugin=_DECODERS.get(syntax, ""))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - each decoder has errors of its own
        message = (
            f"its pixel data ({syntax.name}) are cut off or damaged and cannot be decoded; "
            "copy or export it again"
        )
        raise RadiographError(message) from None
    if text(tags, "PhotometricInterpretation") == "PALETTE COLOR":
        stored = apply_color_lut(stored, tags)[..., :3]
    return stored


def _transfer_syntax(tags: FileDataset) -> UID:
    syntax: UID | None = tags.file_meta.get("TransferSyntaxUID")
    if syntax is None:
        # Without group 2 only the encoding of the tags is known, which pydicom detected.
        implicit, little = tags.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        syntax = ImplicitVRLittleEndian if implicit else explicit
        tags.file_meta.TransferSyntaxUID = syntax
    try:
        get_decoder(syntax)
    except NotImplementedError:
        name = f" {syntax}" if re.fullmatch(r"[\d.]{1,64}", syntax) else ""
        message = (
            f"its pixel data are in the transfer syntax{name}, which is not read here; "
            "export it uncompressed (Explicit VR Little Endian)"
        )
        raise RadiographError(message) from None
    return syntax


def _grey(stored: NDArray[Any], tags: FileDataset) -> NDArray[np.float32]:
    bits = 8 * stored.itemsize
    if text(tags, "PhotometricInterpretation") != "PALETTE COLOR":
        bits = int(number(tags, "BitsStored") or bits)
    pixels = np.zeros(stored.shape[:2], dtype=np.float32)
    for channel, weight in enumerate(_LUMA):
        pixels += stored[..., channel] * np.float32(weight / (2**bits - 1))
    return np.clip(pixels, 0, 1, out=pixels)


def _inverse(tags: FileDataset) -> tuple[bool, bool]:
    """Whether small values are bright, and whether the tags agree about that.

    MONOCHROME1 and the presentation shape INVERSE mean the same and do not cancel each other
    (DICOM PS3.3 C.8.11.3.1.2).
    """
    interpretation = text(tags, "PhotometricInterpretation").upper()
    shape = text(tags, "PresentationLUTShape").upper()
    inverse = interpretation == "MONOCHROME1"
    known = interpretation in ("MONOCHROME1", "MONOCHROME2")
    return inverse, known and shape in ("", "INVERSE" if inverse else "IDENTITY")
