"""See that a bundle is whole and can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli.bundles.store import BUNDLE_FILE, Bundle, open_bundle
from sharp_cli.bundles.transfer.manifest import Manifest
from sharp_cli.core.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path


def verify(folder: Path) -> Bundle:
    """Open a bundle of any kind, check every file, and load it as what it is for.

    `bundle.json` itself is fixed by nothing in the bundle; compare the checksum of what is returned
    with the one that was published.

    Raises:
        ModelError: A file is missing or changed, or it cannot be loaded.
    """
    try:
        content = (folder / BUNDLE_FILE).read_bytes()
    except OSError as error:
        message = f"{folder}: not a model bundle ({BUNDLE_FILE} cannot be read: {error.strerror})"
        raise ModelError(message) from error
    bundle = open_bundle(Manifest.parse(content, str(folder)).kind, folder)
    _load(bundle)
    return bundle


def _load(bundle: Bundle) -> None:
    # One kind's libraries are not needed for the others.
    match bundle.kind:
        case "hands":
            from sharp_cli.inference.hand_finder import HandFinder  # noqa: PLC0415

            HandFinder(bundle, threads=1)
        case "joints":
            from sharp_cli.inference.joint_detector import JointDetector  # noqa: PLC0415

            JointDetector(bundle, threads=1)
        case "findings":
            from sharp_cli.inference.findings_weights import read_weights  # noqa: PLC0415

            read_weights(bundle)
