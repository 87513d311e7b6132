"""What every training does: its folders, its threads, and checkpoints that are always whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import torch

from sharp_cli import output

if TYPE_CHECKING:
    from pathlib import Path


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


def save(state: object, path: Path) -> None:
    """Write what torch can write, whole or not at all: a run may be killed at any time."""
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.replace(path)
