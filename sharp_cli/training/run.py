"""What all trainings share: folders, threads, recorded options, checkpoints and time left."""

from __future__ import annotations

import hashlib
import json
import math
import socket
from statistics import mean
from typing import TYPE_CHECKING, Any, Final

import cv2
import torch

from sharp_cli.bundles.store import BUNDLE_FILE
from sharp_cli.core.errors import UsageError
from sharp_cli.core.printable import duration
from sharp_cli.fileio import output
from sharp_cli.inference.openvino_runtime import has_bf16

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sharp_cli.datasets.annotations.hands import AnnotatedHand

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
    set_threads(threads)


def set_threads(threads: int) -> None:
    """Set the CPU threads of this process."""
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def half_precision(device: str, *, wanted: bool = True) -> torch.autocast:
    """A context in which matrices are multiplied in bf16, where the device has it: else it is slow.

    Args:
        device: A type of `torch.device`.
        wanted: Whether to do so at all.
    """
    there = {"cpu": has_bf16, "cuda": torch.cuda.is_bf16_supported}
    enabled = wanted and device in there and there[device]()
    # Without its cache, which would keep the first step's weights until the context ends.
    kind = device if enabled else "cpu"
    return torch.autocast(kind, torch.bfloat16, enabled=enabled, cache_enabled=False)


def refuse_another(folder: Path, options: Mapping[str, Any]) -> None:
    """Refuse a folder with a training that was begun with other options.

    Args:
        folder: Of the training.
        options: By the names of the command line's options, as JSON takes them.

    Raises:
        UsageError: The options that differ are named.
    """
    path = folder / OPTIONS_FILE
    if not path.is_file():
        return
    before, now = json.loads(path.read_bytes()), json.loads(json.dumps(options))
    changed = [f"--{name}" for name in now if before.get(name) != now[name]]
    if changed:
        message = (
            f"{folder}: holds a training with another {', '.join(changed)}; "
            "give the same to resume it, or another folder"
        )
        raise UsageError(message)


def record_options(folder: Path, options: Mapping[str, Any]) -> None:
    """Record what a training in a folder is begun with, unless it holds another one.

    Raises:
        UsageError: See `refuse_another`.
        OutputError: It cannot be written.
    """
    refuse_another(folder, options)
    output.write(folder / OPTIONS_FILE, json.dumps(options, indent=2).encode())


def fingerprint(path: Path | None) -> str | None:
    """Checksum of a file's content, or of a bundle's folder; None for None.

    Raises:
        UsageError: It cannot be read.
    """
    if path is None:
        return None
    try:
        content = (path / BUNDLE_FILE if path.is_dir() else path).read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); check the name"
        raise UsageError(message) from error
    return hashlib.sha256(content).hexdigest()


def fingerprint_hands(hands: Iterable[AnnotatedHand]) -> str:
    """Checksum of what annotations say, whatever their file format."""
    content = sorted((hand.image, hand.side, sorted(hand.points.items())) for hand in hands)
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


class Clock:
    """Estimates the time left of a training of several networks."""

    def __init__(self, networks: int, epochs: int) -> None:
        """Take the number of networks, and the most epochs that each has."""
        self._networks = networks
        self._most = epochs
        self._lengths: list[int] = []
        self._epochs = 0
        self._seconds = 0.0

    def epoch(self, number: int, seconds: float) -> str:
        """The time left, in words, after an epoch of some network that took some seconds."""
        self._epochs += 1
        self._seconds += seconds
        usual = mean(self._lengths) if self._lengths else self._most
        epochs = max(usual - number, 0) + usual * (self._networks - len(self._lengths) - 1)
        minutes = math.ceil(epochs * self._seconds / self._epochs / 60)
        about = "about " if self._lengths else "at most "
        return f"{about if minutes else ''}{duration(minutes)} left"

    def network(self, epochs: int) -> None:
        """Count a network that is finished, now or by an earlier run, after so many epochs."""
        self._lengths.append(epochs)


def save(state: object, path: Path) -> None:
    """Write what torch can write, atomically: a run may be killed at any time."""
    # A machine that lost its connection may still write where another one resumed.
    partial = path.with_suffix(f".{socket.gethostname()}.part")
    torch.save(state, partial)
    partial.replace(path)
