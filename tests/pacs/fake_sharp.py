"""`python -m tests.pacs.fake_sharp …` is `sharp …` without weights, with small reports.

A study whose identifier SHARP_TEST_DEADLY is ends the process.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import BasicTextSRStorage, ExplicitVRLittleEndian, generate_uid

from sharp_cli.bundles import store
from sharp_cli.cli import main
from sharp_cli.inference import classifier, hand_finder, joint_detector
from sharp_cli.pacs import studies
from tests.cli.conftest import bundle
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder

if TYPE_CHECKING:
    from sharp_cli.results.document import Document


def small_objects(study: Document) -> tuple[list[Dataset], list[str]]:
    """A report that says nothing but which study it is about."""
    name = study.inputs[0].study
    if name == os.environ.get("SHARP_TEST_DEADLY"):
        os.kill(os.getpid(), signal.SIGKILL)
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = BasicTextSRStorage
    made.SOPInstanceUID = generate_uid(entropy_srcs=[name, "report"])
    made.StudyInstanceUID = name
    made.SeriesInstanceUID = generate_uid(entropy_srcs=[name, "reports"])
    made.PatientID = "SECRET-ID"
    made.Modality = "SR"
    return [made], []


if __name__ == "__main__":
    hand_finder.HandFinder = FakeFinder  # type: ignore[assignment,misc]
    joint_detector.JointDetector = FakeDetector  # type: ignore[assignment,misc]
    classifier.Classifier = FakeClassifier  # type: ignore[assignment,misc]
    store.open_bundle = bundle  # type: ignore[assignment]
    studies.make_objects = small_objects
    main()
