"""Three forms, one result; and all that is wrong is said at once."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.annotations.check import read_checked
from tests import dicom_files
from tests.datasets.annotations import pictures
from tests.datasets.annotations.pictures import IMAGE, points

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.joints import Side

IN_BULK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures.paint(tmp_path, IMAGE, "labeled-data/clinic/both.png")
    return tmp_path


def problems(annotations: Path, images: Path, names: Path | None = None) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        read_checked(annotations, images, names)
    return str(caught.value).split("\n  ")


def some(**changed: tuple[float, float] | None) -> pictures.Points:
    """The points of a left hand, some of them changed or missing."""
    return {name: place for name, place in (points() | changed).items() if place is not None}


def test_all_forms_give_the_same(folder: Path) -> None:
    found = some(lunate=None)
    csv_file = folder / "joints.csv"
    csv_file.write_text(pictures.table((IMAGE, "left", found)))
    coco_file = pictures.write_coco(folder, pictures.coco((IMAGE, found, {})))
    pictures.write_project(folder, pictures.labels({IMAGE: {"": found}}, multi=False))
    expected = read_checked(csv_file, folder)
    assert [(hand.image, hand.side) for hand in expected] == [(IMAGE, "left")]
    assert expected[0].points == found
    for form in (coco_file, folder, folder / "config.yaml"):
        assert read_checked(form, folder) == expected


@pytest.mark.parametrize("parts", [False, True])
def test_individuals_are_hands(folder: Path, *, parts: bool) -> None:
    frame = {"Left hand": points(), "hand_R": points("right")}
    both = "labeled-data/clinic/both.png"
    frames: dict[str, dict[str, pictures.Points]] = {both: frame, IMAGE: {}}
    text = pictures.labels(frames, multi=True, parts=parts)
    pictures.write_project(folder, text.replace("/", "\\") if not parts else text)
    hands = read_checked(folder, folder)
    assert [(hand.image, hand.side) for hand in hands] == [(both, "left"), (both, "right")]
    assert hands[1].points == points("right")


@pytest.mark.parametrize(
    "said",
    [
        {"attributes": {"hand": "right"}},
        {"attributes": {"side": "R"}},
        {"hand": "Right"},
        {"side": "right hand"},
    ],
)
def test_what_a_coco_annotation_says_goes_before_the_file_name(
    folder: Path, said: dict[str, Any]
) -> None:
    path = pictures.write_coco(folder, pictures.coco((IMAGE, points(), said)))
    assert [hand.side for hand in read_checked(path, folder)] == ["right"]


def test_a_coco_picture_may_say_whose_it_is(folder: Path) -> None:
    content = pictures.coco((IMAGE, points(), {}))
    content["images"][0]["patient"] = 7
    (hand,) = read_checked(pictures.write_coco(folder, content), folder)
    assert hand.patient == ("7", "the column patient")


def test_dicom_says_whose_a_picture_is_where_annotations_do_not(tmp_path: Path) -> None:
    pixels = np.zeros(pictures.SIZE[::-1], np.uint16)
    patients = {"a.dcm": "ONE", "b.dcm": "TWO", "c.dcm": "ONE", "d.dcm": None}
    for name, patient in patients.items():
        dicom_files.dataset(pixels, PatientID=patient).save_as(tmp_path / name)
    path = tmp_path / "joints.csv"
    path.write_text(pictures.table(*((name, "left", points()) for name in patients)))
    one, two, again, nobody = read_checked(path, tmp_path)
    assert one.patient == again.patient != two.patient
    assert one.patient is not None
    assert one.patient.source == "PatientID"
    assert "ONE" not in one.patient.name
    assert nobody.patient is None


def test_a_category_may_say_the_side_and_others_are_excluded(folder: Path) -> None:
    content = pictures.coco((IMAGE, points(), {}), (IMAGE, {}, {}), (IMAGE, {}, {"category_id": 8}))
    content["categories"][0]["name"] = "right_hand"
    content["categories"].append({"id": 8, "name": "letter"})
    hands = read_checked(pictures.write_coco(folder, content), folder)
    assert [hand.side for hand in hands] == ["right"]


def test_points_are_mapped_by_a_file_of_names(folder: Path) -> None:
    content = pictures.coco((IMAGE, points(), {}))
    theirs = ["knuckle 2", "tip", *content["categories"][0]["keypoints"][2:]]
    content["categories"][0]["keypoints"] = [name.lower().replace("-", "_") for name in theirs]
    path = pictures.write_coco(folder, content)
    assert problems(path, folder)[1:] == [
        "annotation 1: unknown joint 'knuckle 2'",
        "annotation 1: unknown joint 'tip'",
    ]
    names = folder / "names.csv"
    names.write_text("theirs,joint\nKnuckle_2,ip\ntip,\n")
    (hand,) = read_checked(path, folder, names)
    assert hand.points == some(PIP2=None)


def test_a_part_of_a_hand_will_do_where_it_may(folder: Path) -> None:
    wrist = {name: place for name, place in points().items() if "P" not in name.partition("-")[0]}
    few = dict([*wrist.items()][:7])
    csv_file = folder / "joints.csv"
    csv_file.write_text(pictures.table((IMAGE, "left", wrist)))
    (hand,) = read_checked(csv_file, folder, parts=True)
    assert hand.points == wrist
    assert "lacks what gives its scale" in problems(csv_file, folder)[1]
    csv_file.write_text(pictures.table((IMAGE, "left", few)))
    with pytest.raises(DocumentError, match="or, without any finger, 8 points"):
        read_checked(csv_file, folder, parts=True)


def test_every_bad_name_is_reported(folder: Path) -> None:
    names = folder / "names.csv"
    names.write_text("theirs,joint\na,DIP2\n,PIP2\nb,PIP2\nB,PIP3\n")
    csv_file = folder / "joints.csv"
    csv_file.write_text(pictures.table((IMAGE, "left", points())))
    told = problems(csv_file, folder, names)
    assert told[0].endswith("3 mistakes; correct them:")
    assert [line.partition(":")[0] for line in told[1:]] == ["line 2", "line 3", "line 5"]
    names.write_text("theirs\na\n")
    assert "no column joint" in problems(csv_file, folder, names)[0]


def test_everything_wrong_with_a_csv_file_is_reported_at_once(folder: Path) -> None:
    (folder / "broken_L.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    hands: list[tuple[str, Side, pictures.Points]] = [
        (IMAGE, "left", some(ulna=(159.6, 50), radius=(3, -0.6))),
        ("none_L.png", "left", points()),
        ("broken_L.png", "left", points()),
        ("labeled-data/clinic/both.png", "left", {"IP": (1, 2), "PIP2": (2, 2), "PIP3": (3, 3)}),
    ]
    text = pictures.table(*hands) + f"{IMAGE},left,IP,5,5\n{IMAGE},right,DIP2,5,5\n"
    path = folder / "joints.csv"
    path.write_text(text)
    told = problems(path, folder)
    assert told[0].startswith(f"{path}: 7 mistakes")
    for words in (
        "line 71: IP of a hand of",
        "line 72: unknown joint 'DIP2'",
        "line 68: the left hand of labeled-data/clinic/both.png lacks what gives its scale",
        "ulna at 159.6, 50 is outside",
        "radius at 3, -0.6 is outside",
        "none_L.png: there is no such file",
        "broken_L.png: ",
    ):
        assert any(words in line for line in told), (words, told)


def test_everything_wrong_with_coco_keypoints_is_reported_at_once(folder: Path) -> None:
    both = "labeled-data/clinic/both.png"
    content = pictures.coco(
        (IMAGE, points(), {}),
        (IMAGE, points(), {"hand": "left"}),
        (both, points(), {}),
        (both, points(), {"hand": "both"}),
        (both, points(), {"hand": "left", "image_id": 99}),
        (both, points(), {"hand": "left", "category_id": None}),
        (both, points(), {"hand": "left", "keypoints": [1, 2]}),
        (both, some(IP=(1e6, 2)), {"hand": "right"}),
    )
    told = problems(pictures.write_coco(folder, content), folder)
    places = ["annotation 5", "annotation 6", "annotation 7", "annotation 2", "annotation 3"]
    places += ["annotation 4", "annotation 8"]
    assert [line.partition(":")[0] for line in told[1:]] == places
    assert "end the picture's name in _L or _R" in told[5]
    assert "hand 'both' is neither left nor right" in told[6]


def test_everything_wrong_with_a_project_is_reported_at_once(folder: Path) -> None:
    both = "labeled-data/clinic/both.png"
    frames = {both: {"": some(IP=(1e6, 2))}, IMAGE: {"": some(MCP1=(500, 2))}}
    path = pictures.write_project(folder, pictures.labels(frames, multi=False))
    other = folder / "labeled-data" / "other"
    other.mkdir()
    (other / "CollectedData_alice.h5").write_bytes(pickle.dumps("never opened"))
    told = problems(folder, folder)
    place = path.relative_to(folder).as_posix()
    assert told[0].startswith(f"{folder}: 4 mistakes")
    assert "labeled-data/other/CollectedData_alice.csv: only the .h5 is there" in told[1]
    assert told[2].startswith(f"{place} line 4: which hand")
    assert told[3].startswith(f"{place} line 4: IP at 1e+06, 2 is outside")
    assert told[4].startswith(f"{place} line 5: MCP1 at 500, 2 is outside")


@pytest.mark.parametrize(
    "config", ["", "scorer", "scorer: [bob", "scorer: !!timestamp x", "scorer: {}", "a: &a [*a]"]
)
def test_a_folder_that_is_no_project(folder: Path, config: str) -> None:
    assert "names no scorer" in problems(folder, folder)[0]
    (folder / "config.yaml").write_text(config)
    assert "names no scorer" in problems(folder, folder)[0]


def test_yaml_runs_nothing(folder: Path) -> None:
    mark = folder / "mark"
    (folder / "config.yaml").write_text(f"scorer: !!python/object/apply:os.mkdir [{mark}]\n")
    assert "names no scorer" in problems(folder, folder)[0]
    assert not mark.exists()


def test_a_project_without_labels_of_its_scorer(folder: Path) -> None:
    pictures.write_project(folder, "")
    (folder / "config.yaml").write_text("scorer: bob\n")
    assert "CollectedData_bob.csv" in problems(folder, folder)[0]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"images": 1}', "[" * 100_000])
def test_files_that_are_no_coco_keypoints(folder: Path, content: str) -> None:
    path = folder / "hands.json"
    path.write_text(content)
    assert "not a file of COCO keypoints" in problems(path, folder)[0]


def test_files_without_a_hand(folder: Path) -> None:
    path = pictures.write_coco(folder, pictures.coco((IMAGE, {}, {})))
    assert "no annotated hand" in problems(path, folder)[0]


# Whatever happens to a file, it gives hands or one error of its own.


def hands_or_error(annotations: Path, images: Path) -> None:
    with suppress(DocumentError):
        assert read_checked(annotations, images)


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Bytes with some of them replaced by others, or none."""

    def spoil(start: int, length: int, new: bytes) -> bytes:
        return content[:start] + new + content[start + length :]

    pieces = st.binary(max_size=6) | st.sampled_from(
        [b",", b"\n", b'"', b"nan", b"-1", b"1e999", b"9" * 400, b"null", b"[]", b"{}", b"left"]
    )
    return st.builds(spoil, st.integers(0, len(content)), st.integers(0, 40), pieces)


