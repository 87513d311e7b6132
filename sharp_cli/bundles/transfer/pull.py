"""Fetch a bundle from a folder, an archive or the web."""

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

_MARK: Final = ".source"
"""Tells what a bundle was pulled from: a sha256, as addresses may hold secrets."""


def pull(source: str, out: Path, load_check: LoadCheck) -> Bundle:
    """Fetch a bundle, check it, and only then give it its name.

    Until then its files lie in a hidden folder beside `out`. That folder stays after an interrupted
    download, and the same call goes on from there. If `out` holds the whole bundle of this source
    already, nothing is fetched.

    Args:
        source: A folder, a .zip or .tar.gz file, the https address of either, or
            `hf://owner/name[@revision]`.
        out: A new or empty folder, or one that was pulled before.
        load_check: See `verify`.

    Raises:
        ModelError: The source cannot be reached, or what it holds is not a whole bundle.
        OutputError: `out` holds something else, or cannot be written.
        UsageError: It is no such source.
    """
    mark = _mark(source)
    if out.exists() and (out.is_file() or any(out.iterdir())):
        return _kept(out, mark, load_check)
    stage = out.absolute().with_name(f".{out.absolute().name}-{mark[:12]}")
    folder = stage / "bundle"
    output.make_folder(folder)
    try:
        _fetch(source, stage, folder)
        verify(folder, load_check)
        output.write(folder / _MARK, mark.encode())
        folder.rename(out)
    except (SharpError, OSError) as error:
        begun = isinstance(error, web.UnreachableError) and any(map(Path.is_file, stage.rglob("*")))
        if not begun:
            shutil.rmtree(stage)
        if isinstance(error, SharpError):
            raise
        message = f"{out}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error
    shutil.rmtree(stage)
    return verify(out, load_check)


def _mark(source: str) -> str:
    """What tells a source from others: its address, or its content if it lies here."""
    path = Path(source)
    if "://" in source:
        told = source.encode()
    elif path.is_dir():
        told = _read(path / BUNDLE_FILE)
    elif path.is_file() and source.endswith(SUFFIXES):
        told = _read(path)
    else:
        message = f"{source}: not a folder, a {' or '.join(SUFFIXES)} file, or an address"
        raise UsageError(message)
    return hashlib.sha256(told).hexdigest()


def _kept(out: Path, mark: str, load_check: LoadCheck) -> Bundle:
    """The bundle that lies in `out`, if it was pulled from the same source."""
    file = out / _MARK
    if not file.is_file() or _read(file) != mark.encode():
        message = f"{out}: holds something else than this source; choose another place"
        raise OutputError(message)
    return verify(out, load_check)


def _fetch(source: str, stage: Path, folder: Path) -> None:
    """Put a source's files into `folder`; `stage` keeps downloads that are not at their end."""
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
    # It is checked against nothing, so half of an older one must not begin it.
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
    """Take the files of a bundle one by one, each checked before it gets its name.

    Args:
        folder: Where they go; what lies there already and is right is not taken again.
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
        message = f"{where}: {odd[0]} is {why}; get the bundle anew"
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
            message = f"{where}: {name} is not the file its bundle was made with; get it anew"
            raise ModelError(message)
        output.write(target, content)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); get the bundle anew"
        raise ModelError(message) from error
