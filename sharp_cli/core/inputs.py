"""What each model looks at together.

The models of Miyama et al., Arthritis Res Ther 24:227 (2022), Fig. 3, are one network with
different sets of inputs: it looks at each input by itself, then at all of them together, and says
of each whether it is damaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, get_args

from sharp_cli.core.joints import HEAD_JOINTS, SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.core.joints import Finding, Side

ModelName = Literal["siso", "mimo-local", "mimo-one-hand", "mimo-both-hands", "mimo-time"]

MODELS: Final[tuple[ModelName, ...]] = get_args(ModelName)
"""The paper's four models, and that of its outlook, which sees a joint's earlier picture too."""

FALLBACKS: Final[Mapping[ModelName, ModelName]] = {
    "mimo-local": "siso",
    "mimo-both-hands": "mimo-one-hand",
    "mimo-time": "siso",
}
"""What looks at a joint instead of a model for which the other hand, or the earlier study, is
not there at all."""


@dataclass(frozen=True, slots=True)
class Input:
    """One patch that a model looks at.

    Attributes:
        side: Of which hand.
        joint: Name of the joint.
        earlier: Whether from the study before this one.
    """

    side: Side
    joint: str
    earlier: bool = False


@cache
def units(model: ModelName, finding: Finding, group: str) -> tuple[tuple[Input, ...], ...]:
    """The sets of inputs of a study that one head looks at, one set after another.

    Every input that is not `earlier` is in exactly one set. All sets of a head are of one length.
    """
    joints = HEAD_JOINTS[finding, group]
    hands = {side: tuple(Input(side, joint) for joint in joints) for side in SIDES}
    match model:
        case "siso":
            return tuple((one,) for hand in hands.values() for one in hand)
        case "mimo-local":
            return tuple(zip(*hands.values(), strict=True))
        case "mimo-one-hand":
            return tuple(hands.values())
        case "mimo-both-hands":
            return (tuple(one for hand in hands.values() for one in hand),)
        case "mimo-time":
            return tuple(
                (one, Input(one.side, one.joint, earlier=True))
                for hand in hands.values()
                for one in hand
            )


def width(model: ModelName, finding: Finding, group: str) -> int:
    """How many inputs a head has, and outputs."""
    return len(units(model, finding, group)[0])
