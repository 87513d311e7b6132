"""Model bundles: folders with a `bundle.json`, their weights and a model card.

`bundle.json` names the bundle, says what kind it is and gives the sha256 of every other file;
a bundle is used only once its files have been checked against it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from sharp_cli.bundles.terms import OWN_TERMS, with_terms
from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

BundleKind = Literal["hands", "joints", "findings"]

BUNDLE_FILE: Final = "bundle.json"
CARD_FILE: Final = "MODEL_CARD.md"

_VALIDATION: Final = re.compile(r"^#+ Validation on patients\s*$\s*^(?!#)\S", re.MULTILINE)
"""The heading of a card under which a validation is described, and the first line of that."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")

_PACKAGE: Final = Path(__file__).parents[1]
# A wheel carries the bundles inside the package; in a checkout they lie beside it.
_BUNDLED: Final = (_PACKAGE if (_PACKAGE / "models").is_dir() else _PACKAGE.parent) / "models"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A checked bundle.

    Attributes:
        path: Its folder.
        kind: Its task: `hands` finds hands, `joints` finds joints, `findings` classifies.
        name: Its name and version, as results cite it.
        sha256: Of its `bundle.json`, which in turn holds that of every other file.
        meta: The whole content of `bundle.json`.
        validated_on_patients: Whether it is validated on patients, as far as the user trusts it:
            its `bundle.json` says so, its card describes the validation, and the user named its
            checksum.
    """

    path: Path
    kind: BundleKind
    name: str
    sha256: str
    meta: Mapping[str, Any]
    validated_on_patients: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """Who may use it for what, in three lines; none in bundles of earlier versions."""
        return tuple(self.meta.get("terms", ()))


def bundled() -> list[Bundle]:
    """The bundles that come with the package, by kind and name."""
    folders = sorted(path.parent for path in _BUNDLED.glob(f"*/{BUNDLE_FILE}"))
    return [_open(folder) for folder in folders]


def open_bundle(
    kind: BundleKind, named: str | Path | None = None, trust: Collection[str] = ()
) -> Bundle:
    """Open and check a bundle.

    Args:
        kind: What it must be for.
        named: Its folder, or what a bundled one is called beside its kind: `lite` for
            `findings-lite`. None for the default one of those that come with the package.
        trust: The sha256 of each bundle whose validation on patients the user believes.

    Raises:
        ModelError: There is none, it is of another kind, or a file is missing or changed.
        UsageError: What is to be trusted is no sha256.
    """
    for one in trust:
        if not _SHA256.fullmatch(one):
            message = f"{one}: no sha256 of a bundle; `sharp models verify` prints it"
            raise UsageError(message)
    bundle = _open(_folder(kind, named), trust)
    if bundle.kind != kind:
        message = f"{named}: a bundle of kind {bundle.kind!r}; one of kind {kind!r} is needed"
        raise ModelError(message)
    return bundle


def _folder(kind: BundleKind, named: str | Path | None) -> Path:
    """The folder of a bundle; of bundled ones the default is named after its kind alone."""
    if named is None:
        folder = _BUNDLED / kind
        if not folder.is_dir():
            message = (
                f"{_BUNDLED}: no bundled model of kind {kind!r}; reinstall sharp-cli or name a "
                "bundle"
            )
            raise ModelError(message)
        return folder
    if Path(named).exists():
        return Path(named)
    variant = _BUNDLED / f"{kind}-{named}"
    if not variant.is_dir():
        message = (
            f"{named}: no folder, and no bundled model of kind {kind!r} is called so; "
            "`sharp models` lists them"
        )
        raise ModelError(message)
    return variant


def initial_meta(folder: Path, kind: BundleKind) -> dict[str, Any]:
    """What the `bundle.json` of every newly trained bundle begins with; its folder names it."""
    return {
        "name": folder.resolve().name,
        "version": "1",
        "kind": kind,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "licence": "Apache-2.0",
        "validated_on_patients": False,
        "terms": OWN_TERMS,
    }


def write_bundle(folder: Path, meta: Mapping[str, Any], files: Iterable[str]) -> None:
    """Write `bundle.json` for what already lies in `folder`: `files`, and its card if there is one.

    The card gets the terms that `meta` states.

    Args:
        folder: The bundle's folder.
        meta: Everything but the checksums; must hold `name`, `version`, `kind`.
        files: Names of its files, relative to `folder`.

    Raises:
        OutputError: It cannot be written.
    """
    names = {*files}
    card = folder / CARD_FILE
    if card.is_file():
        names.add(CARD_FILE)
        if "terms" in meta:
            text = with_terms(card.read_text(encoding="utf-8"), meta["terms"])
            output.write(card, text.encode())
    checksums = {name: _sha256((folder / name).read_bytes()) for name in sorted(names)}
    text = json.dumps({**meta, "sha256": checksums}, indent=2, ensure_ascii=False)
    output.write(folder / BUNDLE_FILE, (text + "\n").encode())


def _open(folder: Path, trust: Collection[str] = ()) -> Bundle:
    meta, checksum = _read(folder / BUNDLE_FILE)
    try:
        kind, name = meta["kind"], f"{meta['name']} {meta['version']}"
        files = dict(meta["sha256"])
        claims = meta["validated_on_patients"]
    except (KeyError, TypeError, ValueError) as error:
        message = f"{folder / BUNDLE_FILE}: incomplete ({error}); get the bundle again"
        raise ModelError(message) from error
    if kind not in ("hands", "joints", "findings") or not isinstance(claims, bool):
        message = f"{folder / BUNDLE_FILE}: not a bundle this version knows; update sharp-cli"
        raise ModelError(message)
    for file, expected in files.items():
        path = folder / file
        if Path(file).name != file or not path.is_file():
            message = f"{path}: missing from its bundle; get the bundle again"
            raise ModelError(message)
        if _sha256(path.read_bytes()) != expected:
            message = f"{path}: not the file its bundle was made with; get the bundle again"
            raise ModelError(message)
    validated = claims and checksum in trust and CARD_FILE in files and _is_described(folder)
    return Bundle(folder, kind, name, checksum, meta, validated)


def _is_described(folder: Path) -> bool:
    """Whether the card of a bundle describes a validation on patients."""
    card = (folder / CARD_FILE).read_text(encoding="utf-8", errors="replace")
    return _VALIDATION.search(card) is not None


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        content = path.read_bytes()
        meta = json.loads(content)
    except OSError as error:
        message = f"{path.parent}: not a model bundle ({BUNDLE_FILE} cannot be read: {error})"
        raise ModelError(message) from error
    except ValueError as error:
        message = f"{path}: not JSON ({error}); get the bundle again"
        raise ModelError(message) from error
    if not isinstance(meta, dict):
        message = f"{path}: not a model bundle; get the bundle again"
        raise ModelError(message)
    return meta, _sha256(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
