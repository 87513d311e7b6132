"""The values that a DICOM file stores, decoded from whichever transfer syntax."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import get_expected_length
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
from sharp_cli.radiograph import codestream, gdcm_process, rle
from sharp_cli.radiograph.bits import picture_values, read_bits
from sharp_cli.radiograph.decoded import check_packed
from sharp_cli.radiograph.tags import number, text, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

    from sharp_cli.radiograph.bits import Bits

SYNTAXES: Final = (
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEGLSNearLossless,
    JPEG2000Lossless, JPEG2000, JPEGLossless, JPEGLosslessSV1, JPEGExtended12Bit, JPEGBaseline8Bit,
)  # fmt: skip
"""The supported transfer syntaxes; pixel data before RLE are not compressed."""

_DECODERS: Final = {
    RLELossless: "pylibjpeg",
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
    JPEG2000Lossless: "pylibjpeg",
    JPEG2000: "pylibjpeg",
}
"""Where pydicom has a choice: anything but gdcm (see `sharp_cli.radiograph.gdcm_process`)."""

_LOSSY: Final = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLSNearLossless, JPEG2000)
_NEEDED: Final = ("SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated")
_NEEDED_OF_INTEGERS: Final = ("BitsStored", "PixelRepresentation")
_PALETTE: Final = "PALETTE COLOR"


def interpretation(tags: FileDataset) -> str:
    """The file's PhotometricInterpretation, in capitals whatever it is written in."""
    return text(tags, "PhotometricInterpretation").upper()


def read(tags: FileDataset) -> tuple[NDArray[Any], int]:
    """Decode the pixels of a file.

    Returns:
        Integers or floats, shape (rows, columns), colours (rows, columns, 3); and how many bits
        are in use.

    Raises:
        RadiographError: They cannot be decoded.
    """
    syntax = _transfer_syntax(tags)
    _require(tags, syntax)
    if "PixelData" not in tags:
        floats = _guarded(syntax, lambda: _decode(tags, syntax))
        return floats, 8 * floats.itemsize
    if not syntax.is_encapsulated and len(tags.PixelData) < get_expected_length(tags):
        message = (
            f"its pixel data are cut off ({len(tags.PixelData)} of {get_expected_length(tags)} "
            "bytes); copy or export it again"
        )
        raise RadiographError(message)
    bits = read_bits(tags, _precision(tags, syntax) if syntax.is_encapsulated else None)
    decoded = _guarded(syntax, lambda: _decode_integers(tags, syntax, bits))
    values = picture_values(decoded, bits, lossy=syntax in _LOSSY)
    if interpretation(tags) == _PALETTE:
        values = _guarded(syntax, lambda: apply_color_lut(values, tags)[..., :3])
        return values, 8 * values.itemsize
    return values, bits.width


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


def _require(tags: FileDataset, syntax: UID) -> None:
    """Name the tags without which pixels cannot be decoded, and that the file lacks."""
    needed = _NEEDED + _NEEDED_OF_INTEGERS * ("PixelData" in tags)
    if (number(tags, "SamplesPerPixel") or 1) > 1 and not syntax.is_encapsulated:
        needed += ("PlanarConfiguration",)
    missing = [name for name in needed if value(tags, name) in (None, "")]
    if missing:
        message = (
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing, without "
            "which its pixels cannot be decoded; have it exported with all tags of the picture"
        )
        raise RadiographError(message)


def _precision(tags: FileDataset, syntax: UID) -> int | None:
    """How many bits a value has in the compressed pixel data, None for as many as are allocated.

    What the data say of the picture must fit the tags: memory is taken for either.
    """
    frame = get_frame(tags.PixelData, 0, number_of_frames=1)
    columns, rows = int(tags.Columns), int(tags.Rows)
    samples = int(number(tags, "SamplesPerPixel") or 1)
    check_packed(columns, rows, samples * int(number(tags, "BitsAllocated") or 0), len(frame))
    if syntax == RLELossless:
        rle.check(frame, columns * rows)
        return None
    stream = codestream.header(frame)
    if stream is None or (stream.width, stream.height, stream.components) != (
        columns,
        rows,
        samples,
    ):
        message = "its pixel data and its tags differ about the picture's size; export it again"
        raise RadiographError(message)
    return stream.precision


def _decode_integers(tags: FileDataset, syntax: UID, bits: Bits) -> NDArray[Any]:
    """Unsigned integers, as they are in the pixel data."""
    lossless = syntax in (JPEGLossless, JPEGLosslessSV1)
    deep = syntax in (JPEGBaseline8Bit, JPEGExtended12Bit) and bits.container > 8  # noqa: PLR2004
    if lossless or deep:
        return gdcm_process.decode(tags, bits)
    return _decode(
        tags,
        syntax,
        bits_allocated=bits.container,
        bits_stored=min(bits.width, bits.container),
        pixel_representation=0,
        correct_unused_bits=False,
        apply_jls_sign_correction=False,
        apply_j2k_sign_correction=False,
    )


def _decode(tags: FileDataset, syntax: UID, **more: Any) -> NDArray[Any]:
    options: dict[str, Any] = {
        "photometric_interpretation": interpretation(tags),
        "allow_excess_frames": False,
    }
    plugin = _DECODERS.get(syntax, "")
    return get_decoder(syntax).as_array(tags, decoding_plugin=plugin, **options, **more)[0]


def _guarded(syntax: UID, work: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Turn whatever a decoder raises into words; each has errors of its own."""
    try:
        return work()
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - see above; panics of decoders in Rust are no Exception
        message = (
            f"its pixel data ({syntax.name}) are cut off or damaged and cannot be decoded; "
            "copy or export it again"
        )
        raise RadiographError(message) from None
