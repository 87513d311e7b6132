"""What every training does: its folders, its threads, and checkpoints that are always whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import cv2
import torch

from sharp_cli import output
from sharp_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OPTIONS_FILE: Final = "options.json"


def begin(out: Path, work: Path, *, threads: int) -> None:
    """Make the folders of a training and set its threads.

    Args:
        out: Folder of the bundle.
        work: Folder for checkpoints.
        threads: CPU threads.

    Raises:
        OutputError: A folder cannot be made.
    """
    output.make_folder(out)
    output.make_folder(work)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def settle(folder: Path, options: Mapping[str, Any]) -> None:
    """Write down what a training in a folder was begun with, or refuse to go on with another.

    Raises:
        UsageError: The folder holds a training with other options, which are named.
        OutputError: It cannot be written.
    """
    path = folder / OPTIONS_FILE
    text = json.dumps(options, indent=2)
    if not path.is_file():
        output.write(path, text.encode())
        return
    before, now = json.loads(path.read_bytes()), json.loads(text)
    changed = [f"--{name}" for name in now if before.get(name) != now[name]]
    if changed:
        message = (
            f"{folder}: holds a training with another {', '.join(changed)}; "
            "give the same to go on with it, or another folder"
        )
        raise UsageError(message)


def save(state: object, path: Path) -> None:
    """Write what torch can write, whole or not at all: a run may be killed at any time."""
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.replace(path)
