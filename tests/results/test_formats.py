"""Documents as JSON and CSV: what was written is read, and nothing else is."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.core.records import Certainty
from sharp_cli.results.document import (
    CSV_COLUMNS,
    Document,
    Failure,
    HandRow,
    InputRow,
    JointRow,
    ModelRow,
    PatchRow,
    WarningRow,
    counts,
)
from sharp_cli.results.formats import SCHEMA, from_csv, from_json, to_csv, to_json, to_summary

if TYPE_CHECKING:
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.records import Status

# File names may hold anything but a slash and a zero, also bytes that are no text.
names = (
    st.one_of(st.binary(min_size=1), st.text(st.characters(codec="utf-8")).map(str.encode))
    .map(lambda name: name.translate(None, b"/\0").decode(errors="surrogateescape"))
    .filter(lambda name: name not in ("", ".", ".."))
)
numbers = st.floats(-1e5, 1e5)
fractions = st.floats(0, 1)
corners = st.tuples(*[st.tuples(numbers, numbers)] * 4)
frame_rows = st.just(((0.5, 0.1, 3.0), (-0.1, 0.5, 4.0)))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    inputs: list[InputRow] = []
    hands: list[HandRow] = []
    joints: list[JointRow] = []
    patches: list[PatchRow] = []
    models: tuple[ModelName | None, ...] = (None, "siso", "mimo-local")
    model = draw(st.sampled_from(models))
    certainty = draw(st.sampled_from((None, *get_args(Certainty))))
    for study in draw(st.lists(names, unique=True, max_size=2)):
        file = draw(names)
        spacing = draw(st.none() | st.tuples(fractions, fractions))
        inputs.append(
            InputRow(
                study,
                file,
                draw(st.integers(1, 9999)),
                5,
                spacing,
                "a" * 64,
                None,
                *draw(st.tuples(st.none() | names, st.none() | names)),
            )
        )
        for side in draw(st.lists(st.sampled_from(SIDES), unique=True, min_size=1)):
            matrix = draw(frame_rows)
            reasons = tuple(draw(st.lists(st.text(min_size=1), max_size=2)))
            status: Status = "uncertain" if reasons else "ok"
            score = draw(fractions)
            hands.append(HandRow(study, file, side, "dicom", score, matrix, status, reasons))
            box, x = draw(corners), draw(numbers)
            for number, target in enumerate(TARGETS):
                place = (study, file, side, target.finding, target.group, target.joint)
                if number % 7 == 3:
                    row = JointRow(*place, *(None,) * 8, "not-detected")
                elif model is None:
                    row = JointRow(*place, x, x, box, score, *(None,) * 4, "uncertain")
                else:
                    row = JointRow(
                        *place, x, x, box, score, score, "intact", certainty, model, "ok"
                    )
                joints.append(row)
                patches.append(PatchRow(study, file, side, target.finding, target.joint, "a/b"))
    failures = draw(st.lists(st.builds(Failure, names, names, names), max_size=1))
    return Document(
        {"hands": ModelRow(draw(names), "0" * 64)},
        model,
        draw(st.booleans()),
        tuple(inputs),
        tuple(hands),
        tuple(joints),
        tuple(patches) if draw(st.booleans()) else (),
        (WarningRow("", draw(names), draw(names)),),
        tuple(failures),
        draw(st.none() | st.floats(0, 1)),
        draw(st.sampled_from((None, "fp32", "bf16"))),
        draw(st.just({}) | st.just({"siso": {"erosion/MCP": 0.25}})),
        draw(st.just({}) | st.just({"erosion/MCP": 0.125})),
    )


@settings(max_examples=40, deadline=None)
@given(document=documents())
def test_a_document_is_read_as_it_was_written(document: Document) -> None:
    content = to_json(document)
    assert from_json(content, "x") == document
    assert to_json(from_json(content, "x")) == content


@settings(max_examples=40, deadline=None)
@given(document=documents())
def test_the_csv_holds_the_joints(document: Document) -> None:
    assert from_csv(to_csv(document), "x") == document.joints


@settings(max_examples=20, deadline=None)
@given(document=documents())
def test_every_joint_of_a_hand_is_counted_once(document: Document) -> None:
    for count in counts(replace(document, patches=())):
        joints = sum(target.finding == count.finding for target in TARGETS)
        done = count.intact + count.non_intact + count.not_detected
        assert done == (joints if document.model else count.not_detected)


def one_hand() -> Document:
    box = ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.5))
    joints = tuple(
        JointRow(
            "s", "é.png", "left", target.finding, target.group, target.joint,
            12.5, 13.0, box, 0.9, 0.25, "intact", "certain", "siso", "ok",
        )
        for target in TARGETS
    )  # fmt: skip
    missing = JointRow(
        "s", "é.png", "left", "erosion", "wrist", "lunate", *(None,) * 8, "not-detected"
    )
    joints = tuple(missing if row.joint == "lunate" else row for row in joints)
    return Document(
        {"hands": ModelRow("hands 1", "0" * 64)},
        "siso",
        validated_on_patients=False,
        inputs=(
            InputRow(
                "s",
                "é.png",
                10,
                20,
                (0.1, 0.1),
                "a" * 64,
                "b" * 64,
                "p1",
                None,
                "PixelSpacing",
                "hand",
                1.5,
            ),
        ),
        hands=(
            HandRow(
                "s", "é.png", "left", "anatomy", 1.0, ((0.5, 0.0, 1.0), (0.0, 0.5, 1.0)), "ok", ()
            ),
        ),
        joints=joints,
    )


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8-sig"), (";", "cp1252"), (",", "cp1252")]
)
def test_a_csv_that_a_spreadsheet_saved_is_read(delimiter: str, encoding: str) -> None:
    document = one_hand()
    saved = io.StringIO()
    table = csv.writer(saved, delimiter=delimiter, lineterminator="\r\n")
    point = "," if delimiter == ";" else "."
    for line in csv.reader(to_csv(document).decode("utf-8-sig").splitlines()):
        numbers = (re.fullmatch(r"-?\d+\.\d+", cell) for cell in line)
        table.writerow(
            cell.replace(".", point) if number else cell
            for cell, number in zip(line, numbers, strict=True)
        )
    assert from_csv(saved.getvalue().encode(encoding), "x.csv") == document.joints


def test_the_csv_has_the_promised_columns() -> None:
    lines = list(csv.reader(to_csv(one_hand()).decode("utf-8-sig").splitlines()))
    assert ",".join(lines[0]) == (
        "study,file,hand,finding,group,joint,x,y,box,likelihood,probability,label,certainty,model,"
        "status,patient,date,grade,expected_grade,grade_probabilities,manifest_study,"
        "earlier_study"
    )
    row = dict(zip(CSV_COLUMNS, lines[1], strict=True))
    assert (row["patient"], row["date"]) == ("p1", "")
    assert row["file"] == "é.png"
    assert row["box"] == "1.0 2.0 3.0 2.0 3.0 4.0 1.0 4.5"
    missing = next(line for line in lines if line[5] == "lunate")
    assert missing[6:] == [*[""] * 8, "not-detected", "p1", "", "", "", "", "", ""]


def test_the_summary_has_the_promised_columns() -> None:
    assert to_summary(one_hand()).decode("utf-8-sig").splitlines() == [
        (
            "study,hand,erosion,jsn,sens,classified,uncertain,not_detected,not_assessable,"
            "shs_erosion,shs_erosion_low,shs_erosion_high,shs_jsn,shs_jsn_low,shs_jsn_high,"
            "shs_total,shs_total_low,shs_total_high,missing,missing_rule"
        ),
        "s,left,0,0,0,30,0,1,0,,,,,,,,,,,",
        "s,,0,0,0,30,0,1,0,,,,,,,,,,,",
    ]


def test_the_json_says_what_it_is() -> None:
    data = json.loads(to_json(one_hand()))
    assert data["schema"] == SCHEMA
    assert data["validated_on_patients"] is False
    assert "not validated on patients" in data["notice"]
    assert data["counts"][0] == {
        "study": "s", "hand": "left", "finding": "erosion",
        "intact": 15, "non_intact": 0, "not_detected": 1, "uncertain": 0, "not_assessable": 0,
    }  # fmt: skip
    assert data["sens"][0] == {
        "study": "s", "hand": "left", "erosion": 0, "jsn": 0, "sens": 0,
        "classified": 30, "uncertain": 0, "not_detected": 1, "not_assessable": 0,
    }  # fmt: skip
    assert [row["hand"] for row in data["sens"]] == ["left", None]
    assert "notice" not in json.loads(to_json(replace(one_hand(), validated_on_patients=True)))


WRONG: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("schema",), "sharp-score/9", "sharp-score/1 document"),
    (("hands",), None, "hands: a list"),
    (("hands", 0, "hand"), "both", r"hands\[0\].hand: 'left' or 'right'"),
    (("hands", 0, "to_image"), [[0, 0, 0], [0, 0, 0]], "similarity"),
    (("hands", 0, "to_image"), [[1, 0], [0, 1]], r"to_image\[0\]: 3 values"),
    (("hands", 0, "file"), "other.png", "a file of the inputs"),
    (("hands", 0, "status"), "uncertain", r"hands\[0\].reasons: what makes it 'uncertain'"),
    (("hands", 0, "status"), "not-detected", "'ok' or 'uncertain'"),
    (("hands", 0, "reasons"), ["cut off"], r"hands\[0\].reasons: .* or none"),
    (("joints", 0, "status"), "not-detected", "'ok' or 'uncertain' with"),
    (
        ("joints", 0, "status"),
        "unsure",
        "'not-detected' or 'not-assessable' expected",
    ),
    (("inputs", 0, "study"), "../s", "without a folder"),
    (("inputs", 0, "width"), 10.5, "a whole number"),
    (("joints", 0, "x"), "12", r"joints\[0\].x: a number"),
    (("joints", 0, "x"), True, r"joints\[0\].x: a number"),
    (("joints", 0, "x"), 10**400, r"joints\[0\].x: a number"),
    (("joints", 0, "x"), None, "'ok' or 'uncertain' with"),
    (("joints", 0, "box"), [[1, 2]], "four corners"),
    (("joints", 0, "probability"), 1.5, "from 0 to 1"),
    (("joints", 0, "label"), None, "together"),
    (("joints", 0, "certainty"), "sure", "'certain' or 'uncertain'"),
    (("prevalence",), {"erosion/MCP": 1.0}, "prevalence.erosion/MCP: a number between 0 and 1"),
    (("joints", 0, "joint"), "elbow", "a scored joint"),
    (("joints", 0, "hand"), "right", "a hand of the document"),
    (("joints", 1), {}, r"joints\[1\].study: a value"),
    (("joints", 1), 7, r"joints\[1\]: a record"),
    (("joints",), [], "31 joints of every hand"),
    (("models", "hands"), {"name": "x"}, "models.hands.sha256"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_a_changed_document_is_refused(
    path: tuple[str | int, ...], value: object, message: str
) -> None:
    data: Any = json.loads(to_json(one_hand()))
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(DocumentError, match=message) as caught:
        from_json(json.dumps(data).encode(), "found.json")
    assert str(caught.value).startswith("found.json: ")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"[" * 100_000, b'{"schema": NaN}', b"1"]
)
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(DocumentError, match=r"^x\.json: not "):
        from_json(content, "x.json")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("box", "bax", "no column box"),
        ("12.5", "wide", "could not convert"),
        ("0.25", "", "together"),
        ("left", "middle", r"line 2.hand: 'left' or 'right'"),
        ("4.5", "", r"box\[3\]: 2 values"),
    ],
)
def test_a_changed_csv_is_refused(old: str, new: str, message: str) -> None:
    content = to_csv(one_hand()).decode("utf-8-sig").replace(old, new, 1).encode()
    with pytest.raises(DocumentError, match=message):
        from_csv(content, "x.csv")


def test_further_columns_and_a_byte_order_mark_are_fine() -> None:
    lines = to_csv(one_hand()).decode("utf-8-sig").splitlines()
    wider = "\n".join(f"{line},more" for line in lines)
    assert from_csv(wider.encode("utf-8-sig"), "x.csv") == one_hand().joints


def test_results_of_older_versions_are_read() -> None:
    new = one_hand()
    old = replace(new, joints=tuple(replace(row, certainty=None) for row in new.joints))
    data: Any = json.loads(to_json(new))
    del data["prevalence"], data["thresholds"], data["sens"]
    for row in data["joints"]:
        del row["certainty"]
    assert from_json(json.dumps(data).encode(), "x") == old
    header, *lines = to_csv(new).decode("utf-8-sig").splitlines()
    older = [
        line.replace("intact,certain,", "intact,").replace(",,,,,,,,not", ",,,,,,,not")
        for line in lines
    ]
    older.insert(0, header.replace(",certainty", ""))
    assert from_csv("\n".join(older).encode(), "x") == old.joints


def test_split_gives_each_study_its_own() -> None:
    document = one_hand()
    assert document.split() == {"s": document}
