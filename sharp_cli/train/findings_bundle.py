"""Make a findings bundle of a trained network, and measure one on intact hands with lesions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score

from sharp_cli.classify import MODELS, WEIGHTS_FILE, Classifier
from sharp_cli.joints import FINDINGS, HEADS, SIDES, TARGETS
from sharp_cli.networks import plain
from sharp_cli.records import Patch
from sharp_cli.registry import CARD_FILE, describe, open_bundle, write_bundle
from sharp_cli.train.joint_patches import SCORED, draw, draw_grades, partner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.joints import Finding, Side
    from sharp_cli.networks import FindingsNetwork
    from sharp_cli.records import ModelName
    from sharp_cli.train.joint_patches import IntactHand

SPECIFICITY: Final = 0.95
"""Share of real, untouched joints of the validation hands that every threshold calls intact."""

WITH_LESIONS: Final = 6
UNTOUCHED: Final = 2
"""Studies drawn of each radiograph, with and without lesions."""

_GROUPS: Final = {(target.finding, target.joint): target.group for target in TARGETS}


@dataclass(frozen=True, slots=True)
class Row:
    """One classified joint whose truth is known.

    Attributes:
        model: The model asked.
        finding: `erosion` or `jsn`.
        group: Joint group.
        joint: Name of the joint.
        source: `untouched` for a real joint as it is, `drawn` for one that may have been given
            a lesion or harmless look-alikes.
        grade: Of the lesion put in, 0 for none.
        probability: The model's.
        called: Whether the bundle's threshold makes it non-intact.
    """

    model: ModelName
    finding: Finding
    group: str
    joint: str
    source: Literal["untouched", "drawn"]
    grade: int
    probability: float
    called: bool


def tensors(network: FindingsNetwork) -> dict[str, NDArray[np.float16]]:
    """The network's weights as a bundle stores them: 16 bit, batch normalisation folded."""
    named = {f"trunk.{name}": value for name, value in plain(network.trunk).state_dict().items()}
    named |= {f"places.{name}": value for name, value in network.places.state_dict().items()}
    named |= {f"heads.{name}": value for name, value in network.heads.state_dict().items()}
    return {name: value.cpu().numpy().astype(np.float16) for name, value in named.items()}


