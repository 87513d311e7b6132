"""The result document: what every command finds, as flat records.

Numbers are rounded when a record is made, so that every way of writing it holds the same values.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from sharp_cli.core.geometry import from_matrix

# `sharp_cli.results.formats` reads the annotations below: they say what a document may hold.
from sharp_cli.core.inputs import ModelName  # noqa: TC001
from sharp_cli.core.joints import FINDINGS, Finding, Side
from sharp_cli.core.records import (
    Certainty,
    Corners,
    Hand,
    JointStatus,
    Label,
    MissingRule,
    Plane,
    Precision,
    SideSource,
    Status,
)
from sharp_cli.inference.grading import Correlation  # noqa: TC001

Row = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model bundle that was used: its name with its version, the sha256 of its bundle.json."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class InputRow:
    """A radiograph that was read.

    Attributes:
        study: The study it belongs to.
        file: Its path, as the user gave it.
        width: In pixels.
        height: In pixels.
        spacing_mm: Height and width of a pixel in mm; None where the file does not say.
        sha256: Of the file, by which it is recognised.
        sop_instance_sha256: Of its SOPInstanceUID; None where it has none.
        patient: Whose it is, according to a manifest; None without one.
        date: When it was taken, likewise.
        spacing_source: See `records.Spacing`.
        spacing_plane: Likewise.
        pixel_aspect: How many times as high as wide a pixel is.
        day: How many days after the patient's first visit; None where visits have no order.
        manifest_study: What the manifest calls the study; None without one.
        earlier_study: What the manifest calls the study that was classified beside it, as the one
            before; None for none.
    """

    study: str
    file: str
    width: int
    height: int
    spacing_mm: tuple[float, float] | None
    sha256: str
    sop_instance_sha256: str | None
    patient: str | None
    date: str | None
    spacing_source: str | None = None
    spacing_plane: Plane | None = None
    pixel_aspect: float = 1.0
    day: int | None = None
    manifest_study: str | None = None
    earlier_study: str | None = None


@dataclass(frozen=True, slots=True)
class HandRow:
    """A hand that was found; see `records.Hand`. `to_image` is the (2, 3) matrix of its frame."""

    study: str
    file: str
    hand: Side
    side_source: SideSource
    score: float
    to_image: tuple[Row, Row]
    status: Status
    reasons: tuple[str, ...]

    @property
    def record(self) -> Hand:
        """The hand as the stages know it."""
        frame = from_matrix(self.to_image)
        return Hand(
            self.file, self.hand, self.side_source, frame, self.score, self.status, self.reasons
        )


@dataclass(frozen=True, slots=True)
class JointRow:
    """One scored joint of a hand: a row of the CSV.

    Attributes:
        study: The study it belongs to.
        file: Its radiograph, as the user gave it.
        hand: Left or right.
        finding: `erosion` or `jsn`.
        group: Joint group.
        joint: Name of the joint.
        x: Column of its centre in the file's own pixels; None where it was not detected.
        y: Row of its centre.
        box: Corners of its box in the file's own pixels.
        likelihood: Localisation confidence, see `records.Point`.
        probability: Of damage; None before classification.
        label: `intact` or `non-intact`.
        certainty: Of the label, see `records.Classification`; None where the models do not say.
        model: What classified it.
        status: `ok`, `uncertain`, `not-detected`, or `not-assessable` where a reader said so.
        grade: SHS grade, the median among those that the label leaves; None where the models do
            not grade, like the next two.
        expected_grade: The mean of the grades by their probabilities.
        grade_probabilities: Of the grades 0, 1, ...
    """

    study: str
    file: str
    hand: Side
    finding: Finding
    group: str
    joint: str
    x: float | None
    y: float | None
    box: Corners | None
    likelihood: float | None
    probability: float | None
    label: Label | None
    certainty: Certainty | None
    model: ModelName | None
    status: JointStatus
    grade: int | None = None
    expected_grade: float | None = None
    grade_probabilities: tuple[float, ...] | None = None

    @property
    def place_status(self) -> Status:
        """How sure its place is, where it was detected."""
        return "uncertain" if self.status == "uncertain" else "ok"


@dataclass(frozen=True, slots=True)
class PatchRow:
    """Where the patch of one joint lies: a path relative to the document."""

    study: str
    file: str
    hand: Side
    finding: Finding
    joint: str
    patch: str


@dataclass(frozen=True, slots=True)
class WarningRow:
    """Something that was assumed or ignored; `study` is empty where it concerns no study."""

    study: str
    file: str
    message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that gave no result.

    Attributes:
        file: Its path, as the user gave it.
        error: Name of the error.
        reason: What is wrong, and what to do.
    """

    file: str
    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """What one command found.

    Attributes:
        models: The bundles used so far, by kind.
        model: The model that was requested; None before classification.
        validated_on_patients: Whether every bundle used is.
        inputs: The radiographs that gave hands.
        hands: The hands.
        joints: 31 rows a hand.
        patches: The patches, in what `sharp crop` writes.
        warnings: What was assumed or ignored.
        failures: The files that gave no result.
        threshold: Probability from which joints are non-intact; None for the bundle's own.
        precision: Number format that the classifier's trunk computed in.
        thresholds: The bundle's own, by model and `<finding>/<group>`, where labels depend on them.
        prevalence: What probabilities are calibrated to, by `<finding>/<group>`; empty where they
            are not calibrated.
        grade_correlation: How the errors of grades go together, by model, where they are given.
        missing: What totals do about joints without a grade.
        mask_annotations: Whether pictures are black where there is no hand, see `masking`.
    """

    models: dict[str, ModelRow]
    model: ModelName | None
    validated_on_patients: bool
    inputs: tuple[InputRow, ...] = ()
    hands: tuple[HandRow, ...] = ()
    joints: tuple[JointRow, ...] = ()
    patches: tuple[PatchRow, ...] = ()
    warnings: tuple[WarningRow, ...] = ()
    failures: tuple[Failure, ...] = ()
    threshold: float | None = None
    precision: Precision | None = None
    thresholds: dict[str, dict[str, float]] = field(default_factory=dict)
    prevalence: dict[str, float] = field(default_factory=dict)
    grade_correlation: dict[str, Correlation] = field(default_factory=dict)
    missing: MissingRule = "scale"
    mask_annotations: bool = False

    def threshold_of(self, row: JointRow) -> float | None:
        """Probability from which a joint is non-intact; None where that is not known."""
        if self.threshold is not None or row.model is None:
            return self.threshold
        return self.thresholds.get(row.model, {}).get(f"{row.finding}/{row.group}")

    def split(self) -> dict[str, Document]:
        """The part of the document about each study, in order, without the failures."""
        rows: dict[str, dict[str, list[Any]]] = {}
        for name in ("inputs", "hands", "joints", "patches", "warnings"):
            for row in getattr(self, name):
                if name == "inputs" or row.study in rows:
                    rows.setdefault(row.study, {}).setdefault(name, []).append(row)
        bare = replace(self, inputs=(), hands=(), joints=(), patches=(), warnings=(), failures=())
        found = {}
        for study, parts in rows.items():
            own: dict[str, Any] = {name: tuple(part) for name, part in parts.items()}
            found[study] = replace(bare, **own)
        return found


