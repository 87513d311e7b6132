"""The input sets of each model: the patches that it classifies together.

The models of Miyama et al., Arthritis Res Ther 24:227 (2022), Fig. 3, are one network with
different input sets: it extracts the features of each patch by itself, and classifies every patch
of the set from the features of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from sharp_cli.core.joints import GROUP_JOINTS, SIDES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from sharp_cli.core.joints import Finding, Side

    PatchKey: TypeAlias = tuple[Finding, "Input"]
    """A patch of a study: the finding it is classified for, and which input it is."""

ModelName = Literal["siso", "mimo-local", "mimo-one-hand", "mimo-both-hands", "mimo-time"]

MODELS: Final[tuple[ModelName, ...]] = get_args(ModelName)
"""The paper's four models, and that of its outlook, which takes a joint's earlier patch too."""

FALLBACKS: Final[Mapping[ModelName, ModelName]] = {
    "mimo-local": "siso",
    "mimo-both-hands": "mimo-one-hand",
    "mimo-time": "siso",
}
"""The model that classifies instead where the other hand, or the earlier study, is missing."""


@dataclass(frozen=True, slots=True)
class Input:
    """One patch of an input set.

    Attributes:
        side: Of which hand.
        joint: Name of the joint.
        earlier: Whether from the study before this one.
    """

    side: Side
    joint: str
    earlier: bool = False


@cache
def input_sets(model: ModelName, finding: Finding, group: str) -> tuple[tuple[Input, ...], ...]:
    """The input sets of a study for one finding and joint group.

    Every input that is not `earlier` is in exactly one set; all sets have the same size.
    """
    joints = GROUP_JOINTS[finding, group]
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


def input_set(model: ModelName, finding: Finding, group: str, own: Input) -> tuple[Input, ...]:
    """The input set that one of its inputs is in."""
    return next(inputs for inputs in input_sets(model, finding, group) if own in inputs)


def relied_on(
    finding: Finding,
    inputs: Iterable[Input],
    own: Input,
    present: Container[PatchKey],
    uncertain: Container[PatchKey],
) -> tuple[Input, ...]:
    """The inputs of a set that one of them is classified from.

    What lies at an uncertain place may be anything. It would tell the wrong thing of the other
    joints, so it is as good as missing for them; see docs/classification.md.

    Args:
        finding: What is classified.
        inputs: The set.
        own: The one of them that is classified.
        present: The patches that there are.
        uncertain: Those of joints whose place is uncertain.
    """
    return tuple(
        one
        for one in inputs
        if (finding, one) in present and (one == own or (finding, one) not in uncertain)
    )


@cache
def kinds(model: ModelName, finding: Finding, group: str) -> tuple[int, ...]:
    """Numbers of the kinds of a set's inputs: equal for the same joint of both hands."""
    found = [(one.joint, one.earlier) for one in input_sets(model, finding, group)[0]]
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(found))}
    return tuple(numbers[kind] for kind in found)


@cache
def input_kinds(model: ModelName, finding: Finding, group: str) -> tuple[int, ...]:
    """The kind of each input of a set, counted from 0: hands are alike, joints and times are not.

    `mimo-local` has one kind, as both inputs show the same joint.
    """
    found = [(one.joint, one.earlier) for one in input_sets(model, finding, group)[0]]
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(found))}
    return tuple(numbers[kind] for kind in found)


def set_size(model: ModelName, finding: Finding, group: str) -> int:
    """How many inputs, and outputs, the model has for this finding and joint group."""
    return len(input_sets(model, finding, group)[0])
