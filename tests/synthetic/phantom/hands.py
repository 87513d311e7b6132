"""A small hand, quick to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sharp_cli.synthetic.phantom import Condition, Phantom, generate_hand

if TYPE_CHECKING:
    from sharp_cli.core.joints import Side

SMALL: Final = 120.0
"""Pixels of its proximal phalanx."""


def hand(seed: int = 5, side: Side = "left", **condition: Any) -> Phantom:
    return generate_hand(
        seed, side=side, condition=Condition(**condition), phalanx=SMALL, noise=0.0
    )
