"""Measure a findings bundle on intact hands, as they are and with lesions put in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from sklearn.metrics import roc_auc_score

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.inputs import MODELS
from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS, SCORED_FINDINGS, SIDES, TARGET_OF
from sharp_cli.core.records import Patch
from sharp_cli.inference.classifier import Classifier
from sharp_cli.synthetic.intact_hands import other_hand
from sharp_cli.synthetic.joint_patches import generate_patch, random_grades

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.synthetic.intact_hands import IntactHand

WITH_LESIONS: Final = 6
UNTOUCHED: Final = 2
"""Studies generated from each radiograph, with and without lesions."""

_ALL: Final = "all joints"


@dataclass(frozen=True, slots=True)
class Row:
    """One classified joint whose truth is known.

    Attributes:
        model: The model.
        finding: `erosion` or `jsn`.
        group: Joint group.
        joint: Name of the joint.
        source: `untouched` for a real joint as it is, `implanted` for one that may have been given
            a lesion or look-alikes.
        grade: Of the lesion put in, 0 for none.
        probability: The model's.
        called: Whether the bundle's threshold makes it non-intact.
    """

    model: ModelName
    finding: Finding
    group: str
    joint: str
    source: Literal["untouched", "implanted"]
    grade: int
    probability: float
    called: bool


def measure(folder: Path, hands: Sequence[IntactHand]) -> dict[str, Any]:
    """The metrics of a bundle on hands; the same hands give the same metrics."""
    classifier = Classifier(open_bundle("findings", folder))
    return summarise(list(rows(classifier, hands, seed=3)))


def rows(classifier: Classifier, hands: Sequence[IntactHand], *, seed: int) -> Iterator[Row]:
    """Classify joints of intact hands, as they are and with lesions put in.

    The other hand of the same radiograph makes the pair; where there is none, another version of
    the same hand stands in for it, and only the real one is counted. The model that uses an earlier
    study is excluded: there is none.
    """
    models = [model for model in classifier.models if model != "mimo-time"]
    rng = np.random.default_rng(seed)
    for hand in hands:
        other = other_hand(hand, hands)
        if other is not None and hand.side == SIDES[1]:
            continue  # measured with its partner
        pair = {hand.side: hand, next(s for s in SIDES if s != hand.side): other or hand}
        counted = set(SIDES) if other else {hand.side}
        for number in range(UNTOUCHED + WITH_LESIONS):
            implanted = number >= UNTOUCHED
            study, truth = _study(pair, counted, rng, implanted=implanted)
            (features,) = classifier.extract_features([study], models)
            for model in models:
                for result in classifier.classify_features(features, model):
                    if result.side in counted:
                        yield Row(
                            model,
                            result.finding,
                            TARGET_OF[result.finding, result.joint].group,
                            result.joint,
                            "implanted" if implanted else "untouched",
                            truth[result.side, result.finding, result.joint],
                            result.probability, result.label == "non-intact",
                        )  # fmt: skip


def _study(
    pair: Mapping[Side, IntactHand],
    real: set[Side],
    rng: np.random.Generator,
    *,
    implanted: bool,
) -> tuple[dict[Side, list[Patch]], dict[tuple[Side, Finding, str], int]]:
    """Patches of both hands, and the grade of each."""
    study: dict[Side, list[Patch]] = {side: [] for side in SIDES}
    truth: dict[tuple[Side, Finding, str], int] = {}
    for joint, findings in SCORED_FINDINGS.items():
        for side, lesions in zip(SIDES, random_grades(joint, rng), strict=True):
            if joint not in pair[side].regions:
                continue
            grades = lesions if implanted else dict.fromkeys(findings, 0)
            augment = side not in real
            pixels = generate_patch(
                pair[side], joint, grades, rng, augment=augment, look_alikes=implanted
            ).pixels
            for finding in findings:
                study[side].append(Patch(finding, joint, pixels, ()))
                truth[side, finding, joint] = grades[finding]
    return study, truth


def summarise(measured: Sequence[Row]) -> dict[str, Any]:
    """Sensitivity, specificity and more, by model, finding and group or `all joints`."""
    cells: dict[tuple[ModelName, Finding, str], list[Row]] = defaultdict(list)
    for row in measured:
        cells[row.model, row.finding, row.group].append(row)
        cells[row.model, row.finding, _ALL].append(row)
    result: dict[str, Any] = {}
    for model in MODELS:
        for finding in FINDINGS:
            for group in (*(group for known, group in JOINT_GROUPS if known == finding), _ALL):
                if mine := cells.get((model, finding, group)):
                    of_finding = result.setdefault(model, {}).setdefault(finding, {})
                    of_finding[group] = _metrics(mine)
    return result


def _metrics(measured: Sequence[Row]) -> dict[str, Any]:
    implanted = [row for row in measured if row.source == "implanted"]
    damaged = [row for row in implanted if row.grade]
    intact = [row for row in implanted if not row.grade]
    untouched = [row for row in measured if row.source == "untouched"]
    grades = sorted({row.grade for row in damaged})
    return {
        "sensitivity": _called_fraction(damaged),
        "sensitivity_by_grade": {
            str(grade): _called_fraction([row for row in damaged if row.grade == grade])
            for grade in grades
        },
        "specificity": round(1 - _called_fraction(intact), 4),
        "auc": round(
            float(
                roc_auc_score(
                    [row.grade > 0 for row in implanted], [r.probability for r in implanted]
                )
            ),
            4,
        ),
        "untouched_called_non_intact": _called_fraction(untouched),
        "joints": {"damaged": len(damaged), "intact": len(intact), "untouched": len(untouched)},
    }


def _called_fraction(measured: Sequence[Row]) -> float:
    return round(float(np.mean([row.called for row in measured])), 4)
