"""What other processes do for a run over an archive: read radiographs, and make studies' files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sharp_cli.bundles.store import open_bundle
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.results import overlay
from sharp_cli.results.formats import to_csv, to_json
from sharp_cli.results.layout import STUDY_CSV, STUDY_JSON
from sharp_cli.results.naming import folder_name, unique_names
from sharp_cli.results.run import Run
from sharp_cli.scoring import pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.results.document import Document, Failure
    from sharp_cli.scoring.studies import Group

_EYES: dict[str, tuple[pipeline.Finder, pipeline.Detector]] = {}
"""Those of this process."""


def equip(finder: pipeline.Finder, detector: pipeline.Detector) -> None:
    """Give this process what it sees with."""
    _EYES["own"] = (finder, detector)


def prepare(hands: Path, joints: Path) -> None:
    """Load the hand finder and the joint detector of two bundles, in one of many processes."""
    equip(
        HandFinder(open_bundle("hands", hands), threads=1),
        JointDetector(open_bundle("joints", joints), threads=1),
    )


def see(group: Group) -> pipeline.Seen:
    """See a group with what this process was given; see `pipeline.see`."""
    return pipeline.see(group, *_EYES["own"])


class Made(NamedTuple):
    """The files of a group's studies.

    Attributes:
        studies: The content of the files of each study, by their names.
        failures: The radiographs for which they cannot be made; there are no studies then.
    """

    studies: Mapping[str, Mapping[str, bytes]]
    failures: Sequence[Failure]


def make(studies: Sequence[pipeline.Scored]) -> Made:
    """Make the files of the studies of a group."""
    run = Run()
    made: dict[str, Mapping[str, bytes]] = {}
    with run.guard(*_files(studies)):
        for study in studies:
            made[study.document.inputs[0].study] = _content(study)
    return Made({} if run.failures else made, run.failures)


def unmade(studies: Sequence[pipeline.Scored]) -> Made:
    """What `make` gives where its process ended."""
    return Made({}, [pipeline.lost(file) for file in _files(studies)])


def _files(studies: Sequence[pipeline.Scored]) -> list[str]:
    return [row.file for study in studies for row in study.document.inputs]


def _content(study: pipeline.Scored) -> dict[str, bytes]:
    document = study.document
    stems = unique_names(folder_name(Path(row.file).stem) for row in document.inputs)
    pictures = {
        "overlay.png" if len(stems) == 1 else f"overlay-{stem}.png": overlay.to_png(
            overlay.draw(document, row, study.grey[row.file])
        )
        for row, stem in zip(document.inputs, stems, strict=True)
    }
    return {**texts(document), **pictures}


def texts(document: Document) -> dict[str, bytes]:
    """The files of a study that hold its name."""
    return {STUDY_JSON: to_json(document), STUDY_CSV: to_csv(document)}
