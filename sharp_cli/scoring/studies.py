"""Which films are one study once their hands are found, and what a study is called.

A film with both hands is a study by itself. Of the films of a group (see `sharp_cli.batch`) with
one hand each, one left and one right are one study if there are no more; else each is one itself.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Hand, Patch, Point

_LONGEST: Final = 200
"""Of 255 bytes that file systems allow a name; the rest is for what is added to it."""


@dataclass(frozen=True, slots=True)
class FoundHand:
    """A hand with its detected points, and its patches once they are cut."""

    hand: Hand
    points: tuple[Point, ...]
    patches: tuple[Patch, ...] = ()


@dataclass(frozen=True, slots=True)
class Film:
    """What is kept of a radiograph once its hands are found.

    Attributes:
        file: The path as the user gave it.
        width: In pixels.
        height: In pixels.
        spacing: As `records.Radiograph` has it.
        hands: One, or one of each side.
        warnings: What was assumed so far.
    """

    file: str
    width: int
    height: int
    spacing: tuple[float, float] | None
    hands: tuple[FoundHand, ...]
    warnings: tuple[str, ...]

    @property
    def sides(self) -> set[Side]:
        """The sides of its hands."""
        return {found.hand.side for found in self.hands}


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


@dataclass(frozen=True, slots=True)
class Study:
    """The films of one study: one, or two with one hand each, the left hand's first."""

    name: str
    films: tuple[Film, ...]

    @property
    def patches(self) -> dict[Side, tuple[Patch, ...]]:
        """The patches of each hand."""
        return {found.hand.side: found.patches for film in self.films for found in film.hands}


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


def settle(group: Group, films: Sequence[Film], given: Names) -> list[Study]:
    """Join the films of a group to studies.

    Args:
        group: A group.
        films: What its files gave, in their order; those that failed gave none.
        given: Gives names where the group is more than one study.
    """
    films = [replace(film, warnings=film.warnings + tuple(_remarks(group, film))) for film in films]
    times = Counter(film.file for film in films)
    lone = [film for film in films if len(film.hands) == 1 and times[film.file] == 1]
    lefts = [film for film in lone if film.sides == {"left"}]
    rights = [film for film in lone if film.sides == {"right"}]
    studies: list[tuple[Film, ...]] = [
        (film,) for film in films if len(film.hands) > 1 or times[film.file] > 1
    ]
    if len(lefts) == len(rights) == 1:
        studies.append((*lefts, *rights))
    else:
        studies += [(_single(film, lone, lefts),) for film in lone]
    studies.sort(key=lambda study: min(group.files.index(film.file) for film in study))
    return [Study(*named) for named in zip(_named(group, studies, given), studies, strict=True)]


def names(studies: Sequence[Study]) -> list[str]:
    """The names of some studies."""
    return [study.name for study in studies]


def unique(wanted: Iterable[str]) -> list[str]:
    """The same names, those that were there before (in any case) with a number added."""
    given = Names()
    return [given.new(name) for name in wanted]


def plain(stem: str) -> str:
    """A name that a folder can have, of a file's."""
    name = stem.lstrip(".")
    while len(os.fsencode(name)) > _LONGEST:
        name = name[:-1]
    return name or "study"


def _remarks(group: Group, film: Film) -> Iterator[str]:
    yield from (text for file, text in group.remarks if file == film.file)
    said = group.sides.get(film.file)
    if said is not None and film.sides != {said}:
        shown = " and ".join(sorted(film.sides))
        yield f"the manifest says {said} hand, and the picture shows: {shown}"


def _single(film: Film, lone: Sequence[Film], lefts: Sequence[Film]) -> Film:
    """A film of one hand that has no partner, with a warning if others might be it."""
    others = ", ".join(other.file for other in lone if other is not film)
    if not others:
        return film
    counts = f"{len(lefts)} left and {len(lone) - len(lefts)} right hands"
    text = f"not paired with {others}: together they show {counts}"
    return replace(film, warnings=(*film.warnings, text))


def _named(group: Group, studies: Sequence[tuple[Film, ...]], given: Names) -> Iterator[str]:
    """The name of each study: the group's, or where there are several also the files'."""
    unused = True
    for study in studies:
        whole = len(studies) == 1 or group.listed or len(group.files) == 1
        wanted = group.name if whole else plain(Path(study[0].file).stem)
        yield group.name if unused and wanted == group.name else given.new(wanted)
        unused = unused and wanted != group.name
