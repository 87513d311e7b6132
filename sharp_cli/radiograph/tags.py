"""The tags of a DICOM file: their values, and what they say of side, study and patient.

pydicom converts the value of a tag when it is read, and raises if it is invalid; here it counts as
absent. Values that could identify a patient leave this module only as hashes.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydicom.dataset import Dataset

    from sharp_cli.core.joints import Side

_Sides = Literal["left", "right", "both"]


class Salt(NamedTuple):
    """What hides values: keys and days can be compared where it is the same.

    Attributes:
        text: Hashed with a value, so that no key can be looked up by hashing likely numbers.
        day: From which days are counted, so that none says when it was.
    """

    text: bytes
    day: int


OWN_SALT: Final = Salt(secrets.token_bytes(16), secrets.randbelow(1_000_000))
"""Of this process only."""

_FRAME_TAGS: Final = (
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
    "FrameAnatomySequence",
    "FramePixelDataPropertiesSequence",
)
"""Functional groups (DICOM PS3.3 C.7.6.16) that say what other files say outside them."""

_UID: Final = re.compile(r"(?=.{1,64}\Z)[0-9]+(\.[0-9]+)+")
"""DICOM PS3.5 section 9.1, but for leading zeros, which some machines write."""

FUNCTIONAL_GROUPS: Final = (
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
"""Those of all frames, and of each."""

_SIDE_TAGS: Final = ("Laterality", "ImageLaterality", "FrameLaterality")
ABOUT_SIDE: Final = (*_SIDE_TAGS, "ViewPosition", "ViewCodeSequence", "AnatomicRegionSequence")
"""The tags that `side` reads."""

_SIDE_LETTERS: Final[dict[str, _Sides]] = {"L": "left", "R": "right", "B": "both"}
_MOST: Final = 1 << 19
"""Bytes of a value, a choice: three lookup tables of 65,536 entries have fewer. What a value
becomes, such as the items of a sequence, takes about a hundred times as much."""

_VIEW_WORDS: Final[dict[str, _Sides]] = {
    "L": "left",
    "LT": "left",
    "LEFT": "left",
    "R": "right",
    "RT": "right",
    "RIGHT": "right",
    "BOTH": "both",
    "BILATERAL": "both",
}
_PROJECTIONS: Final = ("LATERAL", "OBLIQUE", "LAT", "OBL")
"""A left lateral view is taken from the left, whichever hand it shows."""


def value(tags: Dataset, keyword: str) -> Any:
    """The value of a tag, or None if it is absent, empty, invalid or far too long."""
    try:
        if keyword not in tags:
            return None
        stored = tags.get_item(keyword)
        if isinstance(stored, RawDataElement) and len(stored.value or b"") > _MOST:
            return None
        return tags.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom raises errors of any kind for invalid values
        return None


def text(tags: Dataset, keyword: str) -> str:
    """The first value of a tag as text without blanks around it; empty if there is none."""
    found = _values(tags, keyword)
    return str(found[0]).strip() if found else ""


def number(tags: Dataset, keyword: str) -> float | None:
    """The first value of a tag, or None if that is no finite number."""
    found = numbers(tags, keyword)
    return found[0] if found else None


def numbers(tags: Dataset, keyword: str) -> list[float | None]:
    """The values of a tag, None for each that is no finite number."""
    return [_finite(item) for item in _values(tags, keyword)]


def _finite(item: object) -> float | None:
    try:
        result = float(str(item))
    except ValueError:
        return None
    return result if math.isfinite(result) else None


def _values(tags: Dataset, keyword: str) -> list[object]:
    found = value(tags, keyword)
    if found is None or found == "":
        return []
    return (
        [found] if isinstance(found, (str, bytes)) or not hasattr(found, "__iter__") else [*found]
    )


def lift_frame(tags: Dataset) -> None:
    """Let what the functional groups say of the one frame stand where other files have it.

    The groups of the frame come after those that all frames share, and before what stands outside.
    """
    for keyword in FUNCTIONAL_GROUPS:
        for group in _items(tags, keyword)[:1]:
            for item in (item for macro in _FRAME_TAGS for item in _items(group, macro)[:1]):
                for tag in item.keys():  # noqa: SIM118 - iterating the items converts all values
                    tags[tag] = item.get_item(tag)


def side(tags: Dataset) -> tuple[Side | None, tuple[str, ...]]:
    """The side that the tags agree on (None where they give none), and warnings."""
    given = dict(_given_sides(tags))
    sides = set(given.values())
    if len(sides) > 1:
        each = ", ".join(f"{keyword} {which}" for keyword, which in given.items())
        return None, (f"the file's tags disagree about the side ({each}); none is used",)
    match [*sides]:
        case ["left"]:
            return "left", ()
        case ["right"]:
            return "right", ()
        case _:
            return None, ()


def _given_sides(tags: Dataset) -> Iterator[tuple[str, _Sides]]:
    for keyword in _SIDE_TAGS:
        which = _SIDE_LETTERS.get(text(tags, keyword).upper()[:1])
        if which is not None:
            yield keyword, which
    views = {
        "ViewPosition": [text(tags, "ViewPosition")],
        "ViewCodeSequence": meanings(tags, "ViewCodeSequence", "ViewModifierCodeSequence"),
        "AnatomicRegionSequence": meanings(
            tags, "AnatomicRegionSequence", "AnatomicRegionModifierSequence"
        ),
    }
    for keyword, said in views.items():
        which = _in_words(said)
        if which is not None:
            yield keyword, which


def _in_words(said: Iterable[str]) -> _Sides | None:
    words = re.findall(r"[A-Z]+", " ".join(said).upper())
    if any(word in _PROJECTIONS for word in words):
        return None
    sides = {_VIEW_WORDS[word] for word in words if word in _VIEW_WORDS}
    return sides.pop() if len(sides) == 1 else None


def meanings(tags: Dataset, keyword: str, modifiers: str = "") -> list[str]:
    """The meanings of the codes of a sequence, and of those in a sequence within it."""
    found = []
    for item in _items(tags, keyword):
        found.append(text(item, "CodeMeaning"))
        found += [text(modifier, "CodeMeaning") for modifier in _items(item, modifiers)]
    return found


def _items(tags: Dataset, keyword: str) -> list[Dataset]:
    found = value(tags, keyword) if keyword else None
    return [*found] if isinstance(found, Sequence) else []


def key(tags: Dataset, *keywords: str, salt: Salt) -> str | None:
    """A salted hash of some tags, or None if the first of them is empty."""
    found = [text(tags, keyword) for keyword in keywords]
    if not found[0]:
        return None
    return hashlib.sha256(salt.text + "\0".join(found).encode(errors="replace")).hexdigest()[:16]


def day(tags: Dataset, keyword: str, *, salt: Salt) -> int | None:
    """The day of a tag, or None if that is no date.

    Only how many days lie between two means anything.
    """
    try:
        return datetime.strptime(text(tags, keyword), "%Y%m%d").toordinal() - salt.day  # noqa: DTZ007
    except ValueError:
        return None


def is_uid(text: str) -> bool:
    """Whether a text is a unique identifier, by which objects refer to each other.

    It can name a file in any folder.
    """
    return _UID.fullmatch(text) is not None


def object_sha256(tags: Dataset) -> str | None:
    """The sha256 of the SOPInstanceUID: who has the file recognises it, and nobody else.

    Without salt, so that it is the same in every result; an identifier is too long to be guessed.
    """
    found = text(tags, "SOPInstanceUID")
    return hashlib.sha256(found.encode(errors="replace")).hexdigest() if found else None
