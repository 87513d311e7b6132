"""What processes of this machine do for a run: detect joints, and make the files of studies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sharp_cli.bundles.store import open_bundle
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.results import overlay
from sharp_cli.results.formats import to_csv, to_json, to_summary
from sharp_cli.results.layout import STUDY_CSV, STUDY_JSON, SUMMARY
from sharp_cli.results.naming import folder_name, unique_names
from sharp_cli.results.run import Run
from sharp_cli.scoring.detection import crash, detect_film

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.results.document import Document, Failure
    from sharp_cli.scoring.detection import DetectedFilm, Film
    from sharp_cli.scoring.score import ScoredStudy
    from sharp_cli.scoring.stages import Detector, Finder


class StudyFiles(NamedTuple):
    """The files of a group's studies.

    Attributes:
        studies: The content of the files of each study, by their names.
        failures: The radiographs for which they cannot be made; there are no studies then.
    """

    studies: Mapping[str, Mapping[str, bytes]]
    failures: Sequence[Failure]


@dataclass(frozen=True, slots=True)
class Worker:
    """A process of this machine.

    Attributes:
        finder: Finds hands.
        detector: Detects joints.
    """

    finder: Finder
    detector: Detector

    def detect(self, film: Film) -> DetectedFilm:
        """Detect the hands and joints of a radiograph; see `detect_film`."""
        return detect_film(film, self.finder, self.detector, grey=True)

    def make_files(self, studies: Sequence[ScoredStudy]) -> StudyFiles:
        """Make the files of the studies of a group; see `make_files`."""
        return make_files(studies)


def load_worker(hands: Path, joints: Path) -> Worker:
    """Load the hand finder and the joint detector of two bundles, in one of many processes."""
    return Worker(
        HandFinder(open_bundle("hands", hands), threads=1),
        JointDetector(open_bundle("joints", joints), threads=1),
    )


def make_files(studies: Sequence[ScoredStudy]) -> StudyFiles:
    """Make the files of the studies of a group."""
    run = Run()
    made: dict[str, Mapping[str, bytes]] = {}
    with run.guard(*(file for study in studies for file in study.files)):
        for study in studies:
            made[study.name] = _content(study)
    return StudyFiles({} if run.failures else made, run.failures)


def crashed_files(studies: Sequence[ScoredStudy]) -> StudyFiles:
    """What `make_files` gives where its process ended."""
    return StudyFiles({}, [crash(file) for study in studies for file in study.files])


def _content(study: ScoredStudy) -> dict[str, bytes]:
    document = study.document
    pictures = {
        name: overlay.to_png(overlay.draw(document, row, study.grey[row.file]))
        for row, name in zip(document.inputs, overlay_names(study.files), strict=True)
    }
    return study_files(document, pictures)


def study_files(document: Document, pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    """The content of the files of a study, by their names.

    Args:
        document: The study's results.
        pictures: Its overlays, see `overlay_names`.
    """
    return {
        STUDY_JSON: to_json(document),
        STUDY_CSV: to_csv(document),
        SUMMARY: to_summary(document),
        **pictures,
    }


def overlay_names(files: Sequence[str]) -> list[str]:
    """What the overlays of the radiographs of a study are called."""
    if len(files) == 1:
        return ["overlay.png"]
    stems = unique_names(folder_name(Path(file).stem) for file in files)
    return [f"overlay-{stem}.png" for stem in stems]
