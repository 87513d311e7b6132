"""Documents from what the stages give: studies, classifications, models; and points back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.core.inputs import FALLBACKS, Input, input_set
from sharp_cli.core.joints import TARGETS
from sharp_cli.core.records import Point
from sharp_cli.inference.crop import corners
from sharp_cli.inference.grading import grade, read_correlations
from sharp_cli.inference.score_calibration import shown_probability, shown_thresholds
from sharp_cli.results.document import Document, HandRow, InputRow, JointRow, ModelRow, WarningRow

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName, PatchKey
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import Classification, Hand, JointStatus, MissingRule, Precision
    from sharp_cli.results.document import Failure
    from sharp_cli.results.study_records import DetectedHand, DetectedRadiograph, Study

PROBABILITY_DECIMALS: Final = 4
_ASPECT_DECIMALS: Final = 6


def assemble(
    studies: Sequence[Study], warnings: Sequence[WarningRow], failures: Sequence[Failure]
) -> Document:
    """The document of some studies, before classification; `with_models` adds the models."""
    radiographs = [(study, one) for study in studies for one in study.radiographs]
    hands = [(study.name, detected) for study, one in radiographs for detected in one.hands]
    return Document(
        models={},
        model=None,
        validated_on_patients=False,
        inputs=tuple(_input_row(study, one) for study, one in radiographs),
        hands=tuple(_hand_row(name, detected.hand) for name, detected in hands),
        joints=tuple(row for name, detected in hands for row in _joint_rows(name, detected)),
        warnings=(
            *warnings,
            *(
                WarningRow(study.name, one.file, text)
                for study, one in radiographs
                for text in one.warnings
            ),
        ),
        failures=tuple(failures),
    )


def points_of(document: Document, hand: HandRow) -> list[Point]:
    """The detected points of one hand of a document."""
    points = {
        row.joint: Point(
            row.joint,
            row.x,
            row.y,
            row.likelihood,
            row.place_status,
        )
        for row in document.joints
        if (row.study, row.hand) == (hand.study, hand.hand)
        # A detected joint has all three; asking for each is what the type checker needs.
        and row.x is not None
        and row.y is not None
        and row.likelihood is not None
    }
    return list(points.values())


def with_models(
    document: Document, *bundles: Bundle, precision: Precision | None = None
) -> Document:
    """The document with further bundles that it was made with."""
    used = {bundle.kind: ModelRow(bundle.name, bundle.sha256) for bundle in bundles}
    validated = all(bundle.validated_on_patients for bundle in bundles)
    thresholds, correlation = document.thresholds, document.grade_correlation
    for bundle in bundles:
        if bundle.kind != "findings" or not document.model:
            continue
        asked = (document.model, FALLBACKS.get(document.model, document.model))
        correlations = read_correlations(bundle.meta)
        correlation = {model: correlations[model] for model in asked if model in correlations}
        if document.threshold is None:
            thresholds = {
                model: _thresholds(bundle, model, document.prevalence)
                for model in asked
                if model in bundle.meta["thresholds"]
            }
    return replace(
        document,
        models=document.models | used,
        precision=precision or document.precision,
        thresholds=thresholds,
        grade_correlation=correlation,
        validated_on_patients=validated and (document.validated_on_patients or not document.models),
    )


def with_results(
    document: Document,
    results: Mapping[str, Sequence[Classification]],
    model: ModelName,
    threshold: float | None,
    prevalence: Prevalence | None = None,
    *,
    missing: MissingRule = "scale",
    earlier: Mapping[str, Document] | None = None,
) -> Document:
    """The document with the classifications of each study, and warnings of missing inputs.

    Args:
        document: Their detected joints.
        results: By study.
        model: What was asked for, like the next two; see `stages.Scoring`.
        threshold: See there.
        prevalence: See there.
        missing: See there.
        earlier: The joints detected in the study before, by the study that it is before.
    """
    found = {
        (study, each.side, each.finding, each.joint): each
        for study, result in results.items()
        for each in result
    }
    joints = []
    for row in document.joints:
        each = found.get((row.study, row.hand, row.finding, row.joint))
        if each is None:
            joints.append(row)
            continue
        probability = (
            round(each.probability, PROBABILITY_DECIMALS)
            if prevalence is None
            else shown_probability(each.probability, each.label)
        )
        joints.append(
            replace(
                row,
                probability=probability,
                label=each.label,
                certainty=each.certainty,
                model=each.model,
                **_grade(each, probability),
            )
        )
    return replace(
        document,
        model=model,
        threshold=threshold,
        prevalence={"/".join(head): one for head, one in (prevalence or {}).items()},
        missing=missing,
        joints=tuple(joints),
        warnings=(*document.warnings, *_lacks(joints, model, earlier or {}), *_unlike(joints)),
    )


def _grade(each: Classification, probability: float) -> dict[str, Any]:
    """The fields of a joint's grade, which agree with its probability as it is shown."""
    if not each.at_least:
        return {}
    scale = probability / each.probability if each.probability else 0.0
    given = [round(one * scale, PROBABILITY_DECIMALS) for one in each.at_least[1:]]
    limits = [1.0, probability, *given, 0.0]
    return {
        "grade": grade(each.at_least, damaged=each.label == "non-intact"),
        "expected_grade": round(sum(limits[1:]), PROBABILITY_DECIMALS),
        "grade_probabilities": tuple(
            round(lower - higher, PROBABILITY_DECIMALS) for lower, higher in pairwise(limits)
        ),
    }


