"""The command line with stages that need no weights."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from sharp_cli.batch.worker import Worker
from sharp_cli.bundles.store import Bundle
from sharp_cli.cli import app
from sharp_cli.execution.process_pool import SerialPool
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


@dataclass(frozen=True)
class Done:
    code: int
    out: bytes
    err: str


CHECKSUM = "0" * 64


def bundle(kind: str, _: object = None, trust: Collection[str] = ()) -> Bundle:
    thresholds = {model: {"erosion/MCP": 0.25} for model in ("siso", "mimo-local")}
    meta = {
        "name": kind, "version": "1", "validated_on_patients": False, "thresholds": thresholds,
    }  # fmt: skip
    trusted = CHECKSUM in trust
    return Bundle(Path(), kind, f"{kind} 1", CHECKSUM, meta, trusted)  # type: ignore[arg-type]


@contextmanager
def no_process(_: int, prepare: Callable[[], Any]) -> Iterator[SerialPool[Any]]:
    """As `process_pool`: other processes would lack the stages of this one."""
    yield SerialPool(prepare())


def load_worker(*_: object) -> Worker:
    """As `worker.load_worker`."""
    return Worker(FakeFinder(), FakeDetector())


@pytest.fixture
def sharp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Done]:
    """Call `sharp` in an empty folder; gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHARP_DEBUG", raising=False)
    monkeypatch.setattr("sharp_cli.inference.hand_finder.HandFinder", FakeFinder)
    monkeypatch.setattr("sharp_cli.inference.joint_detector.JointDetector", FakeDetector)
    monkeypatch.setattr("sharp_cli.inference.classifier.Classifier", FakeClassifier)
    monkeypatch.setattr("sharp_cli.bundles.store.open_bundle", bundle)
    monkeypatch.setattr("sharp_cli.batch.local_engine.load_worker", load_worker)
    monkeypatch.setattr("sharp_cli.batch.local_engine.process_pool", no_process)
    monkeypatch.setattr("sharp_cli.execution.questions.process_pool", no_process)

    def call(*arguments: str | Path, stdin: bytes = b"") -> Done:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        return Done(result.exit_code, result.stdout_bytes, result.stderr)

    return call
