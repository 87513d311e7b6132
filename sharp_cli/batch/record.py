"""`run.json`: what a folder of results was made with, and how far that is."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from datetime import datetime, timezone
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.batch.whole import is_study
from sharp_cli.core.about import __version__, library_versions
from sharp_cli.core.errors import UsageError
from sharp_cli.fileio import output
from sharp_cli.results.layout import RESERVED, RUN, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sharp_cli.results.document import ModelRow

_BEGINNING: Final = f'{{\n  "schema": "{SCHEMA}"'.encode("ascii")
_SHOWN: Final = 60
"""How many characters of a setting are shown in a message."""

_BOUND: Final = ("tool", "models", "settings")
"""Parts that must be the same when a run is resumed."""


class Record:
    """What `run.json` holds; it names neither the computer nor its user.

    Attributes:
        torn: Whether there was one that a power cut emptied or cut off, so that nothing says what
            the studies in the folder were made with.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], models: Mapping[str, ModelRow]
    ) -> None:
        """Begin a run, or resume the one that the folder holds.

        Args:
            folder: The folder of results.
            settings: Whatever else decides the results, as JSON can hold it.
            models: The bundles, by kind.

        Raises:
            UsageError: The folder holds something else.
        """
        self._path = folder / RUN
        self._content: dict[str, Any] = {
            "schema": SCHEMA,
            "tool": {"name": "sharp", "version": __version__},
            "models": {kind: asdict(row) for kind, row in models.items()},
            "settings": dict(settings),
            "host": {"platform": platform.platform(), "python": platform.python_version()},
            "libraries": library_versions(),
            "started": _now(),
        }
        self.torn = _is_torn(self._path)
        if self._path.exists() and not self.torn:
            self._resume(self._read())
        elif not self.torn and any(not path.name.startswith(".") for path in folder.iterdir()):
            message = f"{folder}: is not empty; choose a new folder"
            raise UsageError(message)

    def write(self, counts: Mapping[str, int], *, finished: bool) -> None:
        """Write how far the run is.

        Raises:
            OutputError: It cannot be written.
        """
        state = {"ended": _now(), "finished": finished, "counts": dict(counts)}
        text = json.dumps(self._content | state, indent=2)
        output.write(self._path, f"{text}\n".encode("ascii"), durable=True)

    def _read(self) -> dict[str, Any]:
        try:
            before = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            before = None
        if not isinstance(before, dict) or before.get("schema") != SCHEMA:
            message = f"{self._path}: not what sharp score wrote; choose a new folder"
            raise UsageError(message)
        return before

    def _resume(self, before: Mapping[str, Any]) -> None:
        differences = []
        for part in _BOUND:
            there, now = before.get(part), self._content[part]
            there = there if isinstance(there, dict) else {}
            for name in [*now, *(there.keys() - now.keys())]:
                if there.get(name) != now.get(name):
                    was, is_ = (_shown(values.get(name)) for values in (there, now))
                    differences.append(f"{name}: {was} there, {is_} now")
        if differences:
            listed = "; ".join(differences)
            message = f"{self._path.parent}: holds results that were made otherwise ({listed}); "
            raise UsageError(message + "repeat that call, or choose a new folder")
        self._content["started"] = before.get("started")


def _is_torn(path: Path) -> bool:
    """Whether a file is what a power cut leaves of a record, in a folder with nothing else."""
    if not path.is_file():
        return False
    content = path.read_bytes()
    try:
        json.loads(content)
    except ValueError:
        return _BEGINNING.startswith(content[: len(_BEGINNING)].rstrip(b"\0")) and all(
            one.name in RESERVED or one.name.startswith(".") or is_study(one)
            for one in path.parent.iterdir()
        )
    return False


def _shown(value: Any) -> str:
    if isinstance(value, dict):  # a bundle
        value = f"{value.get('name')} {str(value.get('sha256'))[:8]}"
    return shorten(str(value), _SHOWN)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
