"""Reading what models and readers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.joint_keys import JointKey
from sharp_cli.evaluation.raters import Call, read_models, read_readers
from sharp_cli.results.document import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

FOLDS = "model,patient,study,image,hand,finding,group,joint,grade,truth,fold,probability,label"
IMAGES = {"a.png", "deep/a.png"}
IP = ("left", "erosion", "IP")


def table(path: Path, *lines: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def fold_row(model: str, image: str = "a.png", said: str = "0.25,intact") -> str:
    return f"{model},P,1,{image},left,erosion,PIP-IP,IP,0,intact,1,{said}"


def score_row(file: str, said: str, *, hand: str = "left", status: str = "ok") -> str:
    where = ",,," if status == "not-detected" else "1.0,2.0,0 0 1 0 1 1 0 1,0.9"
    probability, label, model = said.split(",")
    result = f"{probability},{label},,{model},{status},,"
    return f"1,{file},{hand},erosion,PIP-IP,IP,{where},{result}"


def test_out_of_fold_predictions_are_a_column_a_model(tmp_path: Path) -> None:
    path = table(
        tmp_path / "folds.csv",
        FOLDS,
        fold_row("siso"),
        fold_row("mimo-local", said="0.75,non-intact"),
        fold_row("siso", "/data/deep/a.png", "0.4,non-intact"),
        fold_row("siso", "/data/other/b.png"),
    )
    siso, local = read_models([path], IMAGES)
    assert (siso.name, siso.reader, local.name) == ("siso", False, "mimo-local")
    assert siso.calls == {
        JointKey("a.png", *IP): Call(0.25, damaged=False),
        # The label of the file is the call, whatever threshold it was made with.
        JointKey("deep/a.png", *IP): Call(0.4, damaged=True),
        JointKey("/data/other/b.png", *IP): Call(0.25, damaged=False),
    }


def test_scores_are_one_column_whatever_stood_in(tmp_path: Path) -> None:
    path = table(
        tmp_path / "scores.csv",
        ",".join(COLUMNS),
        score_row("in/a.png", "0.3,intact,siso"),
        score_row("in/a.png", ",,", hand="right", status="not-detected"),
        score_row("in/b.png", "0.2,intact,siso"),
        score_row("in/c.png", "0.6,non-intact,mimo-local"),
    )
    (model,) = read_models([path], IMAGES)
    assert model.name == "mimo-local"
    assert [place.image for place in model.calls] == ["a.png", "in/b.png", "in/c.png"]


def test_detections_are_no_predictions(tmp_path: Path) -> None:
    path = table(tmp_path / "d.csv", ",".join(COLUMNS), score_row("a.png", ",,"))
    with pytest.raises(DocumentError, match=r"d\.csv: no joint in it is classified"):
        read_models([path], IMAGES)


def test_models_of_one_name_are_distinguished_by_files(tmp_path: Path) -> None:
    first = table(tmp_path / "old.csv", FOLDS, fold_row("siso"), fold_row("mimo-local"))
    second = table(tmp_path / "new.csv", FOLDS, fold_row("siso"))
    names = [one.name for one in read_models([first, second], IMAGES)]
    assert names == ["old siso", "mimo-local", "new siso"]


def test_a_reader_may_give_both_and_say_that_a_joint_is_not_assessable(tmp_path: Path) -> None:
    path = table(
        tmp_path / "both.csv",
        "reader,image,hand,finding,joint,grade,label",
        "ann,a.png,left,erosion,PIP2,3,non-intact",
        "ann,a.png,left,erosion,PIP3,,intact",
        "ann,a.png,left,erosion,PIP4,x,",
        "ann,a.png,left,erosion,PIP5,,",
    )
    (ann,) = read_readers([path], IMAGES)
    said = {key.joint: (call.damaged, call.grade) for key, call in ann.calls.items()}
    assert said == {"PIP2": (True, 3), "PIP3": (False, None)}
    assert ann.not_assessable == 1


def test_models_out_of_fold_may_grade(tmp_path: Path) -> None:
    # `grade` is that of the labels.
    header = f"{FOLDS},predicted_grade,expected_grade"
    path = table(tmp_path / "folds.csv", header, f"{fold_row('siso')},2,1.75")
    (siso,) = read_models([path], IMAGES)
    assert [call[2:] for call in siso.calls.values()] == [(2, 1.75)]
    path = table(
        tmp_path / "bad.csv", header, f"{fold_row('siso')},6,1", f"{fold_row('net')},1,5.5"
    )
    with pytest.raises(DocumentError, match="grade 6 is none of erosion's") as caught:
        read_models([path], IMAGES)
    assert "expected grade 5.5 is not between 0 and 5" in str(caught.value)


def test_readers_give_labels_or_grades_and_may_leave_out_some(tmp_path: Path) -> None:
    labels = table(
        tmp_path / "labels.csv",
        "reader,image,hand,finding,joint,label",
        "Ann,a.png,left,erosion,IP,non-intact",
        "Ann,a.png,left,erosion,PIP2,",
    )
    grades = table(
        tmp_path / "grades.csv",
        "reader,image,hand,finding,joint,grade",
        "Bob,a.png,left,erosion,IP,5",
        "Bob,a.png,left,jsn,PIP2,0",
    )
    ann, bob = read_readers([labels, grades], IMAGES)
    assert ann.reader
    assert ann.calls == {JointKey("a.png", *IP): Call(1.0, damaged=True)}
    assert list(bob.calls.values()) == [Call(1.0, damaged=True, grade=5), Call(0.0, False, 0)]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("siso,P,1,a.png,up,erosion,PIP-IP,IP,0,intact,1,0.1,intact", "'up' is neither left nor"),
        ("siso,P,1,a.png,left,jsn,PIP,IP,0,intact,1,0.1,intact", "'IP' is no joint"),
        (fold_row("siso", said="0.1,fine"), "'fine' is neither intact nor non-intact"),
        (fold_row("siso", said="1.1,intact"), "not a number from 0 to 1"),
        (fold_row("siso", said=",intact"), "not a number from 0 to 1"),
        (fold_row(""), "does not say whose call"),
        (fold_row("siso", ""), "does not say whose call"),
        (fold_row("mimo-local"), "erosion of IP of a.png stands twice"),
    ],
)
def test_bad_rows_are_reported(tmp_path: Path, row: str, what: str) -> None:
    path = table(tmp_path / "folds.csv", FOLDS, fold_row("mimo-local"), row)
    with pytest.raises(DocumentError, match=rf"folds\.csv: a mistake:\n  line 3: .*{what}"):
        read_models([path], IMAGES)


def test_grades_that_are_none_are_reported(tmp_path: Path) -> None:
    header = "reader,image,hand,finding,joint,grade"
    path = table(tmp_path / "r.csv", header, "Ann,a.png,left,jsn,PIP2,5")
    with pytest.raises(DocumentError, match="'grade 5' is neither"):
        read_readers([path], IMAGES)


def test_other_tables_are_reported(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no column model"):
        read_models([table(tmp_path / "t.csv", "a,b", "1,2")], IMAGES)
    (tmp_path / "t.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError, match=r"t\.bin: cannot be read as a table"):
        read_models([tmp_path / "t.bin"], IMAGES)
