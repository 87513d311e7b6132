"""The order of the stages: the same result in one command and step by step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from sharp_cli.bundles.store import Bundle
from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import JOINT_GROUPS, TARGETS
from sharp_cli.core.records import Classification
from sharp_cli.inference.score_calibration import Calibration
from sharp_cli.results import overlay
from sharp_cli.results.assemble import points_of, with_models, with_results
from sharp_cli.results.formats import from_json, to_json
from sharp_cli.results.run import Run
from sharp_cli.scoring import steps
from sharp_cli.scoring.detection import _warn_of_joints, detect_group, hand_pixels
from sharp_cli.scoring.groups import Group
from sharp_cli.scoring.joints import ANATOMY_ALONE
from tests import dicom_files
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder, paint, score_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Target
    from sharp_cli.core.records import Hand, Label, Patch, Radiograph
    from sharp_cli.results.document import Document, PatchRow, WarningRow


def score(
    *files: Path | str,
    model: ModelName = "mimo-local",
    threshold: float | None = None,
    strict: bool = False,
) -> tuple[Document, Run]:
    run = Run()
    document = score_files(*files, model=model, threshold=threshold, strict=strict, run=run)
    return document, run


def by_steps(
    *files: Path,
    model: ModelName = "mimo-local",
    threshold: float | None = None,
    strict: bool = False,
) -> tuple[Document, Run]:
    kept: dict[str, np.ndarray] = {}

    def save(row: PatchRow, patch: Patch) -> None:
        assert row.patch not in kept
        kept[row.patch] = patch.pixels

    run = Run()
    found = steps.detect([str(file) for file in files], FakeFinder(), FakeDetector(), run)
    cut = steps.crop(from_json(to_json(found), "x"), save, Run())
    run = Run()
    document = steps.classify(
        from_json(to_json(cut), "x"),
        lambda row: kept[row.patch],
        FakeClassifier(),
        run,
        model=model,
        threshold=threshold,
        strict=strict,
    )
    return document, run


def said_of(document: Document) -> list[WarningRow]:
    """The warnings but for that of sides which only the anatomy gives, as it does here."""
    return [warning for warning in document.warnings if warning.message != ANATOMY_ALONE]


def test_two_hands_give_62_results(tmp_path: Path) -> None:
    document, run = score(paint(tmp_path / "two.png"))
    assert len(document.joints) == 62
    assert {row.model for row in document.joints} == {"mimo-local"}
    assert {row.study for row in document.joints} == {"two"}
    assert not run.failures
    assert not said_of(document)


def test_step_by_step_gives_what_score_gives(tmp_path: Path) -> None:
    names = ("two", "p_L", "none", "guess_L", "p_R", "gap", "odd", "broken")
    files = [paint(tmp_path / f"{name}.png", seed=at) for at, name in enumerate(names)]
    files[-1].write_bytes(b"no picture")
    whole, run = score(*files)
    assert [failure.error for failure in run.failures] == ["NoHandError", "RadiographError"]
    assert whole.failures == tuple(run.failures)
    stepwise, run = by_steps(*files)
    assert not run.failures
    assert to_json(stepwise) == to_json(whole)
    assert [row.study for row in whole.inputs] == ["two", "p", "p", "guess_L", "gap", "odd"]


def test_a_lone_hand_falls_back_to_siso_with_one_warning(tmp_path: Path) -> None:
    document, _ = score(paint(tmp_path / "hand_L.png"))
    assert {row.model for row in document.joints} == {"siso"}
    assert [warning.message for warning in said_of(document)] == [
        "left hand: siso, not mimo-local, where the other hand's joints are missing: all its joints"
    ]
    document, _ = score(paint(tmp_path / "hand_L.png"), model="siso")
    assert not said_of(document)


def test_a_missing_joint_is_an_empty_row_and_its_partner_falls_back(tmp_path: Path) -> None:
    files = [paint(tmp_path / name) for name in ("gap-left.png", "x-right.png")]
    document, _ = score(*files)
    missing = next(row for row in document.joints if row.status == "not-detected")
    assert (missing.hand, missing.joint, missing.x, missing.label) == ("left", "lunate", None, None)
    fallen = [row for row in document.joints if row.model == "siso"]
    assert [(row.hand, row.joint) for row in fallen] == [("right", "lunate")]
    assert [warning.message for warning in said_of(document)] == [
        "left hand: not detected: lunate",
        "right hand: siso, not mimo-local, where the other hand's joints are missing: lunate (erosion)",  # noqa: E501
    ]


def test_a_missing_joint_is_reported_where_others_are_looked_at_without_it(tmp_path: Path) -> None:
    files = [paint(tmp_path / name) for name in ("gap-left.png", "x-right.png")]
    document, _ = score(*files, model="mimo-one-hand")
    assert [warning.message for warning in said_of(document)] == [
        "left hand: not detected: lunate",
        "left hand: mimo-one-hand did without: left lunate (erosion)",
    ]
    document, _ = score(*files, model="mimo-both-hands")
    assert [(Path(one.file).name, one.message) for one in said_of(document)] == [
        ("gap-left.png", "left hand: not detected: lunate"),
        ("gap-left.png", "left hand: mimo-both-hands did without: left lunate (erosion)"),
        ("x-right.png", "right hand: mimo-both-hands did without: left lunate (erosion)"),
    ]


def test_both_hands_fall_back_to_one(tmp_path: Path) -> None:
    document, _ = score(paint(tmp_path / "gap.png"), model="mimo-both-hands")
    assert {row.model for row in document.joints} == {"mimo-one-hand", None}
    warnings = [warning.message for warning in said_of(document)]
    assert (
        "mimo-one-hand, not mimo-both-hands, where the other hand's joints are missing"
        in warnings[1]
    )
    assert warnings[2] == "right hand: mimo-one-hand did without: right lunate (erosion)"


def lone(model: ModelName, *, joints: Sequence[Target] = TARGETS) -> list[Classification]:
    return [Classification("left", t.finding, t.joint, 0.5, "intact", model) for t in joints]


def test_a_bundle_that_has_no_fallback_does_without_the_other_hand(tmp_path: Path) -> None:
    file = str(paint(tmp_path / "x_L.png"))
    found = steps.detect([file], FakeFinder(), FakeDetector(), Run())
    document = with_results(found, {"x_L": lone("mimo-local")}, "mimo-local", None)
    (warning,) = said_of(document)
    assert warning.message == "left hand: mimo-local did without: the right hand"


@pytest.mark.parametrize(
    ("used", "told"),
    [
        ("siso", "siso, not mimo-time, where there is no earlier study: all its joints"),
        ("mimo-time", "mimo-time did without: the earlier study"),
    ],
)
def test_mimo_time_without_an_earlier_study_is_reported(
    tmp_path: Path, used: ModelName, told: str
) -> None:
    found = steps.detect([str(paint(tmp_path / "x_L.png"))], FakeFinder(), FakeDetector(), Run())
    document = with_results(found, {"x_L": lone(used)}, "mimo-time", None)
    assert [one.message for one in said_of(document)] == [f"left hand: {told}"]


def test_joints_that_the_bundle_does_not_know_are_reported(tmp_path: Path) -> None:
    file = str(paint(tmp_path / "x_L.png"))
    found = steps.detect([file], FakeFinder(), FakeDetector(), Run())
    known = [target for target in TARGETS if (target.finding, target.group) != ("jsn", "CMC")]
    document = with_results(found, {"x_L": lone("siso", joints=known)}, "siso", None)
    assert [row.joint for row in document.joints if row.label is None] == ["CMC3", "CMC4", "CMC5"]
    (warning,) = said_of(document)
    assert warning.message.endswith("siso has not learned: CMC3 (jsn), CMC4 (jsn), CMC5 (jsn)")
    assert from_json(to_json(document), "x") == document


@pytest.mark.parametrize("way", [score, by_steps])
def test_a_threshold_is_for_all_joints_and_is_noted(tmp_path: Path, way: object) -> None:
    file = paint(tmp_path / "two.png")
    assert callable(way)
    document, _ = way(file)
    assert document.threshold is None
    document, _ = way(file, threshold=0.0)
    assert {row.label for row in document.joints} == {"non-intact"}
    assert document.split()["two"].threshold == document.threshold == 0.0
    assert from_json(to_json(document), "x") == document


def test_what_is_uncertain_is_classified_and_warned_of(tmp_path: Path) -> None:
    document, _ = score(paint(tmp_path / "odd.png"), model="siso")
    hand = document.hands[0]
    assert (hand.status, hand.reasons) == ("uncertain", ("cut off", "odd"))
    unsure = [row for row in document.joints if row.status == "uncertain"]
    assert [row.joint for row in unsure] == ["lunate"]
    assert unsure[0].label is not None
    assert {row.status for row in document.joints if row.joint != "lunate"} == {"ok"}
    assert [warning.message for warning in said_of(document)] == [
        "right hand: uncertain: cut off, odd; check the overlay",
        "right hand: uncertain where these are: lunate; check the overlay",
    ]


def test_a_hand_of_few_pixels_is_warned_of(tmp_path: Path) -> None:
    file = paint(tmp_path / "x_L.png")
    document, _ = score(file, model="siso")
    assert not said_of(document)
    (hand,) = (row.record for row in document.hands)
    size = hand_pixels(hand)
    coarse = replace(hand, to_image=hand.to_image.after(similarity(scale=399 / size)))
    (told,) = _warn_of_joints(coarse, points_of(document, document.hands[0]))
    assert told.startswith("left hand: only about 399 px long, and below 400 px a radiograph is")


def test_a_partner_that_is_uncertain_is_done_without_and_named(tmp_path: Path) -> None:
    files = [paint(tmp_path / name) for name in ("odd-left.png", "x-right.png")]
    document, _ = score(*files)
    assert {row.model for row in document.joints} == {"mimo-local"}
    assert [one.message for one in said_of(document) if one.message.startswith("right")] == [
        "right hand: mimo-local did without, as it is uncertain where these are: left lunate (erosion)"  # noqa: E501
    ]
    document, _ = score(*files, model="mimo-both-hands")
    assert (
        "right hand: mimo-both-hands did without, as it is uncertain where these are: "
        "left lunate (erosion)"
    ) in [one.message for one in said_of(document)]
    _, run = score(*files, strict=True)
    assert "is not sure where it is (left lunate)" in run.failures[0].reason
    document, _ = score(*files, strict=True, model="siso")
    assert len(document.joints) == 62


@pytest.mark.parametrize("way", [score, by_steps])
def test_strict_fails_a_study_that_lacks_an_input(tmp_path: Path, way: object) -> None:
    files = [paint(tmp_path / name) for name in ("two.png", "lone_L.png", "gap.png")]
    assert callable(way)
    document, run = way(*files, strict=True)
    assert [row.study for row in document.inputs] == ["two"]
    assert [failure.error for failure in run.failures] == ["IncompleteStudyError"] * 2
    assert "mimo-local lacks a hand or a joint" in run.failures[0].reason
    for model in ("siso", "mimo-one-hand"):
        document, run = way(*files, strict=True, model=model)
        assert [row.study for row in document.inputs] == ["two", "lone_L"]
        assert "(right lunate)" in run.failures[0].reason
        assert (
            "right hand: not detected: lunate" in run.failures[0].reason.split("noted before:")[1]
        )
    document, _ = way(*files, strict=True, model="mimo-both-hands")
    assert [row.study for row in document.inputs] == ["two"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    file = paint(tmp_path / "two.png")
    document, _ = score(file, f"{tmp_path}/./two.png")
    assert len(document.inputs) == 1
    assert "the same file" in document.warnings[0].message


def test_an_unexpected_error_fails_its_file_alone_and_reveals_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [paint(tmp_path / name) for name in ("bug.png", "two.png")]
    monkeypatch.delenv("SHARP_DEBUG", raising=False)
    document, run = score(*files)
    assert len(document.joints) == 62
    assert "please report" in run.failures[0].reason
    assert "secret" not in run.failures[0].reason
    monkeypatch.setenv("SHARP_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        score(*files)


@pytest.mark.parametrize("way", [score, by_steps])
def test_what_is_finished_before_an_interruption_is_kept(tmp_path: Path, way: object) -> None:
    files = [paint(tmp_path / name) for name in ("two.png", "stop.png", "two-b.png")]
    assert callable(way)
    document, _ = way(*files)
    assert [row.study for row in document.inputs] == ["two"]
    assert score(*files)[1].interrupted


class TwoLeftHands(FakeFinder):
    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        hands, warnings = super().find(radiograph)
        return tuple(replace(hand, side="left") for hand in hands), warnings


def test_two_hands_that_look_alike_are_told_to_be_of_both_sides(tmp_path: Path) -> None:
    run = Run()
    file = str(paint(tmp_path / "two.png"))
    document = steps.detect([file], TwoLeftHands(), FakeDetector(), run)
    assert [(row.study, row.hand) for row in document.hands] == [("two", "left"), ("two", "right")]
    assert "both hands look like left hands" in document.warnings[-1].message
    assert from_json(to_json(document), "x") == document


def test_what_shows_no_hand_beside_both_is_skipped_with_a_word(tmp_path: Path) -> None:
    names = ("two.png", "none_a.png", "none_b.png")
    files = tuple(str(paint(tmp_path / name)) for name in names)
    found = detect_group(Group(files, "x"), FakeFinder(), FakeDetector())
    assert [one.file for one in found.radiographs] == [files[0]]
    assert not found.failures
    assert (
        found.radiographs[0].warnings[-1]
        == f"no hand found beside it, skipped: {files[1]}, {files[2]}"
    )


def test_what_was_noted_in_reading_survives_that_no_hand_is_found(tmp_path: Path) -> None:
    note = (
        "its pixels are 1.25 times as high as wide: the hand is looked at in square pixels, and "
        "positions are in the file's own"
    )
    names = ("two.png", "none_a.png")
    files = tuple(str(paint(tmp_path / name)) for name in names)
    with Image.open(files[1]) as picture:
        picture.save(files[1], dpi=(5000, 4000))
    beside = detect_group(Group(files, "x"), FakeFinder(), FakeDetector())
    warning = beside.radiographs[0].warnings[-1]
    assert warning == f"no hand found beside it, skipped: {files[1]} ({note})"
    alone = detect_group(Group(files[1:], "x"), FakeFinder(), FakeDetector())
    (failure,) = alone.failures
    assert failure.error == "NoHandError"
    assert failure.reason.endswith(f"(noted before: {note})")


def test_documents_say_how_large_pixels_are_and_where(tmp_path: Path) -> None:
    made = dicom_files.dataset(
        dicom_files.stored(8).repeat(6, 0).repeat(12, 1), 8, ImagerPixelSpacing=[0.25, 0.2]
    )
    made.save_as(tmp_path / "two.dcm", enforce_file_format=True)
    document = steps.detect([str(tmp_path / "two.dcm")], FakeFinder(), FakeDetector(), Run())
    (row,) = document.inputs
    assert row.spacing_mm == (0.25, 0.2)
    assert (row.spacing_source, row.spacing_plane) == ("ImagerPixelSpacing", "detector")
    assert row.pixel_aspect == 1.25
    assert from_json(to_json(document), "x") == document


@pytest.mark.parametrize("name", ["x_L.png", "none_c.png"])
def test_where_a_hand_may_be_missing_it_is_a_failure(name: str, tmp_path: Path) -> None:
    files = tuple(str(paint(tmp_path / one)) for one in (name, "none_a.png"))
    found = detect_group(Group(files, "x"), FakeFinder(), FakeDetector())
    assert {failure.error for failure in found.failures} == {"NoHandError"}
    assert found.failures[-1].file == files[1]


class Elsewhere(FakeDetector):
    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[object, ...]]:  # type: ignore[override]
        hand, points = super().detect(radiograph, hand)
        return hand, (replace(points[0], x=-500.0), *points[1:])


def test_a_joint_outside_the_picture_is_not_detected(tmp_path: Path) -> None:
    file = str(paint(tmp_path / "x_L.png"))
    document = steps.detect([file], FakeFinder(), Elsewhere(), Run())  # type: ignore[arg-type]
    assert [row.joint for row in document.joints if row.status == "not-detected"] == ["IP"]


def test_crop_wants_the_picture_that_was_detected(tmp_path: Path) -> None:
    files = [paint(tmp_path / name) for name in ("two.png", "x_L.png", "z_L.png")]
    found = steps.detect([str(file) for file in files], FakeFinder(), FakeDetector(), Run())
    files[0].unlink()
    paint(tmp_path / "twoB.png").rename(files[1])
    run = Run()
    cut = steps.crop(found, lambda *_: None, run)
    assert [row.study for row in cut.inputs] == ["z_L"]
    assert len(cut.patches) == len(TARGETS)
    assert [failure.error for failure in run.failures] == ["RadiographError", "DocumentError"]
    assert "not the radiograph that was scored" in run.failures[1].reason


def test_classify_wants_patches(tmp_path: Path) -> None:
    file = str(paint(tmp_path / "two.png"))
    found = steps.detect([file], FakeFinder(), FakeDetector(), Run())
    run = Run()
    document = steps.classify(
        found, lambda _: np.zeros((1, 1), np.uint16), FakeClassifier(), run, model="siso"
    )
    assert not document.joints
    assert "run `sharp crop` first" in run.failures[0].reason


def test_a_document_names_its_models(tmp_path: Path) -> None:
    document, _ = score(paint(tmp_path / "two.png"))
    good = Bundle(tmp_path, "hands", "hands 1", "a", {}, validated_on_patients=True)
    other = Bundle(tmp_path, "joints", "joints 1", "b", {})
    assert with_models(document, good).validated_on_patients
    both = with_models(with_models(document, other), good)
    assert not both.validated_on_patients
    assert {kind: row.name for kind, row in both.models.items()} == {
        "joints": "joints 1",
        "hands": "hands 1",
    }


def test_a_document_holds_the_thresholds_by_which_its_labels_went(tmp_path: Path) -> None:
    document, _ = score(paint(tmp_path / "two.png"))
    own = {model: {"erosion/MCP": 0.25} for model in ("siso", "mimo-local", "mimo-one-hand")}
    meta = {"validated_on_patients": False, "thresholds": own}
    bundle = Bundle(tmp_path, "findings", "findings 1", "a", meta)
    named = with_models(replace(document, model="mimo-local"), bundle)
    assert named.thresholds == {model: own[model] for model in ("mimo-local", "siso")}
    again = with_models(named, replace(bundle, kind="hands"))
    assert again.thresholds == named.thresholds
    (part,) = named.split().values()
    found = {(row.finding, row.group): part.threshold_of(row) for row in part.joints}
    assert found.pop(("erosion", "MCP")) == 0.25
    assert set(found.values()) == {None}
    given = with_models(replace(document, threshold=0.5), bundle)
    assert given.thresholds == {}
    assert {given.threshold_of(row) for row in given.joints} == {0.5}
    assert {document.threshold_of(row) for row in document.joints} == {None}


def test_calibrated_labels_are_on_their_side_of_the_thresholds_shown(tmp_path: Path) -> None:
    found, _ = score(paint(tmp_path / "two.png"))
    heads = ["/".join(head) for head in JOINT_GROUPS]
    meta = {
        "validated_on_patients": False,
        "thresholds": {"siso": dict.fromkeys(heads, 0.5)},
        "calibration": {"siso": {head: {"slope": 1, "intercept": 0} for head in heads}},
    }
    bundle = Bundle(tmp_path, "findings", "findings 1", "a", meta)
    rare = dict.fromkeys(JOINT_GROUPS, 0.2)
    least = Calibration(1, 0).probability(0.5, 0.2)
    labels: tuple[Label, Label] = ("intact", "non-intact")
    results = [
        Classification(
            row.hand, row.finding, row.joint, least + step * 1e-6, label, "siso", "uncertain"
        )
        for number, row in enumerate(found.joints)
        for label in [labels[number % 2]]
        for step in [number % 3 if number % 2 else -1]
    ]
    document = with_results(found, {"two": results}, "siso", None, rare)
    document = with_models(document, bundle)
    assert document.prevalence == dict.fromkeys(heads, 0.2)
    assert {row.certainty for row in document.joints} == {"uncertain"}
    for row in document.joints:
        limit, probability = document.threshold_of(row), row.probability
        assert limit is not None
        assert probability is not None
        assert limit == pytest.approx(0.2, abs=2e-6)
        assert (row.label == "non-intact") == (probability >= limit)
        assert probability == round(probability, 4)
    assert next(iter(document.split().values())).prevalence == document.prevalence


def test_one_warning_a_study_names_what_is_unlike(tmp_path: Path) -> None:
    found, _ = score(paint(tmp_path / "two.png"))
    results = [
        Classification(
            row.hand, row.finding, row.joint, 0.5, "intact", "siso",
            "unlike" if row.joint == "MCP2" else "certain",
        )
        for row in found.joints
    ]  # fmt: skip
    document = with_results(replace(found, warnings=()), {"two": results}, "siso", None)
    (warning,) = said_of(document)
    assert warning.study == "two"
    assert warning.message.startswith("unlike anything that the models learned from")
    assert warning.message.endswith(
        "left MCP2 (erosion), left MCP2 (jsn), right MCP2 (erosion), right MCP2 (jsn)"
    )


def test_overlays_show_every_radiograph(tmp_path: Path) -> None:
    files = [paint(tmp_path / name) for name in ("two.png", "x_L.png")]
    document, run = score(*files)
    files[1].unlink()
    drawn = [row.file for row, _ in overlay.draw_all(document, run)]
    assert drawn == [str(files[0])]
    assert run.failures[0].error == "RadiographError"


def test_grades_agree_with_what_is_shown_of_the_binary_answer(tmp_path: Path) -> None:
    found, _ = score(paint(tmp_path / "two.png"))
    labels: tuple[Label, Label] = ("intact", "non-intact")
    results = [
        Classification(
            row.hand, row.finding, row.joint, 0.123456, labels[number % 2], "siso", "certain",
            (0.123456, 0.1, 0.05, 0.0, 0.0)[: 5 if row.finding == "erosion" else 4],
        )
        for number, row in enumerate(found.joints)
    ]  # fmt: skip
    rare = dict.fromkeys(JOINT_GROUPS, 0.2)
    document = with_results(found, {"two": results}, "siso", None, rare, missing="refuse")
    for row in document.joints:
        assert row.grade_probabilities is not None
        assert row.probability is not None
        assert row.grade == (row.label == "non-intact")
        assert 1 - row.grade_probabilities[0] == pytest.approx(row.probability, abs=1e-9)
        assert sum(row.grade_probabilities) == pytest.approx(1, abs=1e-9)
        assert row.expected_grade == pytest.approx(0.273456, abs=2e-4)
    assert document.missing == "refuse"
    assert from_json(to_json(document), "x") == document
