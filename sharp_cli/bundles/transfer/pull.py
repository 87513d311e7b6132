"""Pull a bundle: fetch it from a folder, an archive or the web, and check it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from sharp_cli.bundles.store import BUNDLE_FILE
from sharp_cli.bundles.transfer import web
from sharp_cli.bundles.transfer.archives import SUFFIXES, members
from sharp_cli.bundles.transfer.manifest import Manifest
from sharp_cli.bundles.transfer.verify import verify
from sharp_cli.core.errors import ModelError, OutputError, SharpError, UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.bundles.transfer.verify import LoadCheck

_SOURCE_FILE: Final = ".source"
"""The file that holds the source of a bundle: a sha256, as addresses may hold secrets."""


def pull(source: str, out: Path, load_check: LoadCheck) -> Bundle:
    """Fetch a bundle, check it, and only then move it to `out`.

    Until then its files lie in a hidden folder beside `out`. That folder stays after an interrupted
    download, which the same call resumes. If `out` holds the complete bundle of this source
    already, nothing is fetched.

    Args:
        source: A folder, a .zip or .tar.gz file, the https address of either, or
            `hf://owner/name[@revision]`.
        out: A new or empty folder, or one that was pulled before.
        load_check: See `verify`.

    Raises:
        ModelError: The source cannot be reached, or does not hold a complete bundle.
        OutputError: `out` holds something else, or cannot be written.
        UsageError: It is no such source.
    """
    fingerprint = _fingerprint(source)
    if out.exists() and (out.is_file() or any(out.iterdir())):
        return _reuse(out, fingerprint, load_check)
    stage = out.absolute().with_name(f".{out.absolute().name}-{fingerprint[:12]}")
    folder = stage / "bundle"
    output.make_folder(folder)
    try:
        _fetch(source, stage, folder)
        verify(folder, load_check)
        output.write(folder / _SOURCE_FILE, fingerprint.encode())
        folder.rename(out)
    except (SharpError, OSError) as error:
        arrived = any(map(Path.is_file, stage.rglob("*")))
        resumable = isinstance(error, web.UnreachableError) and arrived
        if not resumable:
            shutil.rmtree(stage)
        if isinstance(error, SharpError):
            raise
        message = f"{out}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error
    shutil.rmtree(stage)
    return verify(out, load_check)


def _fingerprint(source: str) -> str:
    """The sha256 that identifies a source: of its address, or of its content if it is local."""
    path = Path(source)
    if "://" in source:
        identity = source.encode()
    elif path.is_dir():
        identity = _read(path / BUNDLE_FILE)
    elif path.is_file() and source.endswith(SUFFIXES):
        identity = _read(path)
    else:
        message = f"{source}: not a folder, a {' or '.join(SUFFIXES)} file, or an address"
        raise UsageError(message)
    return hashlib.sha256(identity).hexdigest()


def _reuse(out: Path, fingerprint: str, load_check: LoadCheck) -> Bundle:
    """The bundle that lies in `out`, if it was pulled from the same source."""
    file = out / _SOURCE_FILE
    if not file.is_file() or _read(file) != fingerprint.encode():
        message = f"{out}: holds something else than this source; choose another place"
        raise OutputError(message)
    return verify(out, load_check)


def _fetch(source: str, stage: Path, folder: Path) -> None:
    """Put a source's files into `folder`; `stage` keeps unfinished downloads."""
    if "://" not in source:
        path = Path(source)
        if path.is_file():
            _unpack(_read(path), folder, source)
        else:
            # Hidden files are of git or of a hub, and none of the bundle's.
            names = [file.name for file in path.iterdir() if not file.name.startswith(".")]
            _fill(folder, source, lambda name: _read(path / name), names)
        return
    url, where = web.address(source), web.shown(source)
    if urlsplit(url).path.endswith(SUFFIXES):
        _unpack(web.download(url, stage / "archive.part"), folder, where)
        return
    # Nothing gives its checksum, so it must not be resumed from part of an older one.
    (stage / f"{BUNDLE_FILE}.part").unlink(missing_ok=True)
    _fill(
        folder,
        where,
        lambda name: web.download(web.inside(url, name), stage / f"{name}.part"),
    )


def _unpack(content: bytes, folder: Path, where: str) -> None:
    files = members(content, where)
    _fill(folder, where, lambda name: files[name](), files)


def _fill(
    folder: Path, where: str, take: Callable[[str], bytes], names: Iterable[str] | None = None
) -> None:
    """Write the files of a bundle one by one, each checked first.

    Args:
        folder: Where they go; files that are there and correct are not taken again.
        where: What the source is called in messages.
        take: Gives a file's content.
        names: All that the source holds, where that is known; `bundle.json` is among them.

    Raises:
        ModelError: A file is missing, changed, or not named by `bundle.json`.
    """
    held = None if names is None else set(names)
    content = take(BUNDLE_FILE)
    manifest = Manifest.parse(content, where)
    if held is not None and (odd := sorted(held ^ {BUNDLE_FILE, *manifest.files})):
        why = f"not named by its {BUNDLE_FILE}" if odd[0] in held else "missing"
        message = f"{where}: {odd[0]} is {why}; get the bundle again"
        raise ModelError(message)
    for file in folder.iterdir():
        if file.name not in manifest.files:  # of an older one
            file.unlink()
    output.write(folder / BUNDLE_FILE, content)
    for name in manifest.files:
        target = folder / name
        if target.is_file() and manifest.holds(name, target.read_bytes()):
            continue
        content = take(name)
        if not manifest.holds(name, content):
            message = f"{where}: {name} is not the file its bundle was made with; get it again"
            raise ModelError(message)
        output.write(target, content)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); get the bundle again"
        raise ModelError(message) from error
