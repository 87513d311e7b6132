"""How frequent damage is where a bundle is used: what its probabilities are calibrated to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    Prevalence: TypeAlias = Mapping[tuple[Finding, str], float]
    """By finding and joint group, the fraction of non-intact joints; between 0 and 1."""

NON_INTACT: Final[Mapping[tuple[Finding, str], tuple[int, int]]] = {
    ("erosion", "PIP-IP"): (125, 1130),
    ("erosion", "MCP"): (143, 1130),
    ("erosion", "CMC-M"): (131, 452),
    ("erosion", "wrist"): (470, 904),
    ("jsn", "PIP"): (342, 904),
    ("jsn", "MCP"): (254, 1130),
    ("jsn", "CMC"): (350, 678),
    ("jsn", "wrist"): (461, 678),
}
"""Non-intact joints and all joints of each group in the 226 hands of Miyama et al., Arthritis Res
Ther 24:227 (2022), Table 2."""

TABLE_2: Final[Prevalence] = {key: damaged / total for key, (damaged, total) in NON_INTACT.items()}
"""The prevalence in the paper's patients."""

TABLE_2_NAME: Final = "table2"


def prevalence_of(asked: str | float | Mapping[Finding, float]) -> Prevalence:
    """The prevalence in each joint group.

    Args:
        asked: `table2` for that of the paper; a number for all groups; or one for each finding, as
            a mapping or as text (`erosion=0.2,jsn=0.3`). A finding that is not named keeps the
            paper's.

    Raises:
        UsageError: It is none of these, or a number is not between 0 and 1.
    """
    if asked == TABLE_2_NAME:
        return TABLE_2
    try:
        named = _by_finding(asked)
    except (TypeError, ValueError):
        named = {}
    if not named or not set(named) <= set(FINDINGS) or not all(0 < p < 1 for p in named.values()):
        message = (
            f"prevalence={asked!r}; give {TABLE_2_NAME}, a number between 0 and 1, or one for each "
            "finding, as in erosion=0.2,jsn=0.3"
        )
        raise UsageError(message)
    return {key: named.get(key[0], TABLE_2[key]) for key in JOINT_GROUPS}


def _by_finding(asked: str | float | Mapping[Finding, float]) -> dict[str, float]:
    """The number of each finding that is named; raises TypeError or ValueError for what is none."""
    if isinstance(asked, str) and "=" in asked:
        pairs = [part.partition("=") for part in asked.split(",")]
        return {name.strip(): float(number) for name, _, number in pairs}
    if isinstance(asked, str | float):
        return {finding: float(asked) for finding in FINDINGS}
    return {str(finding): float(number) for finding, number in dict(asked).items()}
