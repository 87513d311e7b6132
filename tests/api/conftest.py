"""Scoring from Python with stages that need no weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import bundle
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sharp_cli.bundles.store import Bundle


@dataclass
class Models:
    """The stand-ins: which bundle is where, and how often each kind of network was loaded."""

    checksum: str = "0"
    loads: Counter[str] = field(default_factory=Counter)

    def open(self, kind: str, folder: object = None, trust: Collection[str] = ()) -> Bundle:
        checksum = self.checksum if folder is None else str(folder)
        return replace(bundle(kind), sha256=checksum, validated_on_patients=checksum in trust)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Models:
    """Work in an empty folder, without weights."""
    found = Models()

    def counted(name: str, stage: type) -> object:
        def load(*_: object, **__: object) -> object:
            found.loads[name] += 1
            return stage()

        return load

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SHARP_DEBUG", raising=False)
    monkeypatch.setattr("sharp_cli.api.scoring._loaded", {})
    monkeypatch.setattr("sharp_cli.bundles.store.open_bundle", found.open)
    monkeypatch.setattr("sharp_cli.inference.hand_finder.HandFinder", counted("hands", FakeFinder))
    monkeypatch.setattr(
        "sharp_cli.inference.joint_detector.JointDetector", counted("joints", FakeDetector)
    )
    monkeypatch.setattr(
        "sharp_cli.inference.classifier.Classifier", counted("findings", FakeClassifier)
    )
    return found
