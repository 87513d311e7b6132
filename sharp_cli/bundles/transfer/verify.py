"""Check that a bundle is complete and can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sharp_cli.bundles.store import BUNDLE_FILE, Bundle, open_bundle
from sharp_cli.bundles.transfer.manifest import Manifest
from sharp_cli.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    LoadCheck: TypeAlias = Callable[[Bundle], None]
    """Raises ModelError if the networks of a bundle cannot be loaded."""


def verify(folder: Path, load_check: LoadCheck) -> Bundle:
    """Open a bundle of any kind, check every file, and that its networks load.

    `bundle.json` itself is fixed by nothing in the bundle; compare the checksum of what is returned
    with the one that was published.

    Args:
        folder: The bundle's.
        load_check: Loads the networks, which is not done here; see
            `sharp_cli.inference.bundle_check`.

    Raises:
        ModelError: A file is missing or changed, or it cannot be loaded.
    """
    try:
        content = (folder / BUNDLE_FILE).read_bytes()
    except OSError as error:
        message = f"{folder}: not a model bundle ({BUNDLE_FILE} cannot be read: {error.strerror})"
        raise ModelError(message) from error
    bundle = open_bundle(Manifest.parse(content, str(folder)).kind, folder)
    load_check(bundle)
    return bundle
