"""Push a bundle: check it and copy it to a folder, an archive, a server or the hub."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sharp_cli.bundles.store import BUNDLE_FILE
from sharp_cli.bundles.transfer import hub, web
from sharp_cli.bundles.transfer.archives import SUFFIXES, pack
from sharp_cli.bundles.transfer.verify import verify
from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from sharp_cli.bundles.transfer.verify import LoadCheck


def push(folder: Path, target: str, load_check: LoadCheck) -> None:
    """Copy a bundle: `bundle.json` and every file that it names, nothing else.

    Args:
        folder: The bundle's.
        target: A new folder, a .zip or .tar.gz file, the https address of such a file, or
            `hf://owner/name[@branch]`.
        load_check: See `verify`.

    Raises:
        ModelError: The bundle is incomplete or does not load.
        OutputError: The target is a folder that exists, or cannot be written.
        UsageError: It is an address of another form; or huggingface_hub is not installed.
    """
    bundle = verify(folder, load_check)
    files = {
        name: (bundle.path / name).read_bytes() for name in (BUNDLE_FILE, *bundle.meta["sha256"])
    }
    if target.startswith(hub.SCHEME):
        hub.upload(files, target)
    elif "://" in target:
        _put(files, web.address(target))
    elif target.endswith(SUFFIXES):
        output.write(Path(target), pack(files, target))
    else:
        _copy(files, Path(target), load_check)


def _put(files: dict[str, bytes], url: str) -> None:
    path = urlsplit(url).path
    if not path.endswith(SUFFIXES):
        message = f"{web.shown(url)}: name a {' or '.join(SUFFIXES)} file there"
        raise UsageError(message)
    web.upload(pack(files, path), url)


def _copy(files: dict[str, bytes], target: Path, load_check: LoadCheck) -> None:
    if target.exists():
        message = f"{target}: there already; choose another place"
        raise OutputError(message)
    output.make_folder(target.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".sharp-", dir=target.parent) as stage:
            # A temporary folder itself has permissions for its owner only.
            copy = Path(stage) / "bundle"
            for name, content in files.items():
                output.write(copy / name, content)
            verify(copy, load_check)
            copy.rename(target)
    except OSError as error:
        message = f"{target}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error
