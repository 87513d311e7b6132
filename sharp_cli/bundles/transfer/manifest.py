"""The manifest in a `bundle.json`, which is read before the bundle's other files are there."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from sharp_cli.bundles.store import BUNDLE_FILE, BundleKind
from sharp_cli.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME: Final = re.compile(r"\w[\w.-]*", re.ASCII)
"""File names that are valid on every system and need no quoting in an address."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The kind of a bundle and its files.

    Attributes:
        kind: What it is for.
        files: The sha256 of every file but `bundle.json`, by its name.
    """

    kind: BundleKind
    files: Mapping[str, str]

    @classmethod
    def parse(cls, content: bytes, where: str) -> Manifest:
        """Read the content of a `bundle.json`.

        Args:
            content: What it holds.
            where: What it lies in, for messages.

        Raises:
            ModelError: It does not describe a bundle, or names a file outside of it.
        """
        try:
            meta = json.loads(content)
            kind, files = meta["kind"], dict(meta["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            message = f"{where}: its {BUNDLE_FILE} describes no bundle ({error!r}); get it again"
            raise ModelError(message) from error
        if kind not in get_args(BundleKind):
            message = f"{where}: a bundle of kind {kind!r}; update sharp-cli"
            raise ModelError(message)
        for name, checksum in files.items():
            if not _NAME.fullmatch(name) or name == BUNDLE_FILE:
                message = (
                    f"{where}: {BUNDLE_FILE} names {name!r}, which no file of it may be called"
                )
                raise ModelError(message)
            if not isinstance(checksum, str) or not _SHA256.fullmatch(checksum):
                message = f"{where}: {BUNDLE_FILE} gives no sha256 of {name}; get it again"
                raise ModelError(message)
        return cls(kind, files)

    def holds(self, name: str, content: bytes) -> bool:
        """Whether a file of this name has this content."""
        return hashlib.sha256(content).hexdigest() == self.files[name]
