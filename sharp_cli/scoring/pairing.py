"""Which files may be one study, by what is known before their pixels are read.

1. DICOM files of one study (StudyInstanceUID); among these, two whose names pair (3) are
   a study by themselves.
2. Two DICOM files of one patient and day, tagged as one left and one right hand.
3. Two files in one folder whose names differ in one part only, `L` or `left` in one and `R` or
   `right` in the other (`p01_L.png`, `p01_R.png`).
4. The only two files, if they were named one by one.

Files that name different patients are never one study. What fits no rule, or is in doubt, stays
single; a doubt becomes a warning.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.results.naming import folder_name
from sharp_cli.scoring.groups import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from sharp_cli.core.joints import Side
    from sharp_cli.scoring.discover import Picture

_SEPARATORS: Final = re.compile(r"([^a-zA-Z0-9]+)")
_SIDES: Final[dict[str, Side]] = {"l": "left", "left": "left", "r": "right", "right": "right"}
_PAIR: Final = 2
_MOST: Final = 12
"""More files than this are not one study of hands and feet, in several views: a choice. Some
programs that remove identifiers give all files of an archive the same ones."""


def pair(pictures: Sequence[Picture], *, named: bool) -> list[Group]:
    """Put files together that may be one study.

    Args:
        pictures: Each file once.
        named: Whether they were named one by one.

    Returns:
        Each file in one group, in the order of their first files.
    """
    doubts = _Doubts()
    groups: list[list[Picture]] = []
    rest = list(pictures)
    for rule in (_by_study, _by_day, _by_name):
        found = rule(rest, doubts)
        groups += found
        used = {picture.file for group in found for picture in group}
        rest = [picture for picture in rest if picture.file not in used]
    if named and len(rest) == len(pictures) == _PAIR and not doubts.about_patients(rest):
        groups, rest = [rest], []
    groups += [[picture] for picture in rest]
    place = {picture.file: at for at, picture in enumerate(pictures)}
    groups.sort(key=lambda group: min(place[picture.file] for picture in group))
    return [_group(group, doubts) for group in groups]


@dataclass(slots=True)
class _Doubts:
    """Why files were not put together, by file."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, picture: Picture, text: str) -> None:
        self.texts[picture.file].append(text)

    def about_patients(self, pictures: Sequence[Picture]) -> bool:
        """Note of each file which others name another patient; gives whether any does."""
        found = False
        for picture in pictures:
            strangers = [other.file for other in pictures if _are_strangers(picture, other)]
            if strangers:
                named = ", ".join(strangers)
                why = "the files say that they are of different patients"
                self.note(picture, f"not paired with {named}: {why}")
                found = True
        return found


def _are_strangers(one: Picture, other: Picture) -> bool:
    return len({one.header.patient_key, other.header.patient_key} - {None}) > 1


def _by_study(pictures: Sequence[Picture], doubts: _Doubts) -> list[list[Picture]]:
    groups: list[list[Picture]] = []
    for same in _alike(pictures, lambda picture: picture.header.study_key):
        if len(same) > _MOST:
            for picture in same:
                doubts.note(picture, f"not paired: {len(same)} files are of one DICOM study")
        elif not doubts.about_patients(same):
            twins = _by_name(same, _Doubts())
            paired = {picture.file for twin in twins for picture in twin}
            rest = [picture for picture in same if picture.file not in paired]
            groups += [*twins, rest] if rest else twins
    return groups


def _by_day(pictures: Sequence[Picture], doubts: _Doubts) -> list[list[Picture]]:
    groups = []
    for same in _alike(pictures, lambda picture: picture.header.day_key):
        lefts = [picture for picture in same if picture.header.side == "left"]
        rights = [picture for picture in same if picture.header.side == "right"]
        if len(lefts) == len(rights) == 1:
            groups.append([*lefts, *rights])
        elif lefts and rights:
            why = f"of one patient and day are {len(lefts)} left and {len(rights)} right hands"
            for picture in [*lefts, *rights]:
                doubts.note(picture, f"not paired: {why}")
    return groups


def _by_name(pictures: Sequence[Picture], doubts: _Doubts) -> list[list[Picture]]:
    places: dict[Hashable, dict[Side, list[Picture]]] = {}
    for picture in pictures:
        for place, (side, _) in _readings(picture.file).items():
            places.setdefault(place, {"left": [], "right": []})[side].append(picture)
    couples = [
        (left, right)
        for sides in places.values()
        for left, right in product(sides["left"], sides["right"])
    ]
    matches = Counter(picture.file for couple in couples for picture in couple)
    groups = []
    for left, right in couples:
        if matches[left.file] > 1 or matches[right.file] > 1:
            for one, other in ((left, right), (right, left)):
                doubts.note(one, f"not paired with {other.file}: names match more than once")
        elif not doubts.about_patients([left, right]):
            groups.append([left, right])
    return groups


def _alike(
    pictures: Iterable[Picture], key: Callable[[Picture], str | None]
) -> Iterator[list[Picture]]:
    """The files that have a key in common, two or more."""
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        known = key(picture)
        if known is not None:
            groups.setdefault(known, []).append(picture)
    return (group for group in groups.values() if len(group) > 1)


def _readings(file: str) -> dict[Hashable, tuple[Side, str]]:
    """How a name may give the side: for each way of reading it the side, and the rest of the name.

    Names that differ in nothing but the side have a key in common.
    """
    path = Path(file)
    parts = _SEPARATORS.split(path.stem)
    result: dict[Hashable, tuple[Side, str]] = {}
    for at, part in enumerate(parts):
        side = _SIDES.get(part.lower())
        if side is not None:
            shared = parts[: at - 1] + parts[at + 1 :] if at else parts[2:]
            before, after = "".join(parts[:at]), "".join(parts[at + 1 :])
            place = (path.parent, before, len(part) == 1, after, path.suffix)
            result[place] = (side, "".join(shared))
    return result


def _group(pictures: Sequence[Picture], doubts: _Doubts) -> Group:
    """A group and its name: what two files have in common, or else what they are called."""
    files = tuple(picture.file for picture in pictures)
    stems = [Path(file).stem for file in files]
    if len(files) == 1:
        remarks = tuple(dict.fromkeys((files[0], text) for text in doubts.texts[files[0]]))
        return Group(files, folder_name(stems[0]), remarks)
    if len(files) > _PAIR:
        return Group(files, folder_name(stems[0]))
    one, other = map(_readings, files)
    shared = next((one[place][1] for place in one.keys() & other.keys()), "")
    return Group(files, folder_name(shared or "+".join(stems)))
