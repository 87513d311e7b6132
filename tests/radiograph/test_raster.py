"""PNG, JPEG, TIFF and BMP files."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from sharp_cli import radiograph
from tests.radiograph.files import HAND, likeness, problem

if TYPE_CHECKING:
    from pathlib import Path

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