def _unlike(joints: Iterable[JointRow]) -> Iterator[WarningRow]:
    """A warning for each study with joints that are unlike anything learned."""
    found: dict[str, list[JointRow]] = defaultdict(list)
    for row in joints:
        if row.certainty == "unlike":
            found[row.study].append(row)
    for study, rows in found.items():
        named = ", ".join(f"{row.hand} {row.joint} ({row.finding})" for row in rows)
        text = "unlike anything that the models learned from, so do not rely on their labels"
        yield WarningRow(study, rows[0].file, f"{text}: {named}")


def _thresholds(
    bundle: Bundle, model: ModelName, prevalence: Mapping[str, float]
) -> dict[str, float]:
    """The thresholds of a model by `<finding>/<group>`, as its probabilities are compared to."""
    if not prevalence:
        return dict(bundle.meta["thresholds"][model])
    return shown_thresholds(bundle.meta, model, prevalence)


def _lacks(
    joints: Sequence[JointRow], model: ModelName, earlier: Mapping[str, Document]
) -> Iterator[WarningRow]:
    """A warning for each way in which a hand was not classified as requested."""
    seen: dict[str, dict[PatchKey, JointStatus]] = defaultdict(dict)
    for row in joints:
        if row.model:
            seen[row.study][row.finding, Input(row.hand, row.joint)] = row.status
    for study, before in earlier.items():
        for row in before.joints:
            if row.status in ("ok", "uncertain"):
                seen[study][row.finding, Input(row.hand, row.joint, earlier=True)] = row.status
    remarks: dict[tuple[str, str, str], dict[str, None]] = {}
    for row in joints:
        for text, what in _remarks(row, model, seen[row.study]):
            remarks.setdefault((row.study, row.file, f"{row.hand} hand: {text}"), {})[what] = None
    for (study, file, text), joints_ in remarks.items():
        what = "all its joints" if len(joints_) == len(TARGETS) else ", ".join(joints_)
        yield WarningRow(study, file, f"{text}: {what}")


