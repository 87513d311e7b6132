"""Thirty inputs that cannot be used: each is named with its reason, and none stops the others."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEG2000Lossless, RLELossless

from sharp_cli.results.formats import from_csv
from tests.dicom_files import dataset, stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

SIDE = 256


def _gray() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    view = 100 + 60 * np.sin(rows / 9) * np.cos(columns / 7)
    return np.asarray(view, dtype=np.uint8)


def _dicom(path: Path, change: Callable[[Dataset], None] = lambda _: None) -> None:
    made = dataset(stored())
    change(made)
    made.save_as(path, enforce_file_format=False)


def _cut(path: Path, fraction: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * fraction)])


def _png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def _drop(*names: str) -> Callable[[Dataset], None]:
    def change(made: Dataset) -> None:
        for name in names:
            delattr(made, name)

    return change


def _set(**values: object) -> Callable[[Dataset], None]:
    def change(made: Dataset) -> None:
        for name, value in values.items():
            setattr(made, name, value)

    return change


def _claim(syntax: str) -> Callable[[Dataset], None]:
    def change(made: Dataset) -> None:
        made.file_meta.TransferSyntaxUID = UID(syntax)
        made.PixelData = encapsulate([b"not a picture at all" * 20])
        made["PixelData"].is_undefined_length = True

    return change


def _broken(folder: Path) -> dict[str, Path]:
    """The inputs by what is wrong with them."""
    made: dict[str, Path] = {}

    def at(name: str) -> Path:
        made[name] = folder / name
        return made[name]

    at("empty.dcm").touch()
    at("empty.png").touch()
    at("text.dcm").write_text("Dear colleague, the radiograph is attached.\n" * 40)
    at("text.png").write_text("not a picture\n" * 40)
    at("page.html.jpg").write_text("<!doctype html><title>404</title>")
    at("zeros.dcm").write_bytes(bytes(4096))
    at("noise.dcm").write_bytes(np.random.default_rng(0).bytes(4096))
    at("preamble-only.dcm").write_bytes(bytes(128) + b"DICM")
    _dicom(at("truncated.dcm"))
    _cut(made["truncated.dcm"], 0.6)
    _dicom(at("header-only.dcm"))
    _cut(made["header-only.dcm"], 0.02)
    Image.fromarray(_gray()).save(at("truncated.png"))
    _cut(made["truncated.png"], 0.5)
    Image.fromarray(_gray()).save(at("truncated.jpg"), quality=90)
    _cut(made["truncated.jpg"], 0.3)
    _dicom(at("no-pixels.dcm"), _drop("PixelData"))
    _dicom(at("no-rows.dcm"), _drop("Rows", "Columns"))
    _dicom(at("huge.dcm"), _set(Rows=60000, Columns=60000))
    at("huge.png").write_bytes(_png_header(60000, 60000))
    _dicom(at("more-rows.dcm"), _set(Rows=4000))
    _dicom(at("zero-rows.dcm"), _set(Rows=0))
    _dicom(at("frames.dcm"), _set(NumberOfFrames=2))
    _dicom(at("unknown-syntax.dcm"), _claim("1.2.3.4.5.6"))
    _dicom(at("not-jpeg2000.dcm"), _claim(JPEG2000Lossless))
    _dicom(at("not-rle.dcm"), _claim(RLELossless))
    _dicom(at("bits.dcm"), _set(BitsAllocated=13))
    _dicom(at("nan-slope.dcm"), _set(RescaleSlope="nan", RescaleIntercept="0"))
    _dicom(at("colour.dcm"), _set(PhotometricInterpretation="YBR_WHATEVER"))
    Image.fromarray(np.full((SIDE, SIDE), 128, np.uint8)).save(at("constant.png"))
    Image.fromarray(_gray()[:16, :16]).save(at("tiny.png"))
    frames = [Image.fromarray(_gray()), Image.fromarray(_gray())]
    frames[0].save(at("pages.tif"), save_all=True, append_images=frames[1:])
    Image.fromarray(_gray()).save(at("no-hand.png"))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    lungs = np.exp(-(((np.abs(columns - 128) - 60) / 35) ** 2) - ((rows - 120) / 80) ** 2)
    Image.fromarray((200 - 150 * lungs).astype(np.uint8)).save(at("chest.png"))
    at("folder").mkdir()
    at("missing.dcm")
    return made


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Path], Path, subprocess.CompletedProcess[bytes]]:
    folder = tmp_path_factory.mktemp("broken")
    inputs = _broken(folder)
    example = Path(__file__).parents[2] / "examples" / "left.dcm"
    command = [sys.executable, "-m", "sharp_cli", "detect", *map(str, inputs.values())]
    command += [str(example), "--json", str(folder / "all.json"), "--csv", str(folder / "all.csv")]
    finished = subprocess.run(command, capture_output=True, check=False, timeout=300)
    return inputs, folder, finished


def test_there_are_thirty_and_the_exit_code_says_that_some_failed(
    done: tuple[dict[str, Path], Path, subprocess.CompletedProcess[bytes]],
) -> None:
    inputs, folder, finished = done
    assert len(inputs) >= 30
    assert finished.returncode == 1
    failures = json.loads((folder / "all.json").read_bytes())["failures"]
    assert {failure["file"] for failure in failures} == {str(path) for path in inputs.values()}


def test_the_good_file_among_them_is_done(
    done: tuple[dict[str, Path], Path, subprocess.CompletedProcess[bytes]],
) -> None:
    rows = from_csv((done[1] / "all.csv").read_bytes(), "all.csv")
    assert len(rows) == 31
    assert {Path(row.file).name for row in rows} == {"left.dcm"}


def test_each_has_a_message_of_its_own_that_names_it(
    done: tuple[dict[str, Path], Path, subprocess.CompletedProcess[bytes]],
) -> None:
    inputs, _, finished = done
    messages = finished.stderr.decode()
    assert "Traceback" not in messages
    assert "unexpected" not in messages
    lines = [line for line in messages.splitlines() if line.startswith("error: ")]
    for path in inputs.values():
        (line,) = [line for line in lines if line.startswith(f"error: {path}:")]
        # What is wrong, and what to do.
        assert len(line) > len(f"error: {path}: ") + 20, line
