"""RAM-H1200: full-hand radiographs of six centres, their joints scored for erosion and JSN.

TokyoTechMagicYang/RAM-H1200-v1 on Hugging Face, CC BY 4.0. Names and layout are those of its card
and of its benchmark's code (github.com/YSongxiao/RAM-H1200, datasets/scorecls.py).
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.annotations.names import side_at_end
from sharp_cli.datasets.importers import coco_boxes
from sharp_cli.datasets.importers.boxes import Box, add_hands
from sharp_cli.datasets.importers.cohort import FOLDS, Cohort, Score
from sharp_cli.datasets.importers.files import (
    ImageIndex,
    is_name,
    parse_image_name,
    pictures,
    read_json,
    split_part,
)
from sharp_cli.fileio.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Finding

_SCORES: Final[Mapping[Finding, str]] = {
    "erosion": "_annotation_be_scores.json",
    "jsn": "_annotation_jsn_scores.json",
}
"""In the folder of each part of the split: grades by score key by name of the hand's picture."""

_PREFIXES: Final[Mapping[Finding, str]] = {"erosion": "BE_", "jsn": "JSN_"}

_FINGERS: Final[Mapping[str, int]] = {"T": 1, "I": 2, "M": 3, "R": 4, "S": 5}
_MCP: Final = {f"MCP-{letter}": f"MCP{finger}" for letter, finger in _FINGERS.items()}
_PIP: Final = {f"PIP-{letter}": f"PIP{finger}" for letter, finger in _FINGERS.items() if finger > 1}

_JOINTS: Final[Mapping[Finding, Mapping[str, str]]] = {
    "erosion": {
        "IP": "IP",
        **_PIP,
        **_MCP,
        "CMC-T": "CMC1",
        "Tm": "multangular",
        "S": "navicular",
        "L": "lunate",
        "U": "ulna",
        "R": "radius",
    },
    "jsn": {
        **_PIP,
        **_MCP,
        "CMC-M": "CMC3",
        "CMC-R": "CMC4",
        "CMC-S": "CMC5",
        "STT": "multangular-navicular",
        "SC": "capitate-navicular-lunate",
        "SR": "radiocarpal",
    },
}
"""The paper's joints by the stem of a patch, which is the score key without its prefix."""

_POINTS: Final = {**_JOINTS["erosion"], **_JOINTS["jsn"]}

_METADATA: Final = "Metadata.csv"
_STEM, _PATIENT = _METADATA_COLUMNS = ("Mapped Image Stem", "Normalized PatientID")

_BOXES_IN: Final = ("joint", "locali", "detect")
"""The path of a file of boxes has one of these in it: the masks, which are large, stay unread."""


class _Hand(NamedTuple):
    """What a file of scores says of a hand.

    Attributes:
        where: Where it stands, for messages.
        finding: What the file is about.
        part: In which part of the split it is.
        name: Of its radiograph, without ending.
        scores: By score key.
        patches: Folder of its patches.
    """

    where: str
    finding: Finding
    part: str
    name: str
    scores: Mapping[str, Any]
    patches: Path


def read_cohort(folder: Path) -> Cohort:
    """Read RAM-H1200, or as much of it as is there: its scoring part is needed.

    Args:
        folder: The download. Files of scores are looked for everywhere in it; patches lie beside
            them, radiographs anywhere. `Metadata.csv`, the dataset's own table saved as CSV, says
            whose a radiograph is; without it, the first part of its name does.

    Raises:
        DocumentError: There are no scores, or a file cannot be read.
    """
    cohort = Cohort()
    files = {finding: sorted(folder.rglob(name)) for finding, name in _SCORES.items()}
    if not any(files.values()):
        message = f"{folder}: no {' and no '.join(_SCORES.values())} in it; give the download"
        raise DocumentError(message)
    patients = _patients(folder, cohort)
    hands = [
        hand for finding, paths in files.items() for hand in _hands(folder, paths, finding, cohort)
    ]
    boxes = list(_boxes(folder, cohort))
    names = [hand.name for hand in hands] + [PurePath(box.image).stem for box in boxes]
    images = ImageIndex(folder, cohort, names)
    for hand in hands:
        _score(hand, folder, images[hand.name], patients, cohort)
    found = [box._replace(image=images[PurePath(box.image).stem]) for box in boxes]
    add_hands(cohort, folder, [box for box in found if box.image])
    return cohort


