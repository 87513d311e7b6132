"""Codes of the joints and of what is said of them.

SCT are SNOMED CT codes as DICOM PS3.16 has them, RADLEX those of RadLex. What has no code there
that could be verified has one of Sharp's own, 99SHARP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.core.records import JointStatus, Label

SCHEME: Final = "99SHARP"


class Site(NamedTuple):
    """Where a joint is: the kind of joint or the bone, and the digit that it belongs to."""

    place: Code
    digit: Code | None = None


def _own(value: str, meaning: str) -> Code:
    return Code(value, SCHEME, meaning)


_PIP: Final = Code("RID2408", "RADLEX", "proximal interphalangeal joint of finger")
_MCP: Final = Code("RID2332", "RADLEX", "metacarpophalangeal joint")
_CMC: Final = Code("RID2331", "RADLEX", "carpometacarpal joint")
_DIGITS: Final = {
    1: Code("RID2392", "RADLEX", "thumb"),
    2: Code("RID2394", "RADLEX", "index finger"),
    3: Code("RID2396", "RADLEX", "long finger"),
    4: Code("RID2398", "RADLEX", "ring finger"),
    5: Code("RID2400", "RADLEX", "small finger"),
}

SITES: Final[Mapping[str, Site]] = {
    "IP": Site(_own("IP", "interphalangeal joint of thumb")),
    **{f"PIP{number}": Site(_PIP, _DIGITS[number]) for number in range(2, 6)},
    **{f"MCP{number}": Site(_MCP, _DIGITS[number]) for number in range(1, 6)},
    **{f"CMC{number}": Site(_CMC, _DIGITS[number]) for number in (1, 3, 4, 5)},
    "multangular": Site(_own("multangular", "trapezium (greater multangular bone)")),
    "navicular": Site(codes.SCT.Scaphoid),
    "lunate": Site(_own("lunate", "lunate bone")),
    "ulna": Site(codes.SCT.DistalUlna),
    "radius": Site(codes.SCT.DistalRadius),
    "multangular-navicular": Site(Code("RID2253", "RADLEX", "scaphotrapezial joint")),
    "capitate-navicular-lunate": Site(
        _own("capitate-navicular-lunate", "joint of capitate with scaphoid and lunate")
    ),
    "radiocarpal": Site(Code("RID2210", "RADLEX", "radiocarpal joint")),
}
"""By the names of `joints.POINTS`."""

HAND: Final = codes.SCT.Hand
SIDES: Final[Mapping[Side, Code]] = {"left": codes.SCT.Left, "right": codes.SCT.Right}

FINDINGS: Final[Mapping[Finding, Code]] = {
    "erosion": _own("erosion", "erosion (modified Sharp/van der Heijde score)"),
    "jsn": _own("jsn", "joint space narrowing (modified Sharp/van der Heijde score)"),
}

PROBABILITY: Final = codes.DCM.Probability
LIKELIHOOD: Final = _own("likelihood", "likelihood that the joint was found at its place")

SENS: Final[Mapping[str, Code]] = {
    "sens": _own("sens", "Simple Erosion Narrowing Score (SENS)"),
    "erosion": _own("sens-erosion", "joints with erosion (SENS)"),
    "jsn": _own("sens-jsn", "joints with joint space narrowing (SENS)"),
    "classified": _own("sens-classified", "joints that the SENS is of, once for each finding"),
}
"""By the attributes of `sens.Sens`."""

LABEL: Final = _own("label", "label of the joint")
LABELS: Final[Mapping[Label, Code]] = {
    "intact": _own("intact", "intact"),
    "non-intact": _own("non-intact", "non-intact (SHS grade 1 or more)"),
}

STATUS: Final = _own("status", "how the joint was found")
STATUSES: Final[Mapping[JointStatus, Code]] = {
    "ok": _own("ok", "ok"),
    "uncertain": _own("uncertain", "uncertain"),
    "not-detected": _own("not-detected", "not detected"),
    "not-assessable": _own("not-assessable", "not assessable"),
}
