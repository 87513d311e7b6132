"""Which annotated pictures are held out, which validate, and which fold each one is in.

No patient is on both sides of a split. Patients are counted in the order of the names of their
first pictures.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeVar

from sharp_cli.datasets.annotations.names import without_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    _Natural = tuple[tuple[int, str], ...]

HELD_OUT_EVERY: Final = 4
"""Every fourth patient is kept for measurement and never trained on."""

VALIDATION_EVERY: Final = 5
"""Every fifth of the patients that are not held out validates: chooses, and trains nothing."""


class Patient(NamedTuple):
    """Whose picture one is.

    Attributes:
        name: Equal for the pictures of one patient; that of DICOM is a hash.
        source: What says so.
    """

    name: str
    source: Literal["the column patient", "PatientID", "the names of files"]


class _OnPicture(Protocol):
    @property
    def image(self) -> str: ...
    @property
    def patient(self) -> Patient | None: ...


Pictured = TypeVar("Pictured", bound=_OnPicture)
"""What lies on a picture, named by `image`, of a patient, such as a hand."""


def patient_of(one: _OnPicture) -> Patient:
    """The patient; where nothing else says, by the picture's name without its side."""
    return one.patient or Patient(without_side(one.image), "the names of files")


def name_sources(hands: Iterable[_OnPicture]) -> str:
    """How many patients there are, and what says so, in words."""
    counts = Counter(patient.source for patient in {patient_of(hand) for hand in hands})
    return "; ".join(f"patients: {count}, by {source}" for source, count in sorted(counts.items()))


def select_hands(hands: Sequence[Pictured], *, held_out: bool | None) -> list[Pictured]:
    """The hands of held-out patients, in natural order; those of the others; or, for None, all."""
    kept = set(_patients(hands, _natural)[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY])
    return [hand for hand in hands if held_out is None or (patient_of(hand) in kept) == held_out]


def split_validation(hands: Sequence[Pictured]) -> tuple[list[Pictured], list[Pictured]]:
    """Hands to train on, and those of every fifth patient to validate with."""
    return _split(hands, _patients(hands, str)[VALIDATION_EVERY - 1 :: VALIDATION_EVERY])


def split_folds(
    hands: Sequence[Pictured], count: int
) -> list[tuple[list[Pictured], list[Pictured]]]:
    """For each of `count` folds the other hands and its own; patients are assigned in turn."""
    ordered = _patients(hands, _natural)
    return [_split(hands, ordered[number::count]) for number in range(count)]


def _split(
    hands: Sequence[Pictured], patients: Iterable[Patient]
) -> tuple[list[Pictured], list[Pictured]]:
    """The hands of others, and those of some patients."""
    chosen = set(patients)
    return (
        [hand for hand in hands if patient_of(hand) not in chosen],
        [hand for hand in hands if patient_of(hand) in chosen],
    )


def _patients(hands: Iterable[_OnPicture], order: Callable[[str], str | _Natural]) -> list[Patient]:
    by_name = sorted(hands, key=lambda hand: order(hand.image))
    return list(dict.fromkeys(map(patient_of, by_name)))


def _natural(name: str) -> _Natural:
    return tuple((int(number or 0), text) for number, text in re.findall(r"(\d*)(\D*)", name))