def _patients(folder: Path, cohort: Cohort) -> Mapping[str, str]:
    """The patients by study, as far as they are given."""
    path = folder / _METADATA
    if not path.is_file():
        what = "is not there (Metadata.xlsx saved as CSV): names of pictures begin with the patient"
        cohort.remark(_METADATA, what)
        return {}
    patients: dict[str, str] = {}
    for line, row in read_table(path, (_STEM, _PATIENT)):
        study, patient = row[_STEM].strip().removesuffix(".bmp"), row[_PATIENT].strip()
        if not is_name(patient):
            cohort.remark(f"{_METADATA} line {line}", f"{patient!r} cannot name a patient")
        elif patients.setdefault(study, patient) != patient:
            cohort.remark(f"{_METADATA} line {line}", f"{study} is {patients[study]}'s already")
    return patients


def _hands(
    folder: Path, paths: Sequence[Path], finding: Finding, cohort: Cohort
) -> Iterator[_Hand]:
    """The hands of all files of scores for a finding."""
    there = {split_part(path.parent.name) for path in paths}
    for missing in FOLDS:
        if missing not in there:
            cohort.remark(missing, f"this part of the split has no {_SCORES[finding]}")
    for path in paths:
        file = path.relative_to(folder).as_posix()
        split = split_part(path.parent.name)
        if split is None:
            what = "its folder is no part of the split, train, val or test; excluded"
            cohort.remark(file, what)
            continue
        content = read_json(path, cohort)
        if not isinstance(content, dict):
            message = f"{path}: does not name hands and their scores; download it again"
            raise DocumentError(message)
        names = set()
        for image, scores in content.items():
            hand = PurePath(image).stem
            names.add(hand)
            where = f"{file} {image}"
            if isinstance(scores, dict):
                yield _Hand(where, finding, split, hand, scores, path.parent / hand)
            else:
                cohort.remark(where, "its scores are no object; excluded")
        for patches in sorted(path.parent.iterdir()):
            if patches.is_dir() and patches.name not in names:
                cohort.remark(patches.relative_to(folder).as_posix(), "patches without scores")


def _score(
    hand: _Hand, folder: Path, image: str, patients: Mapping[str, str], cohort: Cohort
) -> None:
    """Add the scores of a hand to a cohort."""
    named = parse_image_name(hand.name)
    if named is None:
        cohort.remark(hand.where, "the name does not end in a side, as 0001_0001_L; excluded")
        return
    patient = patients.get(named.study) if patients else named.patient
    if patient is None:
        cohort.remark(hand.where, f"is not in {_METADATA}; excluded")
        return
    cohort.parts[patient].add(hand.part)
    patches = {path.stem: path for path in pictures(hand.patches)}
    joints, prefix = _JOINTS[hand.finding], _PREFIXES[hand.finding]
    for key, given in hand.scores.items():
        stem = key.removeprefix(prefix)
        patch = patches.pop(stem, None)
        where = f"{hand.where} {key}"
        if stem == key or stem not in joints:
            cohort.remark(where, f"no joint that is scored for {hand.finding}; excluded")
            continue
        grade = cohort.grade(where, hand.finding, given)
        if grade is None:
            continue
        if patch is None:
            what = "there is no patch; " + ("the radiograph is taken" if image else "excluded")
            cohort.remark(where, what)
        if patch or image:
            cut = patch.relative_to(folder).as_posix() if patch else ""
            score = (named.study, image, named.side, hand.finding, joints[stem], grade, cut)
            cohort.scores.append(Score(where, patient, *score))
    for patch in patches.values():
        cohort.remark(patch.relative_to(folder).as_posix(), "a patch without a score")


def _boxes(folder: Path, cohort: Cohort) -> Iterator[Box]:
    """The middles of the joints' boxes; `image` is what the file calls the radiograph."""
    for path in sorted(folder.rglob("*.json")):
        file = path.relative_to(folder).as_posix()
        if path.name in _SCORES.values() or not any(m in file.casefold() for m in _BOXES_IN):
            continue
        for found in coco_boxes.read_boxes(path, cohort):
            where = f"{file} {found.where}"
            side = side_at_end(found.image)
            joint = _POINTS.get(re.sub("^(BE|JSN)_", "", found.category))
            if side is None:
                cohort.remark(where, f"{found.image} does not end in a side; excluded")
            elif joint is None:
                cohort.remark(where, f"{found.category!r} is no joint; excluded")
            else:
                yield Box(where, found.image, side, joint, found.x, found.y, found.size)