SMALL = {name: points()[name] for name in ("PIP2", "MCP2", "PIP3", "MCP3")}


@IN_BULK
@given(damaged(pictures.table((IMAGE, "left", SMALL)).encode()))
def test_damaged_csv_files(folder: Path, content: bytes) -> None:
    path = folder / "joints.csv"
    path.write_bytes(content)
    hands_or_error(path, folder)


@IN_BULK
@given(damaged(json.dumps(pictures.coco((IMAGE, SMALL, {"hand": "left"}))).encode()))
def test_damaged_coco_files(folder: Path, content: bytes) -> None:
    path = folder / "hands.json"
    path.write_bytes(content)
    hands_or_error(path, folder)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@IN_BULK
@given(
    st.sampled_from(["images", "categories", "annotations"]),
    st.sampled_from(["id", "file_name", "keypoints", "image_id", "category_id", "name", "hand"]),
    VALUES,
)
def test_coco_files_with_other_values(folder: Path, part: str, key: str, value: object) -> None:
    content = pictures.coco((IMAGE, SMALL, {"hand": "left"}))
    content[part][0][key] = value
    hands_or_error(pictures.write_coco(folder, content), folder)
    content[part] = value
    hands_or_error(pictures.write_coco(folder, content), folder)


@IN_BULK
@given(damaged(pictures.labels({IMAGE: {"": SMALL}}, multi=True).encode()))
def test_damaged_labels_of_a_project(folder: Path, content: bytes) -> None:
    pictures.write_project(folder, "").write_bytes(content)
    hands_or_error(folder, folder)


@IN_BULK
@given(damaged(b"Task: hands\nscorer: alice\nbodyparts:\n- PIP2\n"))
def test_damaged_configuration_of_a_project(folder: Path, content: bytes) -> None:
    pictures.write_project(folder, pictures.labels({IMAGE: {"": SMALL}}, multi=False))
    (folder / "config.yaml").write_bytes(content)
    hands_or_error(folder, folder)


@IN_BULK
@given(damaged(b"theirs,joint\nknuckle,MCP2\ntip,\n"))
def test_damaged_files_of_names(folder: Path, content: bytes) -> None:
    (folder / "joints.csv").write_text(pictures.table((IMAGE, "left", SMALL)))
    path = folder / "names.csv"
    path.write_bytes(content)
    with suppress(DocumentError):
        assert read_checked(folder / "joints.csv", folder, path)
