"""The kinds of TIFF of which Pillow drops bits or that it does not know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import cv2
import numpy as np
from PIL.TiffImagePlugin import COMPRESSION_INFO, ImageFileDirectory_v2

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph.pieces import MAX_CHUNK_READS, MAX_TIFF_TAGS_BYTES, in_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

_MARKS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BIG: Final = (b"+\0", b"\0+")
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _BANDS, _ROWS, _X_RESOLUTION, _Y_RESOLUTION = 273, 277, 278, 282, 283
_ORIENTATION, _PLANAR, _TILE, _TILE_HEIGHT, _EXTRA, _FORMAT = 274, 284, 322, 323, 338, 339
_LAST_OF_NUMBERS: Final = 532
"""Above are private tags, and those of later standards, which nobody looks at here."""

_MAX_NUMBERS_BYTES: Final = 1 << 20
"""The largest picture in tiles of 64 x 64 has 200 kB; as numbers they take 33 times as much."""

_SEPARATE: Final = 2
_NOT_COMPRESSED: Final = 1
_FORMATS: Final = {1: "u", 2: "i", 3: "f"}
_BANDS_OF: Final = {0: 1, 1: 1, 2: 3}
"""How many bands a picture has by its PhotometricInterpretation: grey, or red, green and blue."""

_ASSOCIATED, _UNASSOCIATED = 1, 2
_TURNED_BACK: Final[Mapping[int, Callable[[NDArray[Any]], NDArray[Any]]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: np.rot90,
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, -1),
}
"""OpenCV turns a picture as its orientation tag asks; these turn it back."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of TIFF a file is.

    Attributes:
        order: Byte order, `<` or `>`.
        width: In pixels.
        height: Likewise.
        bands: How many values a pixel has.
        bits: Of each.
        number: `u` unsigned, `i` signed, `f` floating point.
        photometric: 0 and 1 grey, 2 red, green and blue, others.
        extra: What the bands past the colours are: 1 and 2 opacity.
        compression: 1 none; see `PIL.TiffImagePlugin.COMPRESSION_INFO`.
        planar: Whether each band stands by itself.
        rows: Of a strip; None where the file has tiles.
        offsets: Where the strips begin.
        orientation: How a viewer is to turn it, 1 not.
        resolution: Pixels a unit of length, across and down; 0 where it is not given.
        last: Whether there is no further picture.
        tile: Pixels of a tile; 0 where the file has strips.
    """

    order: str
    width: int
    height: int
    bands: int
    bits: int
    number: str
    photometric: int
    extra: tuple[int, ...]
    compression: int
    planar: bool
    rows: int | None
    offsets: tuple[int, ...]
    orientation: int
    resolution: tuple[float, float]
    last: bool
    tile: int

    @property
    def deep(self) -> bool:
        """Whether Pillow drops bits of it, or does not know it."""
        several = (self.bands > 1 or self.planar) and self.bits > 8  # noqa: PLR2004 - a byte
        return several or (self.number, self.bits) == ("u", 32) or self.bits > 32  # noqa: PLR2004

    @property
    def name(self) -> str:
        """What to call it in a message."""
        numbers = {"u": "", "i": " signed", "f": " floating-point"}[self.number]
        compression = COMPRESSION_INFO.get(self.compression, str(self.compression))
        return (
            f"TIFF with {self.bands} band{'s' * (self.bands != 1)} of {self.bits}{numbers} bits"
            f"{', band by band' * self.planar}{', in tiles' * (self.rows is None)}"
            f", compression {compression.removeprefix('tiff_')}"
        )


def read_kind(stream: BinaryIO) -> Kind | None:
    """What kind of TIFF a file is; None if it is none, or too damaged to tell.

    The stream is at its beginning afterwards, as before.

    Raises:
        RadiographError: Its tags are too large.
    """
    head = stream.read(16)
    stream.seek(0)
    if not head.startswith(_MARKS):
        return None
    try:
        tags = ImageFileDirectory_v2(head if head[2:4] in _BIG else head[:8])
        stream.seek(tags.next)
        tags.load(in_pieces(stream, MAX_CHUNK_READS, MAX_TIFF_TAGS_BYTES))
        _check_numbers(tags)
        return _kind("<" if head.startswith(b"II") else ">", tags)
    except RadiographError:
        raise
    except Exception:  # noqa: BLE001 - damaged tags make Pillow raise just anything
        return None
    finally:
        stream.seek(0)


def _check_numbers(tags: ImageFileDirectory_v2) -> None:
    """Refuse tags that would become far too many numbers, before they do."""
    kept = tags._tagdata  # noqa: SLF001 - what asks for a value makes numbers of it
    lengths = (len(data) for tag, data in kept.items() if tag <= _LAST_OF_NUMBERS)
    if sum(lengths) > _MAX_NUMBERS_BYTES:
        message = "it is made of far more strips or tiles than a radiograph; export it again"
        raise RadiographError(message)


def _kind(order: str, tags: Any) -> Kind:
    def values(tag: int, *default: int) -> tuple[Any, ...]:
        found = tags.get(tag, default)
        return found if isinstance(found, tuple) else (found,)

    bits, formats = set(values(_BITS, 1)), set(values(_FORMAT, 1))
    bands = int(values(_BANDS, 1)[0])
    height = int(values(_HEIGHT)[0])
    rows = min(int(values(_ROWS, height)[0]), height) or height
    x, y = (float(values(tag, 0)[0]) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    return Kind(
        order=order,
        width=int(values(_WIDTH)[0]),
        height=height,
        bands=bands,
        bits=int(max(bits)),
        number=_FORMATS.get(max(formats), "u"),
        photometric=int(values(_PHOTOMETRIC, 1)[0]),
        extra=values(_EXTRA),
        compression=int(values(_COMPRESSION, _NOT_COMPRESSED)[0]),
        planar=values(_PLANAR, 1)[0] == _SEPARATE,
        rows=None if _TILE in tags else rows,
        offsets=values(_OFFSETS),
        orientation=int(values(_ORIENTATION, 1)[0]),
        resolution=(x, y) if math.isfinite(x + y) else (0.0, 0.0),
        last=not tags.next,
        tile=int(values(_TILE, 0)[0]) * int(values(_TILE_HEIGHT, 0)[0]),
    )


def refuse(kind: Kind) -> RadiographError:
    """The error for a kind that is not read."""
    message = (
        f"it is a {kind.name}: a kind of TIFF that is not read here; save it with one band of 8 or "
        "16 bits"
    )
    return RadiographError(message)


def read(stream: BinaryIO, kind: Kind) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Read a picture as it is stored, with all of its bits.

    Returns:
        Numbers, shape (height, width), colours (height, width, 3), red first; and the opacity,
        shape (height, width), on the scale of its type, or None.

    Raises:
        RadiographError: It is not of a kind that is read, or is damaged.
    """
    colours = _BANDS_OF.get(kind.photometric, 0)
    if colours == 0 or kind.bands not in (colours, colours + 1):
        raise refuse(kind)
    if kind.compression == _NOT_COMPRESSED and kind.rows is not None and kind.bits % 8 == 0:
        pixels = _read_strips(stream, kind, kind.rows)
    elif not kind.planar and kind.bands != 2:  # noqa: PLR2004 - OpenCV knows no grey with opacity
        pixels = _decode(stream, kind)
    else:
        raise refuse(kind)
    what = kind.extra[0] if kind.bands > colours and kind.extra else 0
    alpha = pixels[..., colours] if what in (_ASSOCIATED, _UNASSOCIATED) else None
    shown = pixels[..., 0] if colours == 1 else pixels[..., :colours]
    if alpha is not None and what == _ASSOCIATED:
        most = 1.0 if kind.number == "f" else np.iinfo(alpha.dtype).max
        share = np.maximum(alpha, 1e-6 if kind.number == "f" else 1).astype(np.float32) / most
        shown = shown / (share if colours == 1 else share[..., None])
    return shown, alpha


