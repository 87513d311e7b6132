from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from sharp_cli.core.joints import BOXES, JOINT_GROUPS
from sharp_cli.evaluation import lesions
from sharp_cli.evaluation.lesions import Row
from sharp_cli.inference.classifier import Classifier
from sharp_cli.synthetic.intact_hands import MARGIN, IntactHand
from tests.tiny_findings import PAPERS, network, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side


def bones(seed: int, joint: str) -> NDArray[np.uint16]:
    """Two bright bones with a gap between them, and grain."""
    width, height = (side + 2 * MARGIN for side in BOXES[joint])
    y, x = np.mgrid[:height, :width]
    bone = (abs(x - width / 2) < 70) & (abs(y - height / 2) > 8)
    grain = np.random.default_rng(seed).uniform(0, 8000, (height, width))
    return np.asarray(20000 + 25000 * bone + grain, dtype=np.uint16)


PICTURES: Final[tuple[tuple[str, Side], ...]] = (("a", "left"), ("a", "right"), ("bb", "left"))
JOINTS: Final = ("PIP2", "MCP2", "CMC1", "lunate", "CMC3", "radiocarpal")
"""One of each group."""


def intact(image: str, side: Side, joints: Sequence[str] = JOINTS) -> IntactHand:
    return IntactHand(image, side, {joint: bones(len(image), joint) for joint in joints})


def row(probability: float, grade: int, source: str = "implanted") -> Row:
    return Row(
        "siso", "jsn", "CMC", "CMC3", "untouched" if source == "untouched" else "implanted",
        grade, probability, called=probability >= 0.5,
    )  # fmt: skip


def test_metrics() -> None:
    measured = [row(0.9, 3), row(0.4, 3), row(0.6, 1), row(0.7, 0), row(0.2, 0), row(0.1, 0)]
    measured += [row(0.1, 0, "untouched"), row(0.8, 0, "untouched")]
    found = lesions.summarise(measured)
    assert list(found) == ["siso"]
    assert list(found["siso"]) == ["jsn"]
    assert list(found["siso"]["jsn"]) == ["CMC", "all joints"]
    assert found["siso"]["jsn"]["CMC"] == found["siso"]["jsn"]["all joints"]
    assert found["siso"]["jsn"]["CMC"] == {
        "sensitivity": pytest.approx(2 / 3, abs=1e-4),
        "sensitivity_by_grade": {"1": 1.0, "3": 0.5},
        "specificity": pytest.approx(2 / 3, abs=1e-4),
        "auc": pytest.approx(7 / 9, abs=1e-4),
        "untouched_called_non_intact": 0.5,
        "joints": {"damaged": 3, "intact": 3, "untouched": 2},
    }


@pytest.mark.parametrize(
    ("models", "known", "measured"),
    [
        (PAPERS, JOINT_GROUPS, PAPERS),
        (["mimo-one-hand", "siso", "mimo-time"], JOINT_GROUPS[:2], ["siso", "mimo-one-hand"]),
    ],
)
def test_a_bundle_is_measured_with_all_its_models(
    tmp_path: Path,
    models: Sequence[ModelName],
    known: Sequence[tuple[str, str]],
    measured: Sequence[str],
) -> None:
    made = network(models=models, known=[head for head in JOINT_GROUPS if head in known])
    bundle = write(tmp_path, made.member, size=32)
    hands = [intact("a", "left"), intact("a", "right")]
    found = lesions.measure(bundle.path, hands)
    assert list(found) == list(measured)
    for by_finding in found.values():
        groups = [(finding, group) for finding, one in by_finding.items() for group in one]
        assert [head for head in groups if head[1] != "all joints"] == list(known)
        counts = by_finding["erosion"]["all joints"]["joints"]
        joints = 2 * sum(finding == "erosion" for finding, _ in known)
        assert counts["untouched"] == joints * lesions.UNTOUCHED
        assert counts["damaged"] + counts["intact"] == joints * lesions.WITH_LESIONS


def test_both_hands_of_a_radiograph_make_a_pair(tmp_path: Path) -> None:
    """And a lone hand is paired with itself, but counted once."""
    bundle = write(tmp_path, network(models=["mimo-local"], known=JOINT_GROUPS[:1]).member, size=32)
    hands = [intact(image, side, ["PIP2"]) for image, side in PICTURES]
    rows = list(lesions.rows(Classifier(bundle), hands, seed=3))
    studies = lesions.UNTOUCHED + lesions.WITH_LESIONS
    assert len(rows) == len(hands) * studies
    assert {one.model for one in rows} == {"mimo-local"}
    again = list(lesions.rows(Classifier(bundle), hands, seed=3))
    assert rows == again
    assert sum(one.grade > 0 for one in rows if one.source == "untouched") == 0
    assert 0 < sum(one.grade > 0 for one in rows if one.source == "implanted") < 3 * studies