def _remarks(
    row: JointRow, model: ModelName, seen: Mapping[PatchKey, JointStatus]
) -> Iterator[tuple[str, str]]:
    """Remarks on one joint, and what they are about.

    Args:
        row: The joint.
        model: What was asked for.
        seen: The status of each joint of its study, and of the one before, that was at hand.
    """
    joint = f"{row.joint} ({row.finding})"
    if row.model is None:
        if row.status not in ("not-detected", "not-assessable"):
            yield f"not classified, which {model} has not learned", joint
        return
    own = Input(row.hand, row.joint)
    hands = {(one.earlier, one.side) for _, one in seen}
    followed = any(earlier for earlier, _ in hands)
    if row.model != model:
        lack = "the other hand's joints are missing"
        if model == "mimo-time":
            lack = "the earlier study lacks joints" if followed else "there is no earlier study"
        yield f"{row.model}, not {model}, where {lack}", joint
    for one in input_set(row.model, row.finding, row.group, own):
        status = seen.get((row.finding, one))
        hand = f"earlier {one.side}" if one.earlier else one.side
        what = f"{hand} {one.joint} ({row.finding})"
        if one.earlier and not followed:
            yield f"{row.model} did without", "the earlier study"
        elif (one.earlier, one.side) not in hands:
            yield f"{row.model} did without", f"the {hand} hand"
        elif status is None:
            yield f"{row.model} did without", what
        elif status == "uncertain" and one != own:
            yield f"{row.model} did without, as it is uncertain where these are", what


def with_studies(document: Document, studies: Iterable[Document]) -> Document:
    """The document with the rows of other documents after its own; it keeps its own failures."""
    parts = [document, *studies]
    rows: dict[str, Any] = {
        name: tuple(row for part in parts for row in getattr(part, name))
        for name in ("inputs", "hands", "joints", "patches", "warnings")
    }
    return replace(document, **rows)


def keep(
    document: Document, files: Container[tuple[str, str]], failures: Sequence[Failure]
) -> Document:
    """The part of a document about some (study, file), with further failures."""
    return replace(
        document,
        inputs=tuple(row for row in document.inputs if (row.study, row.file) in files),
        hands=tuple(row for row in document.hands if (row.study, row.file) in files),
        joints=tuple(row for row in document.joints if (row.study, row.file) in files),
        patches=tuple(row for row in document.patches if (row.study, row.file) in files),
        warnings=tuple(
            row for row in document.warnings if not row.study or (row.study, row.file) in files
        ),
        failures=(*document.failures, *failures),
    )


def _input_row(study: Study, one: DetectedRadiograph) -> InputRow:
    size = one.spacing
    return InputRow(
        study=study.name,
        file=one.file,
        width=one.width,
        height=one.height,
        spacing_mm=None if size is None else (size.height, size.width),
        spacing_source=None if size is None else size.source,
        spacing_plane=None if size is None else size.plane,
        pixel_aspect=round(one.aspect, _ASPECT_DECIMALS),
        sha256=one.sha256,
        sop_instance_sha256=one.object_sha256,
        patient=study.patient,
        date=study.date,
        day=study.day,
        manifest_study=study.manifest_study,
        earlier_study=study.earlier_study,
    )


def _hand_row(study: str, hand: Hand) -> HandRow:
    a, b, c, d, e, f = astuple(hand.to_image)
    matrix = ((a, b, c), (d, e, f))
    return HandRow(
        study=study,
        file=hand.file,
        hand=hand.side,
        side_source=hand.side_source,
        score=hand.score,
        to_image=matrix,
        status=hand.status,
        reasons=hand.reasons,
    )


def _joint_rows(study: str, detected: DetectedHand) -> Iterator[JointRow]:
    at = {point.joint: point for point in detected.points}
    for target in TARGETS:
        point = at.get(target.joint)
        yield JointRow(
            study=study,
            file=detected.hand.file,
            hand=detected.hand.side,
            finding=target.finding,
            group=target.group,
            joint=target.joint,
            x=point.x if point else None,
            y=point.y if point else None,
            box=corners(detected.hand, point, target.box) if point else None,
            likelihood=point.likelihood if point else None,
            probability=None,
            label=None,
            certainty=None,
            model=None,
            status=point.status if point else "not-detected",
        )