def _read_strips(stream: BinaryIO, kind: Kind, rows: int) -> NDArray[Any]:
    """What is not compressed, as it stands: shape (height, width, bands)."""
    try:
        number = np.dtype(f"{kind.order}{kind.number}{kind.bits // 8}")
    except TypeError:
        raise refuse(kind) from None
    planes = kind.bands if kind.planar else 1
    line = kind.width * (kind.bands // planes) * number.itemsize
    starts = range(0, kind.height, rows)
    data = bytearray()
    for offset, start in zip(kind.offsets, [*starts] * planes, strict=False):
        stream.seek(offset)
        data += stream.read(line * min(rows, kind.height - start))
    if len(data) < line * kind.height * planes:
        message = "its pixel data are cut off; copy or export it again"
        raise RadiographError(message)
    pixels = np.frombuffer(bytes(data), dtype=number).astype(number.newbyteorder("="))
    if kind.planar:
        return pixels.reshape(kind.bands, kind.height, kind.width).transpose(1, 2, 0)
    return pixels.reshape(kind.height, kind.width, kind.bands)


def _decode(stream: BinaryIO, kind: Kind) -> NDArray[Any]:
    """What is compressed, by OpenCV: shape (height, width, bands)."""
    pixels: NDArray[Any] | None = cv2.imdecode(
        np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED
    )
    if pixels is None:
        raise OSError  # as Pillow does
    pixels = _TURNED_BACK.get(kind.orientation, np.asarray)(pixels)
    size = kind.height, kind.width, kind.bands
    if pixels.shape not in (size, size[:2]) or 8 * pixels.itemsize != kind.bits:
        raise refuse(kind)
    if kind.number == "u":
        pixels = pixels.view(f"u{pixels.itemsize}")  # OpenCV 4 calls 32 bits signed
    pixels = pixels.reshape(size)
    return pixels if kind.bands == 1 else pixels[..., [2, 1, 0, *range(3, kind.bands)]]
