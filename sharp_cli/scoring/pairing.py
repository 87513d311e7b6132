"""Which files may be one study, by what is known before their pixels are read.

1. DICOM files of one study (StudyInstanceUID); among these, two whose names pair (3) are
   a study by themselves.
2. Two DICOM files of one patient and day, tagged as one left and one right hand.
3. Two files in one folder whose names differ in one part only, `L` or `left` in one and `R` or
   `right` in the other (`p01_L.png`, `p01_R.png`); see `side_names` for other words.
4. The only two files, if they were named one by one.
5. The only two radiographs of a folder, a guess: of these, one left and one right hand of one size
   are a study, with a warning; see `study_grouping`.

Files that name different patients are never one study. What fits no rule, or is in doubt, stays
single; a doubt becomes a warning, and so does what looks like a pair and is none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.results.naming import folder_name
from sharp_cli.scoring.groups import Group
from sharp_cli.scoring.side_names import read_sides

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from sharp_cli.core.joints import Side
    from sharp_cli.scoring.discover import RadiographFile

_PAIR: Final = 2
_MOST: Final = 12
"""More files than this are not one study of hands and feet, in several views: a choice. Some
programs that remove identifiers give all files of an archive the same ones."""


def pair(radiographs: Sequence[RadiographFile], *, named: bool) -> list[Group]:
    """Group the files that may be one study.

    Args:
        radiographs: Each file once.
        named: Whether they were named one by one.

    Returns:
        Each file in one group, in the order of their first files.
    """
    warnings = _PairingWarnings()
    groups: list[list[RadiographFile]] = []
    rest = list(radiographs)
    for rule in (_by_study, _by_day, _by_name):
        found = rule(rest, warnings)
        groups += found
        used = {radiograph.file for group in found for radiograph in group}
        rest = [radiograph for radiograph in rest if radiograph.file not in used]
    alone = named and len(rest) == len(radiographs) == _PAIR
    if alone and not warnings.warn_if_patients_differ(rest):
        groups, rest = [rest], []
    guessed = _by_folder(radiographs, rest, warnings)
    used = {radiograph.file for group in guessed for radiograph in group}
    rest = [radiograph for radiograph in rest if radiograph.file not in used]
    _warn_of_look_alikes(rest, warnings)
    sure = [*groups, *([radiograph] for radiograph in rest)]
    made = [_group(group, warnings, guessed=False) for group in sure]
    made += [_group(group, warnings, guessed=True) for group in guessed]
    place = {radiograph.file: at for at, radiograph in enumerate(radiographs)}
    return sorted(made, key=lambda group: min(place[file] for file in group.files))


@dataclass(slots=True)
class _PairingWarnings:
    """Why files were not put together, by file."""

    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, radiograph: RadiographFile, text: str) -> None:
        self.texts[radiograph.file].append(text)

    def warn_if_patients_differ(self, radiographs: Sequence[RadiographFile]) -> bool:
        """Whether files name different patients; then each gets a warning."""
        found = False
        for radiograph in radiographs:
            others = [other.file for other in radiographs if _differ_in_patient(radiograph, other)]
            if others:
                named = ", ".join(others)
                why = "the files say that they are of different patients"
                self.add(radiograph, f"not paired with {named}: {why}")
                found = True
        return found


def _differ_in_patient(one: RadiographFile, other: RadiographFile) -> bool:
    """Whether both name a patient, and not the same: an issuer that one leaves out is the same."""
    return _differ(one.header.patient_key, other.header.patient_key) or _differ(
        one.header.issuer_key, other.header.issuer_key
    )


def _differ(one: str | None, other: str | None) -> bool:
    return len({one, other} - {None}) > 1


def _by_study(
    radiographs: Sequence[RadiographFile], warnings: _PairingWarnings
) -> list[list[RadiographFile]]:
    groups: list[list[RadiographFile]] = []
    for same in _alike(radiographs, lambda radiograph: radiograph.header.study_key):
        if len(same) > _MOST:
            for radiograph in same:
                warnings.add(radiograph, f"not paired: {len(same)} files are of one DICOM study")
        elif not warnings.warn_if_patients_differ(same):
            twins = _by_name(same, _PairingWarnings())
            paired = {radiograph.file for twin in twins for radiograph in twin}
            rest = [radiograph for radiograph in same if radiograph.file not in paired]
            groups += [*twins, rest] if rest else twins
    return groups


def _by_day(
    radiographs: Sequence[RadiographFile], warnings: _PairingWarnings
) -> list[list[RadiographFile]]:
    groups = []
    for same in _alike(radiographs, lambda radiograph: radiograph.header.day_key):
        lefts = [radiograph for radiograph in same if radiograph.header.side == "left"]
        rights = [radiograph for radiograph in same if radiograph.header.side == "right"]
        if len(lefts) == len(rights) == 1:
            if not warnings.warn_if_patients_differ([*lefts, *rights]):
                groups.append([*lefts, *rights])
        elif lefts and rights:
            why = f"of one patient and day are {len(lefts)} left and {len(rights)} right hands"
            for radiograph in [*lefts, *rights]:
                warnings.add(radiograph, f"not paired: {why}")
    return groups


def _by_name(
    radiographs: Sequence[RadiographFile], warnings: _PairingWarnings
) -> list[list[RadiographFile]]:
    places: dict[Hashable, dict[Side, list[RadiographFile]]] = {}
    for radiograph in radiographs:
        for named in read_sides(radiograph.file):
            sides = places.setdefault(named.place, {"left": [], "right": []})
            sides[named.side].append(radiograph)
    couples = [
        (left, right)
        for sides in places.values()
        for left, right in product(sides["left"], sides["right"])
    ]
    matches = Counter(radiograph.file for couple in couples for radiograph in couple)
    groups = []
    for left, right in couples:
        if matches[left.file] > 1 or matches[right.file] > 1:
            for one, other in ((left, right), (right, left)):
                warnings.add(one, f"not paired with {other.file}: names match more than once")
        elif not warnings.warn_if_patients_differ([left, right]):
            groups.append([left, right])
    return groups


def _alike(
    radiographs: Iterable[RadiographFile], key: Callable[[RadiographFile], str | None]
) -> Iterator[list[RadiographFile]]:
    """The files that have a key in common, two or more."""
    groups: dict[str, list[RadiographFile]] = {}
    for radiograph in radiographs:
        known = key(radiograph)
        if known is not None:
            groups.setdefault(known, []).append(radiograph)
    return (group for group in groups.values() if len(group) > 1)


def _by_folder(
    radiographs: Sequence[RadiographFile],
    rest: Sequence[RadiographFile],
    warnings: _PairingWarnings,
) -> list[list[RadiographFile]]:
    """The two radiographs of each folder that holds no others, if nothing else groups them."""
    folders: dict[Path, list[RadiographFile]] = defaultdict(list)
    for radiograph in radiographs:
        folders[Path(radiograph.file).parent].append(radiograph)
    single = {radiograph.file for radiograph in rest}
    groups = []
    for couple in folders.values():
        if len(couple) != _PAIR or not all(one.file in single for one in couple):
            continue
        one, other = couple
        sides = {one.header.side, other.header.side}
        same_day = one.header.day_key is not None and one.header.day_key == other.header.day_key
        if None not in sides and len(sides) == 1:
            continue
        if _differ(one.header.day_key, other.header.day_key) or (
            _differ(one.header.study_key, other.header.study_key) and not same_day
        ):
            why = "the files say that they are of different studies; if not, use a manifest"
            warnings.add(one, f"not paired with {other.file}: {why}")
            warnings.add(other, f"not paired with {one.file}: {why}")
        elif not warnings.warn_if_patients_differ(couple):
            groups.append(couple)
    return groups


def _warn_of_look_alikes(rest: Sequence[RadiographFile], warnings: _PairingWarnings) -> None:
    """Say of what looks like a pair, by names or tags, why it is none, and what to do."""
    likenesses: dict[Hashable, dict[Side, set[str]]] = {}
    for radiograph in rest:
        if radiograph.file in warnings.texts:
            continue
        for named in read_sides(radiograph.file):
            sides = likenesses.setdefault(named.likeness, {"left": set(), "right": set()})
            sides[named.side].add(radiograph.file)
        if radiograph.header.patient_key and radiograph.header.side:
            key = radiograph.header.patient_key
            sides = likenesses.setdefault(key, {"left": set(), "right": set()})
            sides[radiograph.header.side].add(radiograph.file)
    by_file = {radiograph.file: radiograph for radiograph in rest}
    said: set[frozenset[str]] = set()
    for sides in likenesses.values():
        files = [*sides["left"], *sides["right"]]
        if not len(sides["left"]) == len(sides["right"]) == 1 or frozenset(files) in said:
            continue
        said.add(frozenset(files))
        one, other = (by_file[file] for file in files)
        if one is not other:
            why = f"{_difference(one, other)}; if they are one study, list both in a manifest"
            warnings.add(one, f"not paired with {other.file}: {why}")
            warnings.add(other, f"not paired with {one.file}: {why}")


def _difference(one: RadiographFile, other: RadiographFile) -> str:
    """Why two files that look like a pair are none."""
    first, second = Path(one.file), Path(other.file)
    if _differ(one.header.patient_key, other.header.patient_key):
        return "the files say that they are of different patients"
    if _differ(one.header.day_key, other.header.day_key):
        return "the files are of one patient and of different days"
    if first.parent != second.parent:
        return "they lie in different folders"
    if first.suffix != second.suffix:
        return "their names end differently"
    return "their names differ in more than the side"


def _group(
    radiographs: Sequence[RadiographFile], warnings: _PairingWarnings, *, guessed: bool
) -> Group:
    """A group and its name: what two files have in common, or else what they are called."""
    files = tuple(radiograph.file for radiograph in radiographs)
    stems = [Path(file).stem for file in files]
    if len(files) == 1:
        remarks = tuple(dict.fromkeys((files[0], text) for text in warnings.texts[files[0]]))
        return Group(files, folder_name(stems[0]), remarks)
    if len(files) > _PAIR:
        return Group(files, folder_name(stems[0]))
    one, other = map(read_sides, files)
    places = {named.place for named in other}
    shared = next((named.rest for named in one if named.place in places), "")
    return Group(files, folder_name(shared or "+".join(stems)), guessed=guessed)
