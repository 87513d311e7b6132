"""Labelled joints, and raters of them, to measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.datasets.joint_keys import JointKey
from sharp_cli.datasets.labels import LabelledJoint
from sharp_cli.evaluation.raters import Call, Rater

if TYPE_CHECKING:
    from collections.abc import Sequence


def labelled(patients: int = 4, *, seed: int = 1, damaged: float = 0.4) -> list[LabelledJoint]:
    """All joints of both hands of patients, of random grades, or all intact."""
    rng = np.random.default_rng(seed)
    joints: list[LabelledJoint] = []
    for number in range(patients):
        for side in SIDES:
            for target in TARGETS:
                grade = int(rng.integers(1, 4)) if rng.random() < damaged else 0
                joints.append(
                    LabelledJoint(
                        line=len(joints) + 2,
                        patient=f"P{number}",
                        study="1",
                        image=f"films/P{number}.png",
                        side=side,
                        finding=target.finding,
                        joint=target.joint,
                        grade=grade,
                        damaged=grade > 0,
                        place=None,
                        patch=None,
                    )
                )
    return joints


def place(joint: LabelledJoint) -> JointKey:
    return JointKey(joint.image, joint.side, joint.finding, joint.joint)


def rater(
    name: str, joints: Sequence[LabelledJoint], *, reader: bool = False, skill: float = 0.3
) -> Rater:
    """Someone who is right more often than not."""
    rng = np.random.default_rng(sum(name.encode()))
    calls = {}
    for joint in joints:
        score = float(np.clip(rng.normal(0.5 + skill * (joint.damaged - 0.5), 0.15), 0, 1))
        probability = float(score >= 0.5) if reader else score
        calls[place(joint)] = Call(probability, score >= 0.5)
    return Rater(name, reader=reader, calls=calls)


def grader(
    name: str, joints: Sequence[LabelledJoint], *, reader: bool = True, spread: float = 0.6
) -> Rater:
    """Someone whose grades are near the labels; a model gives expected grades, too."""
    rng = np.random.default_rng(sum(name.encode()))
    calls = {}
    for joint in joints:
        near = float(np.clip((joint.grade or 0) + rng.normal(0, spread), 0, 4))
        grade = round(near)
        expected = None if reader else near
        calls[place(joint)] = Call(float(grade > 0), grade > 0, grade, expected)
    return Rater(name, reader=reader, calls=calls)
