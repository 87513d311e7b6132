"""The joints of the modified Sharp/van der Heijde score (SHS) and what belongs to each.

Names, joint groups and box sizes are those of Miyama et al., Arthritis Res Ther 24:227 (2022),
doi:10.1186/s13075-022-02914-7: 16 joints a hand for erosion, 15 for joint space narrowing (JSN).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Side = Literal["left", "right"]
Finding = Literal["erosion", "jsn"]
StudyJoint: TypeAlias = tuple[Side, Finding, str]
"""A scored joint of a study: its hand, the finding it is scored for, and its name."""

SIDES: Final[tuple[Side, ...]] = get_args(Side)
FINDINGS: Final[tuple[Finding, ...]] = get_args(Finding)

GRADES: Final[Mapping[Finding, range]] = {"erosion": range(6), "jsn": range(5)}
"""SHS grades of a joint; 0 is intact."""

COMMON_PHALANX: Final = 400.0
"""Median length in pixels of the proximal phalanges (PIP_i to MCP_i, i = 2…5) at the common scale.

The paper resizes hands until these medians match and does not give the length. A choice: an
adult's is about 40 mm, so a pixel is about 0.1 mm and a 250 px box about 25 mm.
"""

_FINGER_BOX: Final = (250, 250)
_WRIST_BOX: Final = (300, 300)
_RADIUS_BOX: Final = (500, 300)


@dataclass(frozen=True, slots=True)
class Target:
    """One scored joint: for which finding, where, and in how large a box.

    Attributes:
        finding: `erosion` or `jsn`.
        group: Joint group; see `JOINT_GROUPS`.
        joint: Name of the joint, also the name of its point.
        box: Width and height of its box in pixels at the common scale.
    """

    finding: Finding
    group: str
    joint: str
    box: tuple[int, int]


_GROUPS: Final[tuple[tuple[Finding, str, tuple[int, int], tuple[str, ...]], ...]] = (
    ("erosion", "PIP-IP", _FINGER_BOX, ("IP", "PIP2", "PIP3", "PIP4", "PIP5")),
    ("erosion", "MCP", _FINGER_BOX, ("MCP1", "MCP2", "MCP3", "MCP4", "MCP5")),
    ("erosion", "CMC-M", _FINGER_BOX, ("CMC1", "multangular")),
    ("erosion", "wrist", _WRIST_BOX, ("navicular", "lunate", "ulna")),
    ("erosion", "wrist", _RADIUS_BOX, ("radius",)),
    ("jsn", "PIP", _FINGER_BOX, ("PIP2", "PIP3", "PIP4", "PIP5")),
    ("jsn", "MCP", _FINGER_BOX, ("MCP1", "MCP2", "MCP3", "MCP4", "MCP5")),
    ("jsn", "CMC", _WRIST_BOX, ("CMC3", "CMC4", "CMC5")),
    (
        "jsn",
        "wrist",
        _WRIST_BOX,
        ("multangular-navicular", "capitate-navicular-lunate", "radiocarpal"),
    ),
)

TARGETS: Final[tuple[Target, ...]] = tuple(
    Target(finding, group, joint, box) for finding, group, box, names in _GROUPS for joint in names
)
"""The 31 scored joints of a hand: 16 for erosion, then 15 for JSN."""

TARGET_OF: Final[Mapping[tuple[str, str], Target]] = {
    (target.finding, target.joint): target for target in TARGETS
}
"""Each of `TARGETS` by finding and joint."""

POINTS: Final[tuple[str, ...]] = tuple(dict.fromkeys(target.joint for target in TARGETS))
"""The 22 distinct points of a hand; the 16 erosion and the 15 JSN points are subsets."""

BOXES: Final[Mapping[str, tuple[int, int]]] = {target.joint: target.box for target in TARGETS}
"""Width and height of each joint's box in pixels at the common scale."""

SCORED_FINDINGS: Final[Mapping[str, tuple[Finding, ...]]] = {
    joint: tuple(finding for finding in FINDINGS if (finding, joint) in TARGET_OF)
    for joint in POINTS
}
"""The findings that each joint is scored for."""

JOINT_GROUPS: Final[tuple[tuple[Finding, str], ...]] = tuple(
    dict.fromkeys((target.finding, target.group) for target in TARGETS)
)
"""The eight pairs of finding and joint group; a model has a head for each."""

GROUP_JOINTS: Final[Mapping[tuple[Finding, str], tuple[str, ...]]] = {
    key: tuple(target.joint for target in TARGETS if (target.finding, target.group) == key)
    for key in JOINT_GROUPS
}
"""By finding and joint group, the names of its joints."""

WRIST_GROUPS: Final = ("CMC-M", "CMC", "wrist")
"""The joint groups of the whole wrist, whose carpometacarpal joints are groups of their own."""

SET_JOINTS: Final[Mapping[tuple[Finding, str], tuple[str, ...]]] = {
    (finding, group): tuple(
        target.joint
        for target in TARGETS
        if target.finding == finding
        and target.group in (WRIST_GROUPS if group == "wrist" else (group,))
    )
    for finding, group in JOINT_GROUPS
}
"""By finding and name, the sets of joints that can be labelled as one: the joint groups, except
that `wrist` is the whole wrist, as readers speak of it: the six joints of `WRIST_GROUPS`."""

PHALANGES: Final[tuple[tuple[str, str], ...]] = tuple((f"PIP{i}", f"MCP{i}") for i in range(2, 6))
"""Ends of the four proximal phalanges whose median length sets the common scale."""


def phalanx_length(points: Mapping[str, tuple[float, float]]) -> float:
    """Median distance from PIP_i to MCP_i, i = 2…5, over the fingers that have both; else NaN."""
    lengths = [
        math.dist(points[tip], points[base])
        for tip, base in PHALANGES
        if tip in points and base in points
    ]
    return median(lengths) if lengths else math.nan
