"""Check labels before a training: what prevents it, and what it has to do without."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cache, partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from sharp_cli import radiograph
from sharp_cli.core.errors import RadiographError
from sharp_cli.core.inputs import Input, input_sets
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.datasets.labels import labelled_by_set
from sharp_cli.datasets.patient_folds import roles
from sharp_cli.fileio.tables import Problem, list_places, raise_problems
from sharp_cli.training.classifier.set_check import set_problems, unneeded_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.labels import LabelledJoint, LabelledSet, Labels, ShownJoint
    from sharp_cli.datasets.patient_folds import Roles

    Sizes = Mapping[str, tuple[int, int] | str]

Row = TypeVar("Row", "LabelledJoint", "LabelledSet")
"""Of a table of labels."""

_EDGE: Final = 0.5
"""From a pixel's centre, which lies at whole numbers, to its edge."""

_EXCLUDED: Final = "these rows are excluded"

_CONSEQUENCES: Final = (
    "this head is not trained in this fold, its joints get no prediction",
    "its threshold is 0.5",
    "it is measured together with the other folds",
)
"""Of what the training, validation and test part of a fold lack."""


class Notice(NamedTuple):
    """Something that a training has to do without.

    Attributes:
        where: Lines, files, or heads and folds.
        what: What is found there.
        consequence: What will be done about it.
    """

    where: str
    what: str
    consequence: str


class CheckedLabels(NamedTuple):
    """What a training uses of a table of labels.

    Attributes:
        joints: The labelled joints to train on and to measure, each once.
        sets: Likewise the sets of joints.
        notices: What to report.
    """

    joints: list[LabelledJoint]
    sets: list[LabelledSet]
    notices: list[Notice]


def check_labels(
    path: Path, labels: Labels, images: Path, models: Sequence[ModelName]
) -> CheckedLabels:
    """Check labels for consistency, against their files and the input sets of the models.

    Args:
        path: The table that they are from.
        labels: What it holds.
        images: Folder of the radiographs and patches.
        models: The models to be trained.

    Raises:
        DocumentError: Listing all that is wrong: joints or sets with different labels, files that
            belong to several patients, positions outside their image; or that no joint is left.
    """
    joints, sets = labels.joints, labels.sets
    shown = [*joints, *labelled_by_set(joints, sets)]
    files: dict[str, set[int]] = {}
    for file, line in [(one.file, one.line) for one in shown] + [(s.image, s.line) for s in sets]:
        files.setdefault(file, set()).add(line)
    sizes = {file: _size(images, file) for file in files}
    raise_problems(
        path,
        [
            *_contradictions(joints),
            *set_problems(joints, sets),
            *_shared_files(images, shown),
            *_outside(joints, sizes),
        ],
    )
    used, repeated = _once(one for one in joints if not isinstance(sizes[one.file], str))
    known, again = _once(one for one in sets if not isinstance(sizes[one.image], str))
    unneeded = unneeded_sets(used, known)
    needed = [one for one in known if one not in unneeded]

    notices = list(_unreadable(files, sizes))
    consequence = "these joints are neither trained on nor measured"
    if labels.unlabelled:
        notices.append(Notice(_lines(labels.unlabelled), "neither grade nor label", consequence))
    if labels.not_assessable:
        lines = _lines([one.line for one in labels.not_assessable])
        notices.append(Notice(lines, "not assessable", consequence))
    if not used and not needed:
        reasons = [Problem(notice.where, notice.what) for notice in notices]
        raise_problems(path, [Problem("all rows", "no joint is left to train on"), *reasons])
    if repeated or again:
        what = "listed again, with the same label"
        notices.append(Notice(_lines([*repeated, *again]), what, "the first is used"))
    if unneeded:
        what = "the row of a joint says which one of the set is non-intact"
        lines = _lines(one.line for one in unneeded)
        notices.append(Notice(lines, what, "the label of the set is not used"))
    alone = labelled_by_set(used, needed)
    return CheckedLabels(used, needed, [*notices, *_incomplete([*used, *alone], models)])


def check_folds(
    joints: Sequence[LabelledJoint],
    sets: Sequence[LabelledSet],
    folds: Mapping[str, int],
    count: int,
) -> list[Notice]:
    """Find what each fold of a cross-validation lacks to train, validate or test a head.

    Args:
        joints: The joints to train on and to measure.
        sets: Likewise the sets of joints, which train only.
        folds: Fold of each patient, from 1 to `count`.
        count: How many folds.
    """
    patients: dict[tuple[tuple[Finding, str], bool], set[str]] = defaultdict(set)
    for joint in joints:
        patients[joint.joint_group, joint.damaged].add(joint.patient)
    by_set: dict[tuple[Finding, str], set[str]] = defaultdict(set)
    for one in labelled_by_set(joints, sets):
        by_set[one.joint_group].add(one.patient)
    parts = [roles(folds, number, count) for number in range(1, count + 1)]
    notices = []
    absent = []
    for head in JOINT_GROUPS:
        intact, damaged = patients[head, False], patients[head, True]
        if not intact and not damaged and not by_set[head]:
            absent.append(" ".join(head))
            continue
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for number, part in enumerate(parts, start=1):
            for lack in _lacks(part, intact, damaged, by_set[head]):
                found[lack].append(f"fold {number}")
        notices += [
            Notice(f"{' '.join(head)}, {list_places(places)}", what, consequence)
            for (what, consequence), places in found.items()
        ]
    if absent:
        notices.append(Notice(list_places(absent), "no labelled joint", "not trained"))
    return notices