@dataclass(frozen=True, slots=True)
class Count:
    """Number of joints of one hand by label; `uncertain` ones are also counted by their label."""

    study: str
    hand: Side
    finding: Finding
    intact: int
    non_intact: int
    not_detected: int
    uncertain: int
    not_assessable: int = 0

    @property
    def classified(self) -> int:
        """How many joints have a label."""
        return self.intact + self.non_intact


COLUMNS: Final = tuple(field.name for field in fields(JointRow))
"""The columns of the CSV that are those of a joint."""

MANIFEST_COLUMNS: Final = ("patient", "date", "manifest_study", "earlier_study")
"""The further ones, which are those of an input."""

GRADE_COLUMNS: Final = ("grade", "expected_grade", "grade_probabilities")
"""Those of a joint that came last."""

CSV_COLUMNS: Final = (
    *(name for name in COLUMNS if name not in GRADE_COLUMNS),
    *MANIFEST_COLUMNS[:2], *GRADE_COLUMNS, *MANIFEST_COLUMNS[2:],
)  # fmt: skip
"""The columns of the CSV in their order."""


def counts(document: Document) -> tuple[Count, ...]:
    """Count the joints of each hand and finding, in the order of the hands."""
    found = Counter(
        (row.study, row.hand, row.finding, what)
        for row in document.joints
        for what in (row.label, row.status)
    )
    result = []
    for hand in document.hands:
        for finding in FINDINGS:
            numbers = (
                found[hand.study, hand.hand, finding, what]
                for what in ("intact", "non-intact", "not-detected", "uncertain", "not-assessable")
            )
            result.append(Count(hand.study, hand.hand, finding, *numbers))
    return tuple(result)
