"""`python -m tests.pacs.fake_sharp …` is `sharp …` without weights, with small reports.

A study whose identifier SHARP_TEST_DEADLY is ends the process.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from sharp_cli.bundles import store
from sharp_cli.cli import main
from sharp_cli.inference import classifier, hand_finder, joint_detector
from sharp_cli.pacs import studies
from tests.cli.conftest import bundle
from tests.dicom_files import report
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder

if TYPE_CHECKING:
    from pydicom import Dataset

    from sharp_cli.results.document import Document


def small_objects(study: Document) -> tuple[list[Dataset], list[str]]:
    """A report that says nothing but which study it is about."""
    name = study.inputs[0].study
    if name == os.environ.get("SHARP_TEST_DEADLY"):
        os.kill(os.getpid(), signal.SIGKILL)
    return [report(name)], []


if __name__ == "__main__":
    hand_finder.HandFinder = FakeFinder  # type: ignore[assignment,misc]
    joint_detector.JointDetector = FakeDetector  # type: ignore[assignment,misc]
    classifier.Classifier = FakeClassifier  # type: ignore[assignment,misc]
    store.open_bundle = bundle  # type: ignore[assignment]
    studies.make_objects = small_objects
    main()