def export(
    network: FindingsNetwork,
    folder: Path,
    *,
    size: int,
    validation: Sequence[IntactHand],
    test: Sequence[IntactHand],
    trained_on: str,
) -> dict[str, Any]:
    """Write a bundle: weights, thresholds from the validation hands, card from the test hands.

    Args:
        network: The trained network.
        folder: The bundle's folder, whose name becomes its name.
        size: Width and height of the network's input.
        validation: Hands that thresholds are chosen on.
        test: Hands that nothing was chosen on.
        trained_on: Whose hands they all are, in words.

    Returns:
        The figures, as in `figures`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors(network), folder / WEIGHTS_FILE)
    (folder / WEIGHTS_FILE).chmod(0o644)  # safetensors leaves it to its owner alone
    half = {model: {"/".join(head): 0.5 for head in HEADS} for model in MODELS}
    meta: dict[str, Any] = {
        **describe(folder, "findings"),
        "architecture": (
            "VGG16 convolutional trunk shared by all heads; mean and maximum of its last maps and "
            "the maximum of a map of damage a finding, drawn from its fourth block; and two fully "
            "connected layers for each finding, joint group and model"
        ),
        "input": {"size": size, "normalisation": "mean 0 and standard deviation 1 a patch"},
        "trained_on": f"intact joints, with synthetic lesions, of {trained_on}",
        "thresholds": half,
    }
    write_bundle(folder, meta, [WEIGHTS_FILE])
    classifier = Classifier(open_bundle("findings", folder), device="cpu")
    meta["thresholds"] = thresholds(list(rows(classifier, validation, seed=2)))
    write_bundle(folder, meta, [WEIGHTS_FILE])
    measured = measure(folder, test)
    meta["figures"] = measured
    (folder / CARD_FILE).write_text(_card(meta), encoding="utf-8")
    write_bundle(folder, meta, [WEIGHTS_FILE])
    return measured


def measure(folder: Path, hands: Sequence[IntactHand]) -> dict[str, Any]:
    """The figures of a bundle on hands; the same hands give the same figures."""
    classifier = Classifier(open_bundle("findings", folder))
    return figures(list(rows(classifier, hands, seed=3)))


def rows(classifier: Classifier, hands: Sequence[IntactHand], *, seed: int) -> Iterator[Row]:
    """Classify joints of intact hands, as they are and with lesions put in.

    The other hand of the same radiograph makes the pair; where there is none, the same hand,
    drawn differently, stands in for it, and only the real one is counted.
    """
    rng = np.random.default_rng(seed)
    for hand in hands:
        other = partner(hand, hands)
        if other is not None and hand.side == SIDES[1]:
            continue  # seen with its partner
        pair = {hand.side: hand, next(s for s in SIDES if s != hand.side): other or hand}
        counted = set(SIDES) if other else {hand.side}
        for number in range(UNTOUCHED + WITH_LESIONS):
            touch = number >= UNTOUCHED
            study, truth = _study(pair, counted, rng, touch=touch)
            features = classifier.features(study)
            for model in MODELS:
                for result in classifier.decide(features, model):
                    if result.side in counted:
                        yield Row(
                            model,
                            result.finding,
                            _GROUPS[result.finding, result.joint],
                            result.joint,
                            "drawn" if touch else "untouched",
                            truth[result.side, result.finding, result.joint],
                            result.probability, result.label == "non-intact",
                        )  # fmt: skip


def _study(
    pair: Mapping[Side, IntactHand],
    real: set[Side],
    rng: np.random.Generator,
    *,
    touch: bool,
) -> tuple[dict[Side, list[Patch]], dict[tuple[Side, Finding, str], int]]:
    """Patches of both hands, and the grade of each."""
    study: dict[Side, list[Patch]] = {side: [] for side in SIDES}
    truth: dict[tuple[Side, Finding, str], int] = {}
    for joint, findings in SCORED.items():
        for side, drawn in zip(SIDES, draw_grades(joint, rng), strict=True):
            if joint not in pair[side].regions:
                continue
            grades = drawn if touch else dict.fromkeys(findings, 0)
            vary = side not in real
            pixels = draw(pair[side], joint, grades, rng, vary=vary, touch=touch).pixels
            for finding in findings:
                study[side].append(Patch(finding, joint, pixels, ()))
                truth[side, finding, joint] = grades[finding]
    return study, truth


def thresholds(measured: Sequence[Row]) -> dict[str, dict[str, float]]:
    """By model and head the threshold with the best F-measure among those that are specific.

    Specific means: of the real, untouched joints of the head's group at least `SPECIFICITY` are
    called intact. Where a head cannot tell lesions apart at that, it stays silent rather than
    wrong.
    """
    chosen: dict[str, dict[str, float]] = {model: {} for model in MODELS}
    for model in MODELS:
        for finding, group in HEADS:
            mine = [r for r in measured if (r.model, r.finding, r.group) == (model, finding, group)]
            untouched = [r.probability for r in mine if r.source == "untouched"]
            drawn = np.array([(r.probability, r.grade > 0) for r in mine if r.source == "drawn"])
            lowest = float(np.quantile(untouched, SPECIFICITY, method="higher")) + 1e-6
            candidates = [lowest, *(float(p) for p in drawn[:, 0] if p > lowest)]
            best = max(candidates, key=lambda t: _f_measure(drawn[:, 0] >= t, drawn[:, 1] > 0))
            chosen[model][f"{finding}/{group}"] = round(best, 6)
    return chosen


def _f_measure(called: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (called & truth).sum() / max(called.sum() + truth.sum(), 1))


def figures(measured: Sequence[Row]) -> dict[str, Any]:
    """Sensitivity, specificity and more, by model, finding and group or `all joints`."""
    result: dict[str, Any] = {}
    for model in MODELS:
        for finding in FINDINGS:
            groups = [group for known, group in HEADS if known == finding]
            mine = [row for row in measured if (row.model, row.finding) == (model, finding)]
            result.setdefault(model, {})[finding] = {
                group: _figures([row for row in mine if row.group == group]) for group in groups
            } | {"all joints": _figures(mine)}
    return result


def _figures(measured: Sequence[Row]) -> dict[str, Any]:
    drawn = [row for row in measured if row.source == "drawn"]
    damaged = [row for row in drawn if row.grade]
    intact = [row for row in drawn if not row.grade]
    untouched = [row for row in measured if row.source == "untouched"]
    grades = sorted({row.grade for row in damaged})
    return {
        "sensitivity": _share(damaged),
        "sensitivity_by_grade": {
            str(grade): _share([row for row in damaged if row.grade == grade]) for grade in grades
        },
        "specificity": round(1 - _share(intact), 4),
        "auc": round(
            float(roc_auc_score([row.grade > 0 for row in drawn], [r.probability for r in drawn])),
            4,
        ),
        "untouched_called_non_intact": _share(untouched),
        "joints": {"damaged": len(damaged), "intact": len(intact), "untouched": len(untouched)},
    }


def _share(measured: Sequence[Row]) -> float:
    return round(float(np.mean([row.called for row in measured])), 4)


def table(measured: Mapping[str, Any]) -> str:
    """Figures as a Markdown table."""
    lines = [
        (
            "| model | finding | group | sensitivity | by grade 1, 2, … | specificity | AUC "
            "| untouched joints called non-intact |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for model, by_finding in measured.items():
        for finding, by_group in by_finding.items():
            for group, one in by_group.items():
                grades = " ".join(f"{share:.2f}" for share in one["sensitivity_by_grade"].values())
                lines.append(
                    f"| {model} | {finding} | {group} | {one['sensitivity']:.2f} | {grades} "
                    f"| {one['specificity']:.2f} | {one['auc']:.3f} "
                    f"| {100 * one['untouched_called_non_intact']:.1f} % "
                    f"of {one['joints']['untouched']} |"
                )
    return "\n".join(lines)


def _card(meta: Mapping[str, Any]) -> str:
    return f"""# {meta["name"]} {meta["version"]}

