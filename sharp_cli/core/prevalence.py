"""How frequent damage is where a bundle is used: what its probabilities are calibrated to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from sharp_cli.core.errors import UsageError
from sharp_cli.core.group_numbers import numbers_by_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.core.joints import Finding

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
        asked: `table2` for that of the paper; a number for all groups; or some of findings or joint
            groups, as a mapping or as text (`erosion=0.2,jsn=0.3`; see `numbers_by_group`). Groups
            that are not named keep the paper's.

    Raises:
        UsageError: It is none of these, or a number is not between 0 and 1.
    """
    if asked == TABLE_2_NAME:
        return TABLE_2
    if isinstance(asked, str | float | int):
        text = str(asked)
    else:
        text = ",".join(f"{name}={number}" for name, number in asked.items())
    try:
        named = numbers_by_group(text)
    except ValueError:
        named = {}
    if not named or not all(0 < number < 1 for number in named.values()):
        message = (
            f"prevalence={asked!r}; give {TABLE_2_NAME}, a number between 0 and 1, or some of "
            "findings or joint groups, as in erosion=0.2,jsn/PIP=0.3"
        )
        raise UsageError(message)
    return {**TABLE_2, **named}
