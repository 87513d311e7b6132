"""Hand a bundle on."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sharp_cli import output
from sharp_cli.errors import OutputError, UsageError
from sharp_cli.registry import BUNDLE_FILE
from sharp_cli.transfer.archives import SUFFIXES, pack
from sharp_cli.transfer.verify import verify


def push(folder: Path, target: str) -> None:
    """Copy a whole bundle, and nothing that it does not name.

    Args:
        folder: The bundle's.
        target: A new folder, or a .zip or .tar.gz file.

    Raises:
        ModelError: The bundle is not whole.
        OutputError: The target is there already, or cannot be written.
        UsageError: The target is an address.
    """
    if "://" in target:
        message = (
            f"{target}: a bundle is pushed to a folder or an archive; upload its folder with the "
            "hub's own tool: hf upload owner/name FOLDER"
        )
        raise UsageError(message)
    bundle = verify(folder)
    files = {
        name: (bundle.path / name).read_bytes() for name in (BUNDLE_FILE, *bundle.meta["sha256"])
    }
    if target.endswith(SUFFIXES):
        pack(files, Path(target))
    else:
        _copy(files, Path(target))


def _copy(files: dict[str, bytes], target: Path) -> None:
    if target.exists():
        message = f"{target}: there already; choose another place"
        raise OutputError(message)
    output.make_folder(target.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".sharp-", dir=target.parent) as stage:
            # In it and not it, which has permissions for its owner only.
            copy = Path(stage) / "bundle"
            for name, content in files.items():
                output.write(copy / name, content)
            verify(copy)
            copy.rename(target)
    except OSError as error:
        message = f"{target}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error
