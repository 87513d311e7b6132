"""Labels of joints, as a table of them says."""

from __future__ import annotations

from typing import Any

from sharp_cli.datasets.labels import LabelledJoint


def labelled_joint(**changes: Any) -> LabelledJoint:
    known: dict[str, Any] = {
        "line": 2,
        "patient": "p1",
        "study": "s1",
        "image": "",
        "side": "left",
        "finding": "erosion",
        "joint": "CMC1",
        "grade": 0,
        "place": None,
        "patch": "patch.png",
        **changes,
    }
    return LabelledJoint(damaged=bool(known["grade"]), **known)
