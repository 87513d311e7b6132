"""Reading a radiograph: which decoder reads a file, and what is wrong where none can.

Whatever is wrong with a file, `RadiographError` is raised and nothing else, and what the libraries
below would print stays unprinted: their messages may hold values of a patient.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, TypeVar

# Pillow must come before pydicom, which loads gdcm: zlib crashes the process if gdcm is the first
# to load it, for it then calls gdcm's copy of itself.
from PIL import Image, UnidentifiedImageError
from pydicom import config

from sharp_cli.core.errors import RadiographError
from sharp_cli.core.records import Radiograph
from sharp_cli.radiograph import dicom, grey, polarity, raster
from sharp_cli.radiograph.content import sha256
from sharp_cli.radiograph.decoded import ASPECT_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sharp_cli.radiograph.decoded import DecodedFile

MAX_FILE_BYTES: Final = 1 << 30
"""Larger files are refused unread: 100 megapixels of 16-bit colour are 600 MB."""

_FEW_LEVELS: Final = 8
_LOCK: Final = threading.Lock()
_LIBRARIES: Final = ("PIL", "pydicom", "pylibjpeg", "openjpeg")
_DICM_OFFSET: Final = 128
_STDERR: Final = 2

_Result = TypeVar("_Result")


class _Decoder(Protocol):
    """A module that reads one kind of file."""

    def read(self, stream: BinaryIO, notes: list[str]) -> DecodedFile: ...

    def size(self, stream: BinaryIO) -> tuple[int, int]: ...


def read(path: str | Path) -> Radiograph:
    """Read one radiograph.

    The pixels stay in the order in which the file stores them; an orientation that a JPEG or TIFF
    file asks for is not applied, so that positions are those of the file's own pixels.

    Args:
        path: A DICOM, PNG, JPEG, TIFF or BMP file with one picture.

    Returns:
        The radiograph; its pixels are float32, shape (height, width), 0…1, bones bright.

    Raises:
        RadiographError: The file cannot be read as a radiograph; the message says why.
    """
    notes: list[str] = []

    def work(stream: BinaryIO, decoder: _Decoder) -> Radiograph:
        content = sha256(stream)
        stream.seek(0)
        return _radiograph(str(path), decoder.read(stream, notes), content, notes)

    return _decode(path, work, notes)


def size(path: str | Path) -> tuple[int, int]:
    """Width and height in pixels of a radiograph, as its header gives them: nothing is decoded.

    Raises:
        RadiographError: As `read` does, but for what only decoding shows.
    """
    return _decode(path, lambda file, decoder: decoder.size(file), [])


def _decode(
    path: str | Path, work: Callable[[BinaryIO, _Decoder], _Result], notes: list[str]
) -> _Result:
    """Let `work` use a file with its decoder; whatever that raises becomes a `RadiographError`.

    `notes` are what `work` noted before; the error tells them.
    """
    try:
        with silence():
            return _open(Path(path), work)
    except RadiographError as error:
        problem = str(error)
    except MemoryError:
        problem = "there is not enough memory to read it; free some, or shrink the picture"
    except PermissionError:
        problem = "it may not be read; give yourself permission to read it"
    except OSError as error:
        # The system's own words (a bad disk, a name that is too long) hold nothing of a patient.
        reason = error.strerror or "its data end too early or are damaged"
        problem = f"it cannot be read ({reason}); check it, or copy or export it again"
    except Exception:  # noqa: BLE001 - damaged files make the decoders raise just anything
        problem = "it is damaged and cannot be decoded; copy or export it again"
    # Raised out here, it carries no trace of the library's error, which may quote the file.
    message = f"{path}: {problem}"
    raise RadiographError.noting(message, notes)


def _open(path: Path, work: Callable[[BinaryIO, _Decoder], _Result]) -> _Result:
    if not path.exists():
        message = "there is no such file; check the name"
        raise RadiographError(message)
    if path.is_dir():
        message = "it is a folder; name the files in it"
        raise RadiographError(message)
    if not path.is_file():
        message = "it is not a regular file; save the radiograph as a file first"
        raise RadiographError(message)
    size = path.stat().st_size
    if size == 0:
        message = "it is empty; copy or export it again"
        raise RadiographError(message)
    if size > MAX_FILE_BYTES:
        message = (
            f"it has {size / 2**20:.0f} MiB and the limit is {MAX_FILE_BYTES / 2**20:.0f} MiB; "
            "export one radiograph alone"
        )
        raise RadiographError(message)
    with path.open("rb") as stream:
        stream.seek(_DICM_OFFSET)
        is_dicom = stream.read(4) == b"DICM"
        stream.seek(0)
        return work(stream, dicom) if is_dicom else _read_unmarked(stream, work)


def _read_unmarked(stream: BinaryIO, work: Callable[[BinaryIO, _Decoder], _Result]) -> _Result:
    """Read a raster image, or else a DICOM file that lacks its preamble."""
    try:
        return work(stream, raster)
    except UnidentifiedImageError:
        stream.seek(0)
        return work(stream, dicom)
    except Image.DecompressionBombError:
        message = "its picture is far too large; export it at a lower resolution"
        raise RadiographError(message) from None


def _radiograph(file: str, decoded: DecodedFile, content: str, notes: list[str]) -> Radiograph:
    levels = grey.levels(decoded.pixels, most=_FEW_LEVELS)
    if levels == 1:
        message = "its picture has no contrast: all pixels are alike; export it again"
        raise RadiographError(message)
    if levels < _FEW_LEVELS:
        notes.append(f"the picture has only {levels} grey levels")
    opacity = decoded.opacity
    seen = decoded.pixels if opacity is None else decoded.pixels * opacity
    inverted, note = polarity.judge(seen, trusted=decoded.trusted)
    if note is not None:
        notes.append(note)
    if inverted:  # background stays dark
        seen = 1 - decoded.pixels if opacity is None else (1 - decoded.pixels) * opacity
    if abs(decoded.aspect - 1) > ASPECT_TOLERANCE:
        notes.append(
            f"its pixels are {decoded.aspect:.3g} times as high as wide: the hand is looked at in "
            "square pixels, and positions are in the file's own"
        )
    return Radiograph(
        file=file,
        pixels=seen,
        spacing=decoded.spacing,
        side=decoded.side,
        warnings=tuple(notes),
        aspect=decoded.aspect,
        view=decoded.view,
        sha256=content,
        object_sha256=decoded.object_sha256,
    )


@contextmanager
def silence() -> Iterator[None]:
    """Suppress the libraries' warnings and logs, and what decoders in C print.

    All of this belongs to the process, hence the lock: one file is read at a time.
    """
    with _LOCK, ExitStack() as restore:
        restore.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        restore.enter_context(config.disable_value_validation())
        for name in _LIBRARIES:
            _silence_logger(logging.getLogger(name), restore)
        _silence_stderr(restore)
        yield


def _silence_logger(logger: logging.Logger, restore: ExitStack) -> None:
    """Let a library's records reach nobody; another level would cost the caches of all loggers."""
    restore.callback(setattr, logger, "propagate", logger.propagate)
    restore.callback(setattr, logger, "handlers", logger.handlers)
    logger.propagate, logger.handlers = False, [logging.NullHandler()]


def _silence_stderr(restore: ExitStack) -> None:
    try:
        stderr = os.dup(_STDERR)
    except OSError:  # it is closed
        return
    restore.callback(os.close, stderr)
    restore.callback(os.dup2, stderr, _STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
