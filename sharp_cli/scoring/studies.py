"""Which radiographs are one study once their hands are found, and what a study is called.

A radiograph of both hands is a study by itself. Of the radiographs of a group that show one hand
each, one left and one right are one study if there are no more; else each is one by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.results.naming import folder_name
from sharp_cli.results.studies import Study

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.core.joints import Side
    from sharp_cli.results.studies import DetectedRadiograph


@dataclass(frozen=True, slots=True)
class Group:
    """Files that may be one study.

    Attributes:
        files: At least one.
        name: Of the study.
        remarks: File and text of what is to be said of single files.
        sides: Which hand a file is said to show.
        listed: Whether a manifest gives the study, and not the files' headers and names.
    """

    files: tuple[str, ...]
    name: str
    remarks: tuple[tuple[str, str], ...] = ()
    sides: Mapping[str, Side] = field(default_factory=dict)
    listed: bool = False


class Names:
    """Names that are given once, in any case."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.casefold() for name in taken}

    def take(self, names: Iterable[str]) -> None:
        """Keep names from being given."""
        self._taken.update(name.casefold() for name in names)

    def free(self, names: Iterable[str]) -> None:
        """Let names be given again."""
        self._taken.difference_update(name.casefold() for name in names)

    def new(self, wanted: str) -> str:
        """The name, with a number added if it is taken; it is then taken."""
        choice, number = wanted, 1
        while choice.casefold() in self._taken:
            number += 1
            choice = f"{wanted}-{number}"
        self._taken.add(choice.casefold())
        return choice


def group_into_studies(
    group: Group, radiographs: Sequence[DetectedRadiograph], given: Names
) -> list[Study]:
    """Join the radiographs of a group into studies.

    Args:
        group: A group.
        radiographs: What its files gave, in their order; those that failed gave none.
        given: Gives names where the group is more than one study.
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
    return [Study(*named) for named in zip(_named(group, studies, given), studies, strict=True)]


def _remarks(group: Group, radiograph: DetectedRadiograph) -> Iterator[str]:
    yield from (text for file, text in group.remarks if file == radiograph.file)
    said = group.sides.get(radiograph.file)
    if said is not None and radiograph.sides != {said}:
        shown = " and ".join(sorted(radiograph.sides))
        yield f"the manifest says {said} hand, and the picture shows: {shown}"


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


def _named(
    group: Group, studies: Sequence[tuple[DetectedRadiograph, ...]], given: Names
) -> Iterator[str]:
    """The name of each study: the group's, or where there are several also the files'."""
    unused = True
    for study in studies:
        whole = len(studies) == 1 or group.listed or len(group.files) == 1
        wanted = group.name if whole else folder_name(Path(study[0].file).stem)
        yield group.name if unused and wanted == group.name else given.new(wanted)
        unused = unused and wanted != group.name
