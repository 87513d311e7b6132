"""What a DICOM header says of how the radiograph was taken, and what may be wrong with that here.

Nothing of the header's own words is repeated in a warning: it may be anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sharp_cli.radiograph.tags import meanings, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from sharp_cli.core.records import View

_PALM_TO_BACK: Final = re.compile(r"\bAP\b|ANTERO\W?POSTERIOR|\bPD\b|(PALMO|VOLO)\W?DORSAL")
_OTHER_VIEWS: Final = re.compile(
    r"\bLAT\b|LATERAL|OBL|\b[LR]L[DO]?\b|\b[LR][AP]O\b|\bML\b|\bLM\b|TANGENTIAL|AXIAL"
)
"""Lateral and oblique ones, by the defined terms of ViewPosition and the meanings of view codes."""

_HAND: Final = re.compile(
    r"HAND|WRIST|FINGER|THUMB|DIGIT|CARP|UPPER|(?<!L)(?<!LOWER )EXTREM"
    r"|\bMAIN|POIGNET|DOIGT|MANO|MU[NÑ]ECA|DEDO|HÄND|HAEND|POLS|手"
)
"""Words for a part of the body that a hand radiograph shows, in languages of consoles."""

_FOOT: Final = re.compile(r"TARS|\bTOE|FOOT")
"""Words for parts of a foot among which those above may stand."""

_FOR_PROCESSING: Final = "1.2.840.10008.5.1.4.1.1.1.1.1"
"""Digital X-Ray Image Storage - For Processing."""


def view(tags: Dataset) -> View:
    """The view by ViewPosition and ViewCodeSequence; PA where they do not say otherwise."""
    return "AP" if _PALM_TO_BACK.search(_views(tags)) else "PA"


def remarks(tags: Dataset) -> Iterator[str]:
    """A warning for each thing that the header says and the models were not made for."""
    if _OTHER_VIEWS.search(_views(tags)):
        yield (
            "the header says that this is a lateral or oblique view, and joints are judged in a PA "
            "view: results may be wrong"
        )
    part = text(tags, "BodyPartExamined").upper() or " ".join(
        meanings(tags, "AnatomicRegionSequence")
    )
    if part and (_FOOT.search(part.upper()) or not _HAND.search(part.upper())):
        yield "the header says that this is no hand (BodyPartExamined); check that it shows one"
    intent = text(tags, "PresentationIntentType").upper()
    raw = text(tags, "SOPClassUID") == _FOR_PROCESSING
    if intent == "FOR PROCESSING" or (raw and not intent):
        yield (
            "the header says FOR PROCESSING: raw values of the detector, as the models have not "
            "seen them; export the radiograph for presentation"
        )
    if text(tags, "BurnedInAnnotation").upper() == "YES":
        yield (
            "the header says that annotation is burned into the picture (BurnedInAnnotation), "
            "which may name the patient: overlays and pages show it too, outside the hands only "
            "without --mask-annotations"
        )


def _views(tags: Dataset) -> str:
    codes = meanings(tags, "ViewCodeSequence", "ViewModifierCodeSequence")
    return " ".join([text(tags, "ViewPosition"), *codes]).upper()
