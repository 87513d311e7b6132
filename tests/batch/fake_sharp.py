"""`python -m tests.batch.fake_sharp …` is `sharp …` with stages that need no weights.

SHARP_TEST_PAUSE is how many seconds the detection of a hand takes, SHARP_TEST_TIMEOUT how many it
may take unless --timeout says so. A process that works on a file
called `crash…` ends, and never comes to an end with one called `hang…`, nor one that reads the
header of `stall_L.png`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.batch import engine, local_engine, ray_engine, ray_worker
from sharp_cli.batch.worker import Worker
from sharp_cli.bundles import store
from sharp_cli.cli import main
from sharp_cli.inference import classifier, hand_finder, joint_detector
from sharp_cli.radiograph import headers
from sharp_cli.radiograph.tags import OWN_SALT
from sharp_cli.scoring import discover
from tests.cli.conftest import bundle
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder

if TYPE_CHECKING:
    from sharp_cli.core.records import Hand, Point, Radiograph
    from sharp_cli.radiograph.headers import Header
    from sharp_cli.radiograph.tags import Salt


class _SlowDetector(FakeDetector):
    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        if Path(radiograph.file).stem.startswith("crash"):
            os._exit(9)
        if Path(radiograph.file).stem.startswith("hang"):
            time.sleep(10_000)
        time.sleep(float(os.environ.get("SHARP_TEST_PAUSE", "0")))
        return super().detect(radiograph, hand)


def read_header(path: str, salt: Salt = OWN_SALT) -> Header | None:
    """As `headers.read_header`."""
    if Path(path).name == "stall_L.png":
        time.sleep(10_000)
    return headers.read_header(path, salt)


def load_worker(*_: object) -> Worker:
    """As `worker.load_worker`."""
    return Worker(FakeFinder(), _SlowDetector())


def fake() -> None:
    """Take stages that need no weights in this process."""
    hand_finder.HandFinder = FakeFinder  # type: ignore[assignment,misc]
    joint_detector.JointDetector = _SlowDetector  # type: ignore[assignment,misc]
    classifier.Classifier = FakeClassifier  # type: ignore[assignment,misc]
    store.open_bundle = bundle  # type: ignore[assignment]


def load_ray_worker(setup: ray_worker.Setup, file: str) -> ray_worker.RayWorker:
    """As `ray_worker.load_ray_worker`, which in a process of a cluster is still the true one."""
    fake()
    return ray_worker.load_ray_worker(setup, file)


if __name__ == "__mp_main__":  # a process that it began
    discover.read_header = read_header  # type: ignore[attr-defined]

if __name__ == "__main__":
    fake()
    engine.TIMEOUT = float(os.environ.get("SHARP_TEST_TIMEOUT", engine.TIMEOUT))  # type: ignore[misc]
    local_engine.load_worker = load_worker  # type: ignore[assignment,attr-defined]
    ray_engine.load_ray_worker = load_ray_worker  # type: ignore[attr-defined]
    main()
