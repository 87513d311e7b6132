"""Reading radiographs: DICOM, PNG, JPEG, TIFF and BMP files become pixels with bones bright.

Nothing here knows hands or joints. Whatever is wrong with a file, `RadiographError` is raised and
nothing else, and what the libraries below would print stays unprinted: their messages may hold
values of a patient.
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
from sharp_cli.radiograph import dicom, grey, picture, polarity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sharp_cli.radiograph.source import Source

__all__ = ["MAX_FILE_BYTES", "read", "size"]

MAX_FILE_BYTES: Final = 1 << 30
"""Larger files are refused unread: 100 megapixels of 16-bit colour are 600 MB."""

_FEW_LEVELS: Final = 8
_LOCK: Final = threading.Lock()
_LIBRARIES: Final = ("PIL", "pydicom", "pylibjpeg", "openjpeg")
_WHERE_DICM_IS: Final = 128
_STDERR: Final = 2

_Result = TypeVar("_Result")


class _Decoder(Protocol):
    """What reads one kind of file."""

    def read(self, stream: BinaryIO) -> Source: ...

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
    return _explained(path, lambda file, kind: _radiograph(str(path), kind.read(file)))


def size(path: str | Path) -> tuple[int, int]:
    """Width and height in pixels of a radiograph, as its header gives them: nothing is decoded.

    Raises:
        RadiographError: As `read` does, but for what only decoding shows.
    """
    return _explained(path, lambda file, kind: kind.size(file))


def _explained(path: str | Path, work: Callable[[BinaryIO, _Decoder], _Result]) -> _Result:
    """What `work` makes of a file with the decoder of its kind; whatever it raises is explained."""
    try:
        with silence():
            return _opened(Path(path), work)
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
    raise RadiographError(message)


def _opened(path: Path, work: Callable[[BinaryIO, _Decoder], _Result]) -> _Result:
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
        stream.seek(_WHERE_DICM_IS)
        is_dicom = stream.read(4) == b"DICM"
        stream.seek(0)
        return work(stream, dicom) if is_dicom else _without_mark(stream, work)


def _without_mark(stream: BinaryIO, work: Callable[[BinaryIO, _Decoder], _Result]) -> _Result:
    """A picture, or else a DICOM file that lacks its preamble."""
    try:
        return work(stream, picture)
    except UnidentifiedImageError:
        stream.seek(0)
        return work(stream, dicom)
    except Image.DecompressionBombError:
        message = "its picture is far too large; export it at a lower resolution"
        raise RadiographError(message) from None


def _radiograph(file: str, source: Source) -> Radiograph:
    levels = grey.levels(source.pixels, most=_FEW_LEVELS)
    if levels == 1:
        message = "its picture has no contrast: all pixels are alike; export it again"
        raise RadiographError(message)
    notes = list(source.warnings)
    if levels < _FEW_LEVELS:
        notes.append(f"the picture has only {levels} grey levels")
    pixels, note = polarity.bones_bright(source.pixels, trusted=source.trusted)
    if note is not None:
        notes.append(note)
    return Radiograph(
        file=file,
        pixels=pixels,
        spacing=source.spacing,
        side=source.side,
        warnings=tuple(notes),
    )


@contextmanager
def silence() -> Iterator[None]:
    """Keep the libraries' warnings and logs, and what decoders in C print, from everybody.

    All of this belongs to the process, hence the lock: one file is read at a time.
    """
    with _LOCK, ExitStack() as restore:
        restore.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        restore.enter_context(config.disable_value_validation())
        for name in _LIBRARIES:
            logger = logging.getLogger(name)
            restore.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL + 1)
        _silence_stderr(restore)
        yield


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
