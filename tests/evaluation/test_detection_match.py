"""Predictions, annotations, adjudication and labels: reading them, and what only one has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import POINTS, TARGETS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.joint_keys import JointKey
from sharp_cli.evaluation.detection_inputs import read_adjudication, read_predictions
from sharp_cli.evaluation.detection_match import Comparison, compare
from sharp_cli.results.document import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PLACES = {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, TEMPLATE, strict=True)}
VERDICT = "image,hand,finding,joint,correct"
LABEL = "patient,study,image,hand,finding,joint,grade"
BOX = "0 0 1 0 1 1 0 1"


def predict(folder: Path, *files: str, without: Iterable[str] = (), off: float = 0) -> Path:
    """Predict the left hands of files where the template has them, some joints not detected."""
    rows = [",".join(COLUMNS)]
    for file in files:
        for target in TARGETS:
            x, y = PLACES[target.joint]
            place, status = f"{x + off},{y},{BOX},0.9", "ok"
            if target.joint in without:
                place, status = ",,,", "not-detected"
            joint = f"{target.finding},{target.group},{target.joint}"
            rows.append(f"s,{file},left,{joint},{place},,,,,{status},,")
    return write(folder / "detected.csv", *rows)


def annotate(folder: Path, *images: str, joints: Iterable[str] = POINTS) -> Path:
    rows = [
        f"{image},left,{joint},{PLACES[joint][0]},{PLACES[joint][1]}"
        for image in images
        for joint in joints
    ]
    return write(folder / "joints.csv", "image,hand,joint,x,y", *rows)


def judge(folder: Path, image: str, *, wrong: Iterable[str] = ()) -> Path:
    rows = [
        f"{image},left,{target.finding},{target.joint},{int(target.joint not in wrong)}"
        for target in TARGETS
    ]
    return write(folder / "verdicts.csv", VERDICT, *rows)


def label(folder: Path, *images: str, damaged: Iterable[str] = ()) -> Path:
    rows = [
        f"p,s,{image},left,{target.finding},{target.joint},{int(target.joint in damaged)}"
        for image in images
        for target in TARGETS
    ]
    return write(folder / "labels.csv", LABEL, *rows)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def run(
    predictions: Path,
    truth: Path | None = None,
    *,
    adjudication: Path | None = None,
    labels: Path | None = None,
    tolerance: float = 0.15,
) -> Comparison:
    return compare(
        predictions, truth=truth, adjudication=adjudication, labels=labels, tolerance=tolerance
    )


def told(comparison: Comparison) -> dict[str, int]:
    return {one.what: one.joints for one in comparison.partners}


def tally(comparison: Comparison) -> Counter[tuple[bool, bool | None]]:
    return Counter((one.found, one.damaged) for one in comparison.joints)


def test_distances_say_what_is_found(tmp_path: Path) -> None:
    predictions = predict(tmp_path, "in/a.png", off=20)
    truth = annotate(tmp_path, "a.png")
    length = 20 / run(predictions, truth).errors[0].error
    for tolerance, found in ((19 / length, False), (21 / length, True)):
        compared = run(predictions, truth, tolerance=tolerance)
        assert tally(compared) == {(found, None): 31}
        assert told(compared) == {}
    assert "within 15 % of the hand" in run(predictions, truth).criterion


def test_labels_say_what_is_damaged(tmp_path: Path) -> None:
    # PIP2 is scored twice, the ulna and the IP joint for erosion only.
    predictions = predict(tmp_path, "in/p1/a.png", without=["ulna"])
    labels = label(tmp_path, "p1/a.png", damaged=["PIP2", "ulna"])
    compared = run(predictions, annotate(tmp_path, "a.png"), labels=labels)
    assert tally(compared) == {(True, False): 28, (True, True): 2, (False, True): 1}
    assert told(compared) == {"annotated, not predicted": 1}


def test_joints_without_a_partner_are_counted(tmp_path: Path) -> None:
    predictions = predict(tmp_path, "a.png", "c.png", without=["IP"])
    truth = annotate(tmp_path, "a.png", "b.png", joints=[name for name in POINTS if name != "ulna"])
    compared = run(predictions, truth, labels=label(tmp_path, "a.png", "d.png"))
    assert told(compared) == {
        "annotated, not predicted": 1 + 30,  # the IP joint, and all of b.png
        "predicted, not annotated": 1 + 30,  # the ulna, and all of c.png but its IP joint
        "labelled, not annotated": 1 + 31,
        "annotated, not labelled": 30,
    }
    assert tally(compared) == {(True, False): 29, (False, False): 1, (False, None): 30}


def test_a_hand_without_a_scale_is_counted(tmp_path: Path) -> None:
    predictions = predict(tmp_path, "a.png")
    truth = annotate(tmp_path, "a.png", joints=["IP", "PIP2", "ulna"])
    compared = run(predictions, truth, labels=label(tmp_path, "a.png"))
    assert told(compared) == {
        "annotated, on a hand without a scale": 4,
        "predicted, not annotated": 27,
        "labelled, not annotated": 27,
    }
    assert (compared.joints, compared.errors) == ([], [])


def test_adjudication_goes_before_distances(tmp_path: Path) -> None:
    predictions = predict(tmp_path, "in/a.png", without=["ulna"])
    adjudication = judge(tmp_path, "a.png", wrong=["ulna", "MCP2"])
    labels = label(tmp_path, "a.png", damaged=["MCP2"])
    compared = run(predictions, adjudication=adjudication, labels=labels)
    assert tally(compared) == {(True, False): 28, (False, False): 1, (False, True): 2}
    assert told(compared) == {"adjudicated, not predicted": 1}
    assert (len(compared.errors), compared.criterion) == (0, "as a reader adjudicated")
    both = run(predictions, annotate(tmp_path, "a.png"), adjudication=adjudication, labels=labels)
    assert tally(both) == tally(compared)
    assert len(both.errors) == 31


def test_what_is_not_adjudicated_is_counted(tmp_path: Path) -> None:
    predictions = predict(tmp_path, "a.png", "b.png")
    labels = label(tmp_path, "b.png")
    compared = run(predictions, adjudication=judge(tmp_path, "a.png"), labels=labels)
    assert told(compared) == {
        "predicted, not adjudicated": 31,
        "adjudicated, not labelled": 31,
        "labelled, not adjudicated": 31,
    }


def test_rows_without_a_label_are_counted(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.csv", LABEL, "p,s,a.png,left,erosion,IP,")
    compared = run(predict(tmp_path, "a.png"), annotate(tmp_path, "a.png"), labels=labels)
    assert told(compared) == {
        "in the labels, with neither grade nor label": 1,
        "annotated, not labelled": 31,
    }


def test_an_adjudicated_joint_without_a_place_cannot_be_correct(tmp_path: Path) -> None:
    predictions = predict(tmp_path, "a.png", without=["PIP3"])
    with pytest.raises(DocumentError, match=r"2 joints .* erosion of left PIP3 of a\.png; give"):
        run(predictions, adjudication=judge(tmp_path, "a.png"))


def test_files_of_one_picture_are_refused(tmp_path: Path) -> None:
    predictions = predict(tmp_path, "x/a.png", "y/a.png")
    with pytest.raises(DocumentError, match=r"joint 32: erosion of left IP of a\.png stands twice"):
        run(predictions, annotate(tmp_path, "a.png"))
    # Told apart by the annotations, they are two.
    assert len(run(predictions, annotate(tmp_path, "x/a.png", "y/a.png")).errors) == 62


def test_joints_labelled_twice_are_refused(tmp_path: Path) -> None:
    truth = annotate(tmp_path, "a.png")
    labels = label(tmp_path, "x/a.png", "y/a.png")
    with pytest.raises(DocumentError, match="line 33: erosion of left IP"):
        run(predict(tmp_path, "a.png"), truth, labels=labels)


@pytest.mark.parametrize(
    ("answer", "correct"),
    [("1", True), ("Yes", True), (" TRUE ", True), ("0", False), ("no", False), ("false", False)],
)
def test_adjudication_is_read(tmp_path: Path, answer: str, correct: object) -> None:
    path = write(tmp_path / "v.csv", VERDICT, f"a.png,left,jsn,PIP2,{answer}")
    assert read_adjudication(path) == {JointKey("a.png", "left", "jsn", "PIP2"): correct}


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("a.png,left,jsn,PIP2,", "correct '' is none of 1, yes"),
        ("a.png,both,jsn,PIP2,1", "'both' is neither left nor right"),
        ("a.png,left,jsn,ulna,1", "'ulna' is no joint that is scored for 'jsn'"),
        (",left,jsn,PIP2,1", "no image"),
    ],
)
def test_bad_adjudication_is_reported(tmp_path: Path, row: str, wrong: str) -> None:
    path = write(tmp_path / "v.csv", VERDICT, "a.png,left,erosion,PIP2,1", row)
    with pytest.raises(DocumentError, match=wrong) as error:
        read_adjudication(path)
    assert "line 3" in str(error.value)


def test_adjudication_of_one_joint_twice_is_reported(tmp_path: Path) -> None:
    rows = [f"a.png,left,jsn,PIP2,{correct}" for correct in (1, 0)]
    with pytest.raises(DocumentError, match=r"line 3: jsn of left PIP2 of a\.png stands twice"):
        read_adjudication(write(tmp_path / "v.csv", VERDICT, *rows))


@pytest.mark.parametrize("content", ["", "{", "nothing"])
def test_other_predictions_are_refused(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "odd", content)
    with pytest.raises(DocumentError, match="odd: "):
        read_predictions(path)


def test_a_folder_of_predictions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        read_predictions(tmp_path)
