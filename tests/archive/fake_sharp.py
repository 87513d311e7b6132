"""`python -m tests.archive.fake_sharp …` is `sharp …` with stages that need no weights.

SHARP_TEST_PAUSE is how many seconds the detection of a hand takes.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from sharp_cli import classify, detect, hands, registry
from sharp_cli.cli import main
from tests.cli.conftest import bundle
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder

if TYPE_CHECKING:
    from sharp_cli.records import Hand, Point, Radiograph


class _SlowDetector(FakeDetector):
    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        time.sleep(float(os.environ.get("SHARP_TEST_PAUSE", "0")))
        return super().detect(radiograph, hand)


if __name__ == "__main__":
    hands.HandFinder = FakeFinder  # type: ignore[assignment,misc]
    detect.JointDetector = _SlowDetector  # type: ignore[assignment,misc]
    classify.Classifier = FakeClassifier  # type: ignore[assignment,misc]
    registry.open_bundle = bundle  # type: ignore[assignment]
    main()
