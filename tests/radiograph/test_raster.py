"""PNG, JPEG, TIFF and BMP files."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from sharp_cli import radiograph
from tests.radiograph import raster_files
from tests.radiograph.files import HAND, likeness, problem

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose


@pytest.mark.parametrize(
    ("mode", "suffix", "least"),
    [
        *[("L", suffix, 0.999) for suffix in (".png", ".tif", ".bmp")],
        *[("RGB", suffix, 0.999) for suffix in (".png", ".tif", ".bmp")],
        *[(mode, ".png", 0.99) for mode in ("P", "LA", "RGBA")],
        *[(mode, ".jpg", 0.99) for mode in ("L", "RGB", "CMYK")],
        ("I;16", ".png", 0.999),
        *[(mode, ".tif", 0.999) for mode in ("I;16", "I", "F")],
        *[("1", suffix, 0.5) for suffix in (".png", ".tif", ".bmp")],
    ],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_pictures(
    mode: str,
    suffix: str,
    least: float,
    inverted: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    shown = 1 - HAND if inverted else HAND
    path = tmp_path / f"a{suffix}"
    if mode == "F":
        image = Image.fromarray(shown.astype(np.float32))
    elif mode.startswith("I"):
        image = Image.fromarray((shown * 50000).astype(np.uint16 if ";" in mode else np.int32))
    else:
        image = Image.fromarray((shown * 255).astype(np.uint8)).convert(mode)
    image.save(path)
    found = radiograph.read(path)
    assert found.pixels.dtype == np.float32
    assert likeness(found.pixels) > least
    notes = [note for note in found.warnings if "grey levels" not in note]
    assert notes == ["the picture shows bones dark; it was inverted"] * inverted
    assert (mode == "1") is (len(found.warnings) > len(notes))
    assert (found.spacing, found.side) == (None, None)


@pytest.mark.parametrize("levels", [2, 7, 8, 9])
def test_few_grey_levels_are_told(levels: int, tmp_path: Path) -> None:
    shown = (np.arange(256 * 256, dtype=np.uint8) % levels * 20).reshape(256, 256)
    Image.fromarray(shown).save(tmp_path / "a.png")
    told = [f"the picture has only {levels} grey levels"] * (levels < 8)
    found = radiograph.read(tmp_path / "a.png")
    assert [note for note in found.warnings if "grey levels" in note] == told


def test_pixels_that_are_no_number(tmp_path: Path) -> None:
    values = HAND.astype(np.float32)
    values[:3] = np.nan
    values[3] = np.inf
    Image.fromarray(values).save(tmp_path / "a.tif")
    found = radiograph.read(tmp_path / "a.tif")
    assert (found.pixels[:4] == 0).all()
    assert "no number" in found.warnings[0]


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_orientation_tag_is_not_applied(suffix: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    Image.fromarray((HAND * 255).astype(np.uint8)).save(path, exif=exif)
    found = radiograph.read(path)
    assert likeness(found.pixels) > 0.99
    assert "orientation" in found.warnings[0]
    assert radiograph.size(path) == HAND.shape[::-1]


FINE = np.rint(30000 + HAND * 200).astype(np.uint16)
"""All of the picture is in the lower byte."""


@pytest.mark.parametrize(("kind", "bands"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_png_of_16_bits(kind: int, bands: int, tmp_path: Path) -> None:
    values = np.dstack([FINE] * bands)
    if kind in (4, 6):
        values[..., -1] = 65535
    path = tmp_path / "a.png"
    path.write_bytes(raster_files.png(values, kind))
    found = radiograph.read(path)
    low, high = np.percentile(HAND, (0.1, 99.9))
    np.testing.assert_allclose(found.pixels, np.clip((HAND - low) / (high - low), 0, 1), atol=0.01)
    assert found.warnings == ()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "too early" in problem(path)


HIDDEN = np.zeros(HAND.shape, dtype=bool)
HIDDEN[:25] = True
SHOWN = np.where(HIDDEN, 1, HAND)
"""What is to be transparent has values as bright as bones."""


def with_opacity(depth: int, *, coloured: bool) -> NDArray[Any]:
    most = 2**depth - 1
    bands = [SHOWN * most] * (3 if coloured else 1) + [np.where(HIDDEN, 0, most)]
    values: NDArray[Any] = np.rint(np.dstack(bands)).astype(f"u{depth // 8}")
    return values


def with_key(depth: int, *, coloured: bool) -> bytes:
    """A PNG file in which one colour is transparent."""
    most = 2**depth - 1
    grey = np.rint(np.where(HIDDEN, most, SHOWN * most * 0.9)).astype(f"u{depth // 8}")
    values, kind = (np.dstack([grey] * 3), 2) if coloured else (grey, 0)
    key = struct.pack(">H", most) * (3 if coloured else 1)
    return raster_files.png(values, kind, tRNS=key)


def with_palette() -> bytes:
    """A PNG file with a palette of greys, of which the last is transparent."""
    levels = np.where(HIDDEN, 255, np.rint(HAND * 250)).astype(np.uint8)
    palette = bytes(np.arange(256, dtype=np.uint8).repeat(3))
    return raster_files.png(levels, 3, PLTE=palette, tRNS=bytes([255] * 255 + [0]))


TRANSPARENT = {
    **{f"colour {depth}": raster_files.png(with_opacity(depth, coloured=True), 6)
       for depth in (8, 16)},
    **{f"grey {depth}": raster_files.png(with_opacity(depth, coloured=False), 4)
       for depth in (8, 16)},
    **{f"key {depth} {coloured}": with_key(depth, coloured=coloured)
       for depth in (8, 16) for coloured in (False, True)},
    "palette": with_palette(),
}  # fmt: skip


@pytest.mark.parametrize("kind", TRANSPARENT)
def test_what_is_transparent_is_background(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(TRANSPARENT[kind])
    found = radiograph.read(tmp_path / "a.png")
    assert (found.pixels[HIDDEN] == 0).all()
    assert likeness(found.pixels[~HIDDEN], HAND[~HIDDEN]) > 0.99
    assert found.warnings == ()


def test_it_is_dark_in_an_inverted_picture_too(tmp_path: Path) -> None:
    corner = np.zeros(HAND.shape, dtype=bool)
    corner[:12, :12] = True
    values = np.dstack([1 - HAND, np.where(corner, 0, 1)]) * 255
    (tmp_path / "a.png").write_bytes(raster_files.png(np.rint(values).astype(np.uint8), 4))
    found = radiograph.read(tmp_path / "a.png")
    assert found.warnings == ("the picture shows bones dark; it was inverted",)
    assert (found.pixels[corner] == 0).all()
    assert likeness(found.pixels[~corner], HAND[~corner]) > 0.999


def test_half_transparent_is_half_as_bright(tmp_path: Path) -> None:
    values = np.rint(np.dstack([HAND * 255, np.full(HAND.shape, 127.5)])).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(raster_files.png(values, 4))
    found = radiograph.read(tmp_path / "a.png")
    np.testing.assert_allclose(found.pixels, HAND / 2, atol=0.01)


@pytest.mark.parametrize("depth", [8, 16])
def test_a_picture_that_is_transparent_throughout_is_shown(depth: int, tmp_path: Path) -> None:
    values = with_opacity(depth, coloured=True)
    values[..., :3] = (HAND * (2**depth - 1))[..., None]
    values[..., 3] = 0
    (tmp_path / "a.png").write_bytes(raster_files.png(values, 6))
    found = radiograph.read(tmp_path / "a.png")
    assert likeness(found.pixels) > 0.99
    assert "transparent, which is not believed" in found.warnings[0]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_pixels_that_are_not_square(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray((HAND * 255).astype(np.uint8)).save(path, dpi=(125, 100))
    found = radiograph.read(path)
    assert found.aspect == pytest.approx(1.25, abs=0.01)
    assert found.spacing is None
    assert "1.25 times as high as wide" in found.warnings[0]


def test_so_are_those_of_deep_pictures(tmp_path: Path) -> None:
    colours = np.dstack([FINE] * 3)
    path = tmp_path / "a.tif"
    path.write_bytes(raster_files.tiff(colours, raster_files.Tiff(resolution=(125, 100))))
    assert radiograph.read(path).aspect == 1.25
    for unit in (0, 1):
        shape = struct.pack(">IIB", 5000, 4000, unit)
        path.write_bytes(raster_files.png(colours, 2, pHYs=shape))
        assert radiograph.read(path).aspect == pytest.approx(1.25, abs=0.001)


@pytest.mark.parametrize(
    ("dpi", "warned"), [((300, 300), 0), ((300, 302), 0), ((72, 0), 0), ((300, 20), 1)]
)
def test_nearly_square_and_absurd_shapes(dpi: tuple[int, int], warned: int, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray((HAND * 255).astype(np.uint8)).save(path, dpi=dpi)
    found = radiograph.read(path)
    assert found.aspect == 1.0
    assert len(found.warnings) == warned


def test_several_pictures(tmp_path: Path) -> None:
    image = Image.fromarray((HAND * 255).astype(np.uint8))
    path = tmp_path / "a.tif"
    image.save(path, save_all=True, append_images=[image])
    assert "2 pictures" in problem(path)


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    parts = [
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [(60000, 60000, "far too large"), (11000, 11000, "past the limit"), (30, 900, "too small")],
)
def test_sizes_of_pictures(width: int, height: int, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_header(width, height))
    assert words in problem(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_truncated_pictures(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray((HAND * 255).astype(np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "too early" in problem(path)