Classifies joints on hand radiographs as intact or non-intact: erosion in 16, joint space narrowing
in 15 joints a hand, from one joint (`siso`) or from the same joint of both hands (`mimo-local`).

**For research only. Not validated on patients: it has never been measured on radiographs of people
with rheumatoid arthritis, and its figures below say nothing about them.**

- **Network**: {meta["architecture"]}. Input {meta["input"]["size"]}x{meta["input"]["size"]},
  {meta["input"]["normalisation"]}. Trained from random weights with batch normalisation, which is
  folded into the convolutions; stored in 16 bit, run in 32 bit.
- **Data**: {meta["trained_on"]}.
  Erosions and narrowed joint spaces were put in by `sharp_cli.lesions`; harmless look-alikes were
  put into intact joints. Every fourth radiograph was held out for the figures below, and every
  fifth of the rest chose the thresholds and the network.
- **Pairs**: most radiographs show one hand. There, the same hand, drawn differently, stood in for
  the other one, so `mimo-local` has seen hands that are more alike than a patient's are.
- **Thresholds**: for each head the best F-measure on the validation hands among the thresholds that
  call at least {100 * SPECIFICITY:.0f} % of their real, untouched joints intact.
- **Limits**: the lesions are drawn, not seen; the grades of the synthetic lesions are a
  choice made by eye. Which errors to expect on patients' hands is unknown.
- **Licence**: {meta["licence"]}.

## Figures
Held-out radiographs, patches cut with the detector's errors, lesions drawn at random (half of the
joints, all grades alike often). The share of untouched joints is of real joints as they are.

{table(meta["figures"])}

Made by `sharp evaluate lesions IMAGES JOINTS.csv --held-out`.
"""