def _lacks(
    part: Roles, intact: set[str], damaged: set[str], by_set: set[str]
) -> Iterator[tuple[str, str]]:
    """What one fold lacks of a head, given the patients with joints of either label.

    In training, joints that are non-intact by their set alone stand for non-intact ones.
    """
    for name, patients, consequence in zip(part._fields, part, _CONSEQUENCES, strict=True):
        training = name == "training"
        lacking = [
            f"no {label} joint"
            for label, having in (
                ("intact", intact),
                ("non-intact", damaged | by_set if training else damaged),
            )
            if patients.isdisjoint(having)
        ]
        if lacking:
            yield f"{' and '.join(lacking)} in the {name} part", consequence
            if training:  # there is nothing to validate or test
                return


def _once(rows: Iterable[Row]) -> tuple[list[Row], list[int]]:
    """The first row of each joint or set, and the lines of the others."""
    first: dict[tuple[object, ...], Row] = {}
    others = [row.line for row in rows if first.setdefault(row.identity, row) is not row]
    return list(first.values()), others


def _contradictions(joints: Iterable[LabelledJoint]) -> Iterator[Problem]:
    """Joints that have different labels or grades in different rows."""
    rows: dict[tuple[object, ...], list[LabelledJoint]] = defaultdict(list)
    for joint in joints:
        rows[joint.identity].append(joint)
    for same in rows.values():
        if len({joint.damaged for joint in same}) > 1 or len({j.grade for j in same} - {None}) > 1:
            where = "lines " + " and ".join(str(joint.line) for joint in same)
            yield Problem(where, "the same joint with different labels; keep the right one")


def _shared_files(images: Path, joints: Iterable[ShownJoint]) -> Iterator[Problem]:
    """Pictures that belong to several patients, whatever their files are called."""
    content = cache(partial(_content, images))
    lines: dict[str, dict[str, int]] = defaultdict(dict)
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for joint in joints:
        for file in filter(None, (joint.image, joint.patch)):
            lines[content(file)].setdefault(joint.patient, joint.line)
            names[content(file)][file] = None
    for picture, owners in lines.items():
        if len(owners) > 1:
            where = "lines " + " and ".join(map(str, owners.values()))
            one, *others = names[picture]
            what = f"{one} (and the same picture as {list_places(others)})" if others else one
            yield Problem(where, f"{what} belongs to several patients: {', '.join(owners)}")


def _content(images: Path, file: str) -> str:
    """What is the same for the same picture: its hash; for a file that cannot be read, its path."""
    try:
        return radiograph.picture_sha256(images / file)
    except OSError:
        return os.path.realpath(images / file)


def _outside(joints: Iterable[LabelledJoint], sizes: Sizes) -> Iterator[Problem]:
    """Positions outside their image."""
    for joint in joints:
        size = sizes[joint.file]
        if joint.place is None or joint.patch or isinstance(size, str):
            continue
        (x, y), (width, height) = joint.place, size
        if min(x, y, width - 1 - x, height - 1 - y) < -_EDGE:
            what = f"{x:g}, {y:g} is outside {joint.image} ({width} x {height})"
            yield Problem(f"line {joint.line}", what)


def _unreadable(lines: Mapping[str, set[int]], sizes: Sizes) -> Iterator[Notice]:
    """Files that are missing or cannot be read, by the reason."""
    files: dict[str, list[str]] = defaultdict(list)
    for file, size in sizes.items():
        if isinstance(size, str):
            rows = lines[file]
            files[size].append(f"{file} ({len(rows)} rows from line {min(rows)})")
    for reason, places in files.items():
        yield Notice(list_places(places), reason, _EXCLUDED)


def _incomplete(joints: Iterable[ShownJoint], models: Iterable[ModelName]) -> Iterator[Notice]:
    """Joints of input sets in which something else is not labelled."""
    studies: dict[tuple[str, str, tuple[Finding, str]], dict[Input, int]] = defaultdict(dict)
    for joint in joints:
        lines = studies[joint.patient, joint.study, joint.joint_group]
        lines[Input(joint.side, joint.joint)] = joint.line
    for model in models:
        one_hand: list[int] = []
        some_joints: list[int] = []
        for (_, _, head), lines in studies.items():
            for unit in input_sets(model, *head):
                there = [lines[one] for one in unit if one in lines]
                sides: set[Side] = {one.side for one in unit if one in lines}
                missing = [one.side for one in unit if one not in lines and not one.earlier]
                if not sides.issuperset(missing):
                    one_hand += there
                if not sides.isdisjoint(missing):
                    some_joints += there
        if one_hand:
            what = f"the other hand, which {model} uses too, is missing"
            yield Notice(_lines(one_hand), what, "its inputs are masked")
        if some_joints:
            what = f"joints of the same group, which {model} uses too, are missing"
            yield Notice(_lines(some_joints), what, "their inputs are masked")


def _size(images: Path, file: str) -> tuple[int, int] | str:
    """Width and height of a file's picture in pixels, or why it cannot be read."""
    path = images / file
    try:
        return radiograph.size(path)
    except RadiographError as error:
        return str(error).removeprefix(f"{path}: ")


def _lines(lines: Iterable[int]) -> str:
    return list_places([f"line {line}" for line in sorted({*lines})])
