"""Archives, of our own making and of others'."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharp_cli.bundles.store import BUNDLE_FILE
from sharp_cli.bundles.transfer import archives
from sharp_cli.bundles.transfer.archives import SUFFIXES, pack
from sharp_cli.core.errors import ModelError
from tests.bundles.transfer.conftest import TRUNK_FILE, contents, pull

if TYPE_CHECKING:
    from collections.abc import Callable


def zipped(files: dict[str, bytes], path: Path, *, link: str | None = None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("top/", b"")
        for name, content in files.items():
            archive.writestr(name, content)
        if link is not None:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, "/etc/passwd")


def tarred(files: dict[str, bytes], path: Path, *, link: str | None = None) -> None:
    with tarfile.open(path, "w:gz") as archive:
        top = tarfile.TarInfo("top")
        top.type = tarfile.DIRTYPE
        archive.addfile(top)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) if link is not None else ():
            entry = tarfile.TarInfo(link or "")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)


MAKERS: dict[str, Callable[..., None]] = {".zip": zipped, ".tar.gz": tarred}


@pytest.mark.parametrize("top", ["", "./", "top/", "deep/top/"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_bundle_may_lie_in_a_folder(bundle: Path, tmp_path: Path, suffix: str, top: str) -> None:
    path = tmp_path / f"a{suffix}"
    MAKERS[suffix]({f"{top}{name}": each for name, each in contents(bundle).items()}, path)
    pull(str(path), tmp_path / "out")
    assert contents(tmp_path / "out") == contents(bundle)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../escaped", "leads out"),
        ("a/../../escaped", "leads out"),
        ("/escaped", "leads out"),
        ("..\\escaped", "leads out"),
        ("sub/escaped", "is not named"),
    ],
)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_not_the_bundles_is_refused(
    bundle: Path, tmp_path: Path, suffix: str, name: str, why: str
) -> None:
    path = tmp_path / f"a{suffix}"
    MAKERS[suffix]({**contents(bundle), name: b"bad"}, path)
    with pytest.raises(ModelError, match=f"escaped'? {why}"):
        pull(str(path), tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("*escaped*"))
    assert not list(tmp_path.rglob("out"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_links_are_refused(bundle: Path, tmp_path: Path, suffix: str) -> None:
    files = contents(bundle)
    del files[TRUNK_FILE]
    MAKERS[suffix](files, tmp_path / f"a{suffix}", link=TRUNK_FILE)
    with pytest.raises(ModelError, match=f"{TRUNK_FILE}' is a link"):
        pull(str(tmp_path / f"a{suffix}"), tmp_path / "out")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_name_twice_and_two_bundles_are_refused(
    bundle: Path, tmp_path: Path, suffix: str
) -> None:
    files, path = contents(bundle), tmp_path / f"a{suffix}"
    MAKERS[suffix]({**files, f"./{TRUNK_FILE}": b"other"}, path)
    with pytest.raises(ModelError, match="is in it twice"):
        pull(str(path), tmp_path / "out")
    MAKERS[suffix]({**files, f"top/{BUNDLE_FILE}": files[BUNDLE_FILE]}, path)
    with pytest.raises(ModelError, match="one bundle is needed"):
        pull(str(path), tmp_path / "out")


def pax_bomb(path: Path) -> None:
    """A header of a file that is as long as memory."""
    entry = tarfile.TarInfo("a")
    entry.type, entry.size = tarfile.XHDTYPE, 64 << 20
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(entry, io.BytesIO(bytes(entry.size)))


def sparse_bomb(path: Path) -> None:
    """A file of next to nothing but holes."""
    entry = tarfile.TarInfo(BUNDLE_FILE)
    entry.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    head[483:495] = b"%011o\0" % (64 << 20)
    head[148:156] = b"%06o\0 " % (sum(head[:148]) + 8 * 32 + sum(head[156:]))
    path.write_bytes(gzip.compress(bytes(head) + bytes(1024)))


def lying_zip(path: Path) -> None:
    """A file that says that it is small, and is not."""
    zipped({BUNDLE_FILE: bytes(64 << 20)}, path)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 64 << 20), struct.pack("<I", 9)))


def trailing_bomb(path: Path) -> None:
    """An archive with much after its last file."""
    tarred({BUNDLE_FILE: b"{}"}, path)
    path.write_bytes(path.read_bytes() + gzip.compress(bytes(64 << 20)))


def test_a_manifest_that_changed_in_an_archive_is_refused(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(pack(contents(bundle), path.name))
    content = path.read_bytes()
    assert b'"version": "1"' in content  # stored, not compressed
    path.write_bytes(content.replace(b'"version": "1"', b'"version": "2"'))
    with pytest.raises(ModelError, match="CRC"):
        pull(str(path), tmp_path / "out")


@pytest.mark.parametrize(
    "make",
    [
        trailing_bomb,
        lambda path: tarred({BUNDLE_FILE: bytes(64 << 20)}, path),
        lambda path: zipped({BUNDLE_FILE: bytes(64 << 20)}, path),
        lambda path: tarred({f"{at}": b"" for at in range(1001)}, path),
        lambda path: zipped({f"{at}": b"" for at in range(1001)}, path),
        pax_bomb,
        sparse_bomb,
        lying_zip,
    ],
)
def test_a_bomb_is_refused_before_it_takes_memory(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BUNDLE_BYTES", 16 << 20)
    path = tmp_path / "a"
    make(path)
    content = path.read_bytes()
    assert len(content) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match=r"unpacks to more|archive|is a link"):
            archives.members(content, "a")[BUNDLE_FILE]()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


@settings(max_examples=80, deadline=None)
@given(data=st.data(), suffix=st.sampled_from(SUFFIXES))
def test_damaged_archives_are_refused_or_do_no_harm(
    bundle: Path, data: st.DataObject, suffix: str
) -> None:
    with tempfile.TemporaryDirectory() as there:
        path, out = Path(there) / f"a{suffix}", Path(there) / "out"
        MAKERS[suffix](contents(bundle), path)
        content = bytearray(path.read_bytes())
        # Headers lie at both ends.
        place = data.draw(st.integers(-400, 399))
        if data.draw(st.booleans()):
            del content[place:]
        else:
            content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        try:
            pull(str(path), out)
        except ModelError as error:
            assert path.name in str(error)  # noqa: PT017 - not all raise
            assert not out.exists()
        else:
            assert contents(out) == contents(bundle)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_archives_are_the_same_every_time(
    bundle: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pack(contents(bundle), suffix)
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert pack(dict(reversed(contents(bundle).items())), suffix) == one
