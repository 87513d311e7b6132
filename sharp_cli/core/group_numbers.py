"""Fractions of joint groups as users write them: `0.97`, `erosion=0.3,jsn/PIP=0.6`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli.core.joints import JOINT_GROUPS

if TYPE_CHECKING:
    from sharp_cli.core.joints import Finding


def numbers_by_group(text: str) -> dict[tuple[Finding, str], float]:
    """The number of each joint group that is named.

    Args:
        text: Numbers, separated by commas: of a finding and joint group (`erosion/wrist=0.8`), of
            all groups of a finding (`jsn=0.95`) or of all groups (`0.9`). Later ones replace
            earlier ones.

    Returns:
        By finding and joint group.

    Raises:
        ValueError: A part is none of these, or a number is not between 0 and 1.
    """
    numbers: dict[tuple[Finding, str], float] = {}
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        named = [
            key for key in JOINT_GROUPS if not equals or name.strip() in (key[0], "/".join(key))
        ]
        value = float(number)
        if not named or not 0 <= value <= 1:
            raise ValueError(part)
        numbers |= dict.fromkeys(named, value)
    return numbers
