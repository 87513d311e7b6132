"""Which films are one study, and what the study is called.

A film with both hands is a study by itself. Two films with one hand each, of opposite sides, are
one study where

1. both carry the same study identifier (DICOM StudyInstanceUID), or
2. they lie in one folder and their names differ in one part only, `L` or `left` in one and `R` or
   `right` in the other (`p01_L.png`, `p01_R.png`), or
3. they are the only two files of the call.

Films that say they are of different patients are never one study. Every other film is one itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sharp_cli.joints import Side
    from sharp_cli.records import Hand, Patch, Point

_SEPARATORS: Final = re.compile(r"([^a-zA-Z0-9]+)")
_PAIR: Final = 2
_OPPOSITE: Final = {"l": "r", "r": "l", "left": "right", "right": "left"}


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
        number: Its place among the films of the call.
        file: The path as the user gave it.
        width: In pixels.
        height: In pixels.
        spacing: As `records.Radiograph` has it, like the two keys.
        study_key: Equal for files of one study, or None.
        patient_key: Equal for files of one patient, or None.
        hands: One, or one of each side.
        warnings: What was assumed so far.
    """

    number: int
    file: str
    width: int
    height: int
    spacing: tuple[float, float] | None
    study_key: str | None
    patient_key: str | None
    hands: tuple[FoundHand, ...]
    warnings: tuple[str, ...]

    @property
    def sides(self) -> set[Side]:
        """The sides of its hands."""
        return {found.hand.side for found in self.hands}


@dataclass(frozen=True, slots=True)
class Study:
    """The films of one study: one, or two with one hand each, the left hand's first."""

    films: tuple[Film, ...]

    @property
    def number(self) -> int:
        """The place of its first film among the films of the call."""
        return min(film.number for film in self.films)

    @property
    def patches(self) -> dict[Side, tuple[Patch, ...]]:
        """The patches of each hand."""
        return {found.hand.side: found.patches for film in self.films for found in film.hands}

    def without_patches(self) -> Study:
        """The study without its pixels."""
        films = (
            replace(film, hands=tuple(replace(found, patches=()) for found in film.hands))
            for film in self.films
        )
        return Study(tuple(films))


def gather(films: Iterable[Film], files: Sequence[str]) -> Iterator[Study]:
    """Join films to studies, each as soon as it is complete.

    Args:
        films: As they are read; one that may still find its partner is waited with.
        files: All files of the call, also those that gave no film.
    """
    waiting: list[Film] = []
    for film in films:
        partner = next((other for other in waiting if _partners(other, film, files)), None)
        if partner is not None:
            waiting.remove(partner)
            yield _pair(partner, film)
        elif _may_wait(film, files):
            waiting.append(film)
        else:
            yield Study((film,))
    apart = "not paired with {}: the files say that they are of different patients"
    for film in waiting:
        strangers = [
            other.file
            for other in waiting
            if other is not film and _match(film, other, files) and film.sides != other.sides
        ]
        warnings = tuple(apart.format(file) for file in strangers)
        yield Study((replace(film, warnings=film.warnings + warnings),))


def names(studies: Sequence[Study]) -> list[str]:
    """A name for each study, from the names of its files."""
    return unique([_name(study) for study in studies])


def unique(wanted: Iterable[str]) -> list[str]:
    """The same names, those that were there before (in any case) with a number added."""
    taken: set[str] = set()
    result = []
    for name in wanted:
        choice, number = name, 1
        while choice.casefold() in taken:
            number += 1
            choice = f"{name}-{number}"
        taken.add(choice.casefold())
        result.append(choice)
    return result


def _partners(one: Film, other: Film, files: Sequence[str]) -> bool:
    return (
        one.sides != other.sides
        and _match(one, other, files)
        and not (one.patient_key and other.patient_key and one.patient_key != other.patient_key)
    )


def _match(one: Film, other: Film, files: Sequence[str]) -> bool:
    """Whether identifiers, names or the call itself put two films of one hand each together."""
    same_study = one.study_key is not None and one.study_key == other.study_key
    return same_study or Path(other.file) in _twins(one.file) or len(files) == _PAIR


def _may_wait(film: Film, files: Sequence[str]) -> bool:
    if len(film.hands) != 1:
        return False
    named = not _twins(film.file).keys().isdisjoint(map(Path, files))
    return film.study_key is not None or named or len(files) == _PAIR


def _pair(one: Film, other: Film) -> Study:
    left, right = (one, other) if one.sides == {"left"} else (other, one)
    return Study((left, right))


def _twins(file: str) -> dict[Path, str]:
    """The names that the other hand's file may have, each with what both names share."""
    path = Path(file)
    parts = _SEPARATORS.split(path.stem)
    result = {}
    for at, part in enumerate(parts):
        other = _OPPOSITE.get(part.lower())
        if other is None:
            continue
        shared = parts[: at - 1] + parts[at + 1 :] if at else parts[2:]
        for spelling in (other, other.upper(), other.capitalize()):
            stem = "".join([*parts[:at], spelling, *parts[at + 1 :]])
            result[path.with_name(stem + path.suffix)] = "".join(shared)
    return result


def _name(study: Study) -> str:
    stems = [Path(film.file).stem for film in study.films]
    if len(stems) == 1:
        return stems[0]
    left, right = study.films
    return _twins(left.file).get(Path(right.file)) or "+".join(stems)
