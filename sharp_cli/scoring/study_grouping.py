"""Which radiographs are one study, once their hands are detected.

A radiograph of both hands is a study by itself. Of the radiographs of a group that show one hand
each, one left and one right are one study if there are no more; else each is one by itself. A group
that is a guess must show hands of one size, too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sharp_cli.results.study_records import Study
from sharp_cli.scoring.side_names import side_of_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sharp_cli.core.joints import Side
    from sharp_cli.results.study_records import DetectedRadiograph
    from sharp_cli.scoring.groups import Group

_OTHER: Final[Mapping[Side, Side]] = {"left": "right", "right": "left"}

_ONE_SIZE: Final = 1.25
"""Hands of a person on films of one kind differ in size by less than this factor: a choice."""


def group_into_studies(group: Group, radiographs: Sequence[DetectedRadiograph]) -> list[Study]:
    """Join the radiographs of a group into studies.

    Args:
        group: A group, with names for its studies (see `plan.name_studies`).
        radiographs: What its files gave, in their order; those that failed gave none.
    """
    radiographs = [
        replace(one, warnings=(*one.warnings, *_remarks(group, one))) for one in radiographs
    ]
    times = Counter(one.file for one in radiographs)
    lone = [one for one in radiographs if len(one.hands) == 1 and times[one.file] == 1]
    lefts = [one for one in lone if one.sides == {"left"}]
    rights = [one for one in lone if one.sides == {"right"}]
    studies: list[tuple[DetectedRadiograph, ...]] = [
        (one,) for one in radiographs if len(one.hands) > 1 or times[one.file] > 1
    ]
    if len(lefts) == len(rights) == 1 and not (group.guessed and _differ_in_size(lefts + rights)):
        pair = (*lefts, *rights)
        studies.append(tuple(_guessed_pair(pair)) if group.guessed else pair)
    else:
        studies += [(_single(one, lone, lefts),) for one in lone]
    studies.sort(key=lambda study: min(group.files.index(one.file) for one in study))
    return [
        Study(name, study, group.patient, group.date, group.day, group.manifest_study)
        for name, study in zip(_names(group, studies), studies, strict=True)
    ]


def _remarks(group: Group, radiograph: DetectedRadiograph) -> Iterator[str]:
    yield from (text for file, text in group.remarks if file == radiograph.file)
    if group.manifest_study not in (None, group.name):
        yield f"study {group.manifest_study!r} of the manifest is called {group.name!r} here"
    listed = group.sides.get(radiograph.file)
    named = side_of_name(radiograph.file)
    if listed is None and named is not None and radiograph.sides == {_OTHER[named]}:
        yield f"its name says {named}, and it is reported as {_OTHER[named]}; check the side"
    if listed is not None and radiograph.sides != {listed}:
        shown = " and ".join(sorted(radiograph.sides))
        yield f"the manifest says {listed} hand, and the picture shows: {shown}"


def _guessed_pair(pair: Sequence[DetectedRadiograph]) -> Iterator[DetectedRadiograph]:
    """The radiographs of a pair that is a guess, with a warning each that says so."""
    for one, other in (pair, pair[::-1]):
        text = (
            f"taken for a pair with {other.file}, the only other radiograph of the folder; if that "
            "is wrong, use a manifest"
        )
        yield replace(one, warnings=(*one.warnings, text))


def _differ_in_size(radiographs: Sequence[DetectedRadiograph]) -> bool:
    """Whether hands differ in size by more than those of a person on films of one kind."""
    scales = [hand.hand.to_image.scale for one in radiographs for hand in one.hands]
    return max(scales) > _ONE_SIZE * min(scales)


def _single(
    radiograph: DetectedRadiograph,
    lone: Sequence[DetectedRadiograph],
    lefts: Sequence[DetectedRadiograph],
) -> DetectedRadiograph:
    """A radiograph of one hand that has no partner, with a warning if others might be it."""
    others = ", ".join(other.file for other in lone if other is not radiograph)
    if not others:
        return radiograph
    counts = f"{len(lefts)} left and {len(lone) - len(lefts)} right hands"
    sizes = ", of different sizes" if len(lefts) == len(lone) - len(lefts) == 1 else ""
    text = (
        f"not paired with {others}: together they show {counts}{sizes}; if the sides are wrong or "
        "they are one study, list them in a manifest"
    )
    return replace(radiograph, warnings=(*radiograph.warnings, text))


def _names(group: Group, studies: Sequence[tuple[DetectedRadiograph, ...]]) -> Iterator[str]:
    """The name of each study: the group's, or where there are several those of their files."""
    if len(studies) == 1 and not (group.guessed and len(studies[0]) < len(group.files)):
        yield group.name
        return
    used: set[str] = set()
    for first, *_ in studies:
        name = next(name for name in group.names[first.file] if name not in used)
        used.add(name)
        yield name
