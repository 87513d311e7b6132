"""Which radiographs are one study, once their hands are detected.

A radiograph of both hands is a study by itself. Of the radiographs of a group that show one hand
each, one left and one right are one study if there are no more; else each is one by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sharp_cli.results.study_records import Study

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sharp_cli.results.study_records import DetectedRadiograph
    from sharp_cli.scoring.groups import Group


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
    if len(lefts) == len(rights) == 1:
        studies.append((*lefts, *rights))
    else:
        studies += [(_single(one, lone, lefts),) for one in lone]
    studies.sort(key=lambda study: min(group.files.index(one.file) for one in study))
    return [Study(*named) for named in zip(_names(group, studies), studies, strict=True)]


def _remarks(group: Group, radiograph: DetectedRadiograph) -> Iterator[str]:
    yield from (text for file, text in group.remarks if file == radiograph.file)
    listed = group.sides.get(radiograph.file)
    if listed is not None and radiograph.sides != {listed}:
        shown = " and ".join(sorted(radiograph.sides))
        yield f"the manifest says {listed} hand, and the picture shows: {shown}"


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
    text = f"not paired with {others}: together they show {counts}"
    return replace(radiograph, warnings=(*radiograph.warnings, text))


def _names(group: Group, studies: Sequence[tuple[DetectedRadiograph, ...]]) -> Iterator[str]:
    """The name of each study: the group's, or where there are several those of their files."""
    if len(studies) == 1:
        yield group.name
        return
    used: set[str] = set()
    for first, *_ in studies:
        name = next(name for name in group.names[first.file] if name not in used)
        used.add(name)
        yield name
