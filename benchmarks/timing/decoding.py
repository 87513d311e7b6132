"""Reading a radiograph in every DICOM transfer syntax that can be written here and is read."""

from __future__ import annotations

import time
import zlib  # noqa: F401 - gdcm must not be loaded before it
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np
from pydicom import dcmread
from pydicom.uid import UID, JPEGBaseline8Bit

from sharp_cli import radiograph
from sharp_cli.radiograph.stored import SYNTAXES
from timing.processes import in_new_process
from timing.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMES: Final = 5


def read(file: str, work: Path) -> Iterator[Row]:
    """How long `radiograph.read` takes: decoding, and showing as the tags say.

    Args:
        file: A radiograph of 12 bit, compressed.
        work: Folder for what it is written to.
    """
    plain = None
    for syntax in SYNTAXES:
        path = work / f"{syntax}.dcm"
        in_new_process(write, Path(file), syntax, path)
        spent, pixels = median(_seconds(path)), radiograph.read(str(path)).pixels.size
        plain = plain or spent
        stored = (1 if syntax == JPEGBaseline8Bit else 2) * pixels / 1e6
        yield Row(
            f"reading a radiograph, {syntax.name}",
            f"{1000 * spent:.0f} ms, {stored / spent:.0f} MB/s",
            f"{1000 * (spent - plain):+.0f} ms against the first; "
            f"{stored:.1f} MB of pixels in a file of {path.stat().st_size / 1e6:.1f} MB",
        )


def write(file: Path, syntax: UID, path: Path) -> None:
    """Write a radiograph in another transfer syntax.

    Args:
        file: A radiograph of 12 bit, compressed.
        syntax: The syntax; JPEG baseline keeps the upper 8 bits.
        path: Where to.

    Raises:
        RuntimeError: gdcm cannot.
    """
    import gdcm  # noqa: PLC0415

    made = dcmread(file)
    made.decompress()
    if syntax == JPEGBaseline8Bit:
        made.PixelData = (made.pixel_array >> (made.BitsStored - 8)).astype(np.uint8).tobytes()
        made.BitsAllocated = made.BitsStored = 8
        made.HighBit = 7
        made.WindowCenter, made.WindowWidth = 128, 256
    made.save_as(path)
    reader, change, writer = (
        gdcm.ImageReader(),
        gdcm.ImageChangeTransferSyntax(),
        gdcm.ImageWriter(),
    )
    reader.SetFileName(str(path))
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    if reader.Read():
        change.SetInput(reader.GetImage())
        if change.Change():
            writer.SetFileName(str(path))
            writer.SetFile(reader.GetFile())
            writer.SetImage(change.GetOutput())
            if writer.Write():
                return
    message = f"{path}: cannot be written as {syntax.name}"
    raise RuntimeError(message)


def _seconds(path: Path) -> list[float]:
    spent = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        radiograph.read(str(path))
        spent.append(time.perf_counter() - start)
    return spent
