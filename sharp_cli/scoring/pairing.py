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
    from sharp_cli.scoring.discover import RadiographFile

_SEPARATORS: Final = re.compile(r"([^a-zA-Z0-9]+)")
_SIDES: Final[dict[str, Side]] = {"l": "left", "left": "left", "r": "right", "right": "right"}
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
    groups += [[radiograph] for radiograph in rest]
    place = {radiograph.file: at for at, radiograph in enumerate(radiographs)}
    groups.sort(key=lambda group: min(place[radiograph.file] for radiograph in group))
    return [_group(group, warnings) for group in groups]


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
    return len({one.header.patient_key, other.header.patient_key} - {None}) > 1


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
        for place, (side, _) in _readings(radiograph.file).items():
            places.setdefault(place, {"left": [], "right": []})[side].append(radiograph)
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


def _group(radiographs: Sequence[RadiographFile], warnings: _PairingWarnings) -> Group:
    """A group and its name: what two files have in common, or else what they are called."""
    files = tuple(radiograph.file for radiograph in radiographs)
    stems = [Path(file).stem for file in files]
    if len(files) == 1:
        remarks = tuple(dict.fromkeys((files[0], text) for text in warnings.texts[files[0]]))
        return Group(files, folder_name(stems[0]), remarks)
    if len(files) > _PAIR:
        return Group(files, folder_name(stems[0]))
    one, other = map(_readings, files)
    shared = next((one[place][1] for place in one.keys() & other.keys()), "")
    return Group(files, folder_name(shared or "+".join(stems)))
