"""Bundles in one file: .zip and .tar.gz.

Nothing is unpacked that says that it is too large, and nothing further than it says.
"""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from sharp_cli.bundles.store import BUNDLE_FILE
from sharp_cli.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    ReadFile = Callable[[], bytes]

SUFFIXES: Final = (".zip", ".tar.gz")
"""The suffixes of archives."""

_GZIP: Final = b"\x1f\x8b"
"""The first bytes of gzip files (RFC 1952, section 2.3.1)."""

MAX_BUNDLE_BYTES: Final = 1 << 30
"""Of all files of a bundle, unpacked; a choice: some twenty times the bundled ones."""

_MAX_FILES: Final = 1000
_MAX_HEADER: Final = 1 << 16
"""Of what a .tar.gz says of a file, such as a long name."""

_ZIPPED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The ways of compression that can be unpacked bit by bit."""

_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold."""

_MODE: Final = 0o644


def members(content: bytes, where: str) -> dict[str, ReadFile]:
    """The files of an archive, each with a function that reads it.

    The bundle may lie in a folder of the archive; names are relative to its `bundle.json`.

    Args:
        content: The archive's.
        where: The archive's name, for messages.

    Raises:
        ModelError: It is damaged, too large when unpacked, or holds a link, a name that leads out
            of it, or no bundle.
    """
    with _readable(where):
        if content.startswith(_GZIP):
            unpacked = _Unpacked(content)
            archive = tarfile.open(fileobj=unpacked, mode="r:")  # noqa: SIM115 - it is in memory
            files = _named(_in_tar(archive, where), where)
            unpacked.check()
            unpacked.most = MAX_BUNDLE_BYTES
            return files
        return _named(_in_zip(zipfile.ZipFile(io.BytesIO(content)), where), where)


def pack(files: Mapping[str, bytes], name: str) -> bytes:
    """Make an archive; the same files always give the same bytes.

    They are stored, not compressed: weights hardly shrink, and zlib's versions differ.

    Args:
        files: Contents by name.
        name: The archive's, which ends with one of `SUFFIXES`.
    """
    content = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(content, "w") as archive:
            for file in sorted(files):
                entry = zipfile.ZipInfo(file, _FIRST_DAY)
                entry.create_system = 3  # Unix, wherever it is made
                entry.external_attr = (stat.S_IFREG | _MODE) << 16
                archive.writestr(entry, files[file])
    else:
        with (
            gzip.GzipFile("", "wb", compresslevel=0, fileobj=content, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for file in sorted(files):
                member = tarfile.TarInfo(file)
                member.size, member.mode = len(files[file]), _MODE
                tar.addfile(member, io.BytesIO(files[file]))
    return content.getvalue()


class _Unpacked(io.RawIOBase):
    """What a gzip file holds, unpacked again whenever it is read.

    Attributes:
        most: How many bytes may be asked for at a time: tarfile asks for as many as a header says.
    """

    def __init__(self, content: bytes) -> None:
        self.most = _MAX_HEADER
        self._file = gzip.GzipFile(fileobj=io.BytesIO(content))

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.most:
            message = f"{size} bytes at a time, and at most {self.most} are read"
            raise ValueError(message)
        return self._file.read(size)

    def check(self) -> None:
        """Read on to the end, where the checksum is.

        Raises:
            OSError: It is wrong.
            ValueError: There is far more after the last file than an archive has.
        """
        while self._file.read(_MAX_HEADER):
            if self._file.tell() > 2 * MAX_BUNDLE_BYTES:
                message = "more follows its last file than belongs there"
                raise ValueError(message)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _in_zip(archive: zipfile.ZipFile, where: str) -> Iterator[tuple[str, ReadFile]]:
    size = 0
    for count, member in enumerate(archive.infolist(), 1):
        size += member.file_size
        _check_size(where, count, size)
        if member.is_dir():
            continue
        if member.compress_type not in _ZIPPED:
            raise _refused(where, member.filename, "is compressed in a way that is not read")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _refused(where, member.filename, "is a link or the like")
        yield member.filename, partial(_read, partial(_unzip, archive, member), where)


def _in_tar(archive: tarfile.TarFile, where: str) -> Iterator[tuple[str, ReadFile]]:
    size = 0
    for count, member in enumerate(archive, 1):
        size += member.size
        _check_size(where, count, size)
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():
            raise _refused(where, member.name, "is a link or the like")
        yield member.name, partial(_read, partial(_extract, archive, member), where)


def _check_size(where: str, count: int, size: int) -> None:
    """Refuse an archive by what it says of its files so far, before any is unpacked."""
    if count > _MAX_FILES or size > MAX_BUNDLE_BYTES:
        message = (
            f"{where}: unpacks to more than {MAX_BUNDLE_BYTES >> 20} MiB or {_MAX_FILES} files, "
            "more than a bundle has; get it from elsewhere"
        )
        raise ModelError(message)


def _unzip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        return file.read(member.file_size)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None  # noqa: S101 - it is a regular file
    return file.read()


def _read(read: ReadFile, where: str) -> bytes:
    with _readable(where):
        return read()


def _named(listed: Iterable[tuple[str, ReadFile]], where: str) -> dict[str, ReadFile]:
    found: dict[PurePosixPath, ReadFile] = {}
    for name, read in listed:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            raise _refused(where, name, "leads out of it")
        if path in found:
            raise _refused(where, name, "is in it twice")
        found[path] = read
    tops = [path.parent for path in found if path.name == BUNDLE_FILE]
    if len(tops) != 1:
        message = f"{where}: holds {len(tops)} {BUNDLE_FILE}; an archive of one bundle is needed"
        raise ModelError(message)
    (top,) = tops
    return {
        str(path.relative_to(top) if path.is_relative_to(top) else path): read
        for path, read in found.items()
    }


def _refused(where: str, name: str, why: str) -> ModelError:
    return ModelError(f"{where}: {name!r} {why}; get the archive from elsewhere")


@contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # damaged files make the standard library raise just anything
        message = f"{where}: cannot be read as an archive ({error}); get it again"
        raise ModelError(message) from error
