"""The Simple Erosion Narrowing Score (SENS) of hands and studies, from the labels of joints.

Every joint with any erosion adds 1, and every joint with any narrowing: up to 31 a hand, 62 for
both. Feet, which have up to 24 more, are not scored. Source: van der Heijde et al., Rheumatology
38:941–947 (1999), doi:10.1093/rheumatology/38.10.941.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from sharp_cli.results.document import counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.results.document import Count, Document


@dataclass(frozen=True, slots=True)
class Sens:
    """The score of one hand, or of all hands of a study; a joint counts once for each finding.

    A joint that is not classified, be it that it was not detected, is not assessable, or that the
    model has not learned it, adds nothing to the score.

    Attributes:
        study: The study.
        hand: Left or right; None for the whole study.
        erosion: How many joints have erosion; None where no joint is classified for it.
        jsn: The same of narrowing.
        sens: Their sum; None where either is.
        classified: How many joints are classified: the highest score that is possible.
        uncertain: Of how many it is uncertain whether they were found at their place.
        not_detected: How many were not detected.
        not_assessable: How many a reader called not assessable.
    """

    study: str
    hand: Side | None
    erosion: int | None
    jsn: int | None
    sens: int | None
    classified: int
    uncertain: int
    not_detected: int
    not_assessable: int = 0


SENS_COLUMNS: Final = tuple(field.name for field in fields(Sens))
"""The columns of the table of scores."""


def sens(document: Document) -> tuple[Sens, ...]:
    """The scores of each study: its hands in their order, then all of it.

    There are none before classification.
    """
    if document.model is None:
        return ()
    studies: dict[str, dict[Side | None, list[Count]]] = defaultdict(lambda: defaultdict(list))
    for count in counts(document):
        studies[count.study][count.hand].append(count)
    for hands in studies.values():
        hands[None] = [count for found in hands.values() for count in found]
    return tuple(
        _score(study, hand, found)
        for study, hands in studies.items()
        for hand, found in hands.items()
    )


def _score(study: str, hand: Side | None, found: Sequence[Count]) -> Sens:
    erosion, jsn = _part(found, "erosion"), _part(found, "jsn")
    return Sens(
        study=study,
        hand=hand,
        erosion=erosion,
        jsn=jsn,
        sens=None if erosion is None or jsn is None else erosion + jsn,
        classified=sum(count.classified for count in found),
        uncertain=sum(count.uncertain for count in found),
        not_detected=sum(count.not_detected for count in found),
        not_assessable=sum(count.not_assessable for count in found),
    )


def _part(found: Sequence[Count], finding: Finding) -> int | None:
    mine = [count for count in found if count.finding == finding]
    return sum(count.non_intact for count in mine) if any(one.classified for one in mine) else None
