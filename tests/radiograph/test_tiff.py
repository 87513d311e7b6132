"""TIFF files of which no bits are to be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
import pytest

from sharp_cli import radiograph
from tests.radiograph.files import HAND, problem
from tests.radiograph.raster_files import Tiff
from tests.radiograph.raster_files import tiff as written_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FINE = np.rint(30000 + HAND * 200).astype(np.uint16)
"""All of the picture is in the lower byte."""

OPAQUE = np.full_like(FINE, 65535)
LOW, HIGH = np.percentile(HAND, (0.1, 99.9))
WANTED = np.clip((HAND - LOW) / (HIGH - LOW), 0, 1)

BANDS = {
    "grey": FINE,
    "grey and opacity": np.dstack([FINE, OPAQUE]),
    "colour": np.dstack([FINE] * 3),
    "colour and opacity": np.dstack([FINE] * 3 + [OPAQUE]),
}


def read(content: bytes, folder: Path) -> NDArray[np.float32]:
    path = folder / "a.tif"
    path.write_bytes(content)
    found = radiograph.read(path)
    assert found.warnings == ()
    assert radiograph.size(path) == HAND.shape[::-1]
    return found.pixels


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("bands", BANDS)
def test_several_bands_of_16_bits(
    bands: str,
    planar: bool,  # noqa: FBT001
    order: Literal["<", ">"],
    tmp_path: Path,
) -> None:
    extra = 2 if "opacity" in bands else None
    how = Tiff(order, planar=planar, extra=extra)
    found = read(written_tiff(BANDS[bands], how), tmp_path)
    np.testing.assert_allclose(found, WANTED, atol=0.01)


@pytest.mark.parametrize("how", [Tiff(), Tiff(">"), Tiff(deflate=True), Tiff(tile=32)])
@pytest.mark.parametrize("kind", ["u4", "f4", "f8", "i4", "i2"])
def test_numbers_of_any_kind(kind: str, how: Tiff, tmp_path: Path) -> None:
    numbers = {"u4": 2**32 - 1, "i4": 2**31 - 1, "i2": 2**15 - 1}.get(kind, 1)
    found = read(written_tiff((HAND * numbers).astype(kind), how), tmp_path)
    np.testing.assert_allclose(found, WANTED, atol=0.001)


@pytest.mark.parametrize("bands", ["colour", "colour and opacity"])
@pytest.mark.parametrize("how", [Tiff(deflate=True), Tiff(tile=32), Tiff(tile=32, deflate=True)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_compressed_and_tiled(bands: str, how: Tiff, orientation: int, tmp_path: Path) -> None:
    extra = 2 if "opacity" in bands else None
    how = how._replace(extra=extra, orientation=orientation)
    (tmp_path / "a.tif").write_bytes(written_tiff(BANDS[bands], how))
    found = radiograph.read(tmp_path / "a.tif")
    np.testing.assert_allclose(found.pixels, WANTED, atol=0.01)
    assert len(found.warnings) == (orientation != 1)


@pytest.mark.parametrize("compression", [5, 8, 32946, 32773])
def test_compressions(compression: int, tmp_path: Path) -> None:
    settings = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
    content = cv2.imencode(".tif", BANDS["colour"], settings)[1].tobytes()
    np.testing.assert_allclose(read(content, tmp_path), WANTED, atol=0.01)


def test_the_colours_are_in_their_order(tmp_path: Path) -> None:
    colours = np.dstack([FINE, FINE // 2, FINE // 4])
    plain = read(written_tiff(colours), tmp_path)
    for how in (Tiff(planar=True), Tiff(deflate=True), Tiff(tile=32)):
        np.testing.assert_allclose(read(written_tiff(colours, how), tmp_path), plain, atol=1e-5)


@pytest.mark.parametrize(("extra", "part"), [(2, True), (1, True), (0, False)])
@pytest.mark.parametrize("deflate", [False, True])
def test_what_is_transparent_is_background(
    extra: int,
    part: bool,  # noqa: FBT001
    deflate: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    hidden = np.where(np.arange(HAND.shape[0])[:, None] < 20, 0, OPAQUE)
    shown = np.where(hidden == 0, 0 if extra == 1 else 65535, FINE).astype(np.uint16)
    values = np.dstack([shown] * 3 + [hidden.astype(np.uint16)])
    (tmp_path / "a.tif").write_bytes(written_tiff(values, Tiff(extra=extra, deflate=deflate)))
    found = radiograph.read(tmp_path / "a.tif").pixels
    assert (found[:20] == 0).all() == part
    if part:
        np.testing.assert_allclose(found[20:], WANTED[20:], atol=0.05)


@pytest.mark.parametrize(
    ("values", "how", "words"),
    [
        (
            np.dstack([FINE] * 3),
            Tiff(planar=True, deflate=True),
            "3 bands of 16 bits, band by band",
        ),
        (np.dstack([FINE] * 3), Tiff(planar=True, tile=32), "band by band, in tiles"),
        (np.dstack([FINE] * 2), Tiff(deflate=True, extra=2), "2 bands of 16 bits"),
        (np.dstack([FINE] * 4), Tiff(photometric=5), "4 bands of 16 bits"),
        (np.dstack([FINE] * 6), Tiff(extra=0), "6 bands of 16 bits"),
        ((HAND * 1e9).astype("u8"), Tiff(deflate=True, planar=False, photometric=3), "of 64 bits"),
    ],
)
def test_other_kinds_are_refused_by_name(
    values: NDArray[Any], how: Tiff, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(written_tiff(values, how))
    message = problem(path)
    assert words in message
    assert "a kind of TIFF that is not read" in message


@pytest.mark.parametrize("how", [Tiff(), Tiff(planar=True), Tiff(deflate=True)])
def test_truncated(how: Tiff, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    content = bytearray(written_tiff(BANDS["colour"], how))
    strips = content.index(b"\x11\x01\x04\x00")  # StripOffsets, LONG
    last = int.from_bytes(content[strips + 8 : strips + 12], "little") + 8
    content[last : last + 4] = (len(content) - 50).to_bytes(4, "little")
    path.write_bytes(content)
    problem(path)


def test_pictures_past_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(written_tiff(BANDS["colour"][:30]))
    assert "too small" in problem(path)
