"""RA2-DREAM: from a synthetic download to tables, and what is said of damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import POINTS, TARGETS
from sharp_cli.datasets.annotations.csv_file import read_annotations
from sharp_cli.datasets.importers.cohort import write_tables
from sharp_cli.datasets.importers.ra2_dream import read_cohort
from tests.datasets.annotations.pictures import SIZE, points
from tests.datasets.importers.damage import Damage, check, removed, replaced
from tests.datasets.importers.imported import checked, imported
from tests.datasets.importers.trees import MAKE, READ, dump, grade

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.joints import Side

DAMAGES: Final[dict[str, Damage]] = {
    "missing picture of a hand": Damage(
        removed("images/UAB001-RH.jpg"), "UAB001-RH", "there is no radiograph of this name", 31
    ),
    "patient twice": Damage(
        replaced("training.csv", "UAB003,", "UAB002,"),
        "line 5",
        "UAB002 stands twice; the first is taken",
        62,
    ),
    "patient that leaves the folder": Damage(
        replaced("training.csv", "UAB003,", "../UAB003,"),
        "line 5",
        "'../UAB003' cannot name a patient; excluded",
        62,
    ),
    "missing column": Damage(
        replaced("training.csv", "LH_wrist_E__ulna", "LH_wrist_E_ulna"),
        "LH_wrist_E__ulna",
        "this column is not there",
        4,
    ),
    "unknown column": Damage(
        replaced("training.csv", "LH_wrist_E__ulna", "LH_wrist_E__hamate"),
        "LH_wrist_E__hamate",
        "this column is no joint of the score; excluded",
        4,
    ),
    "word for a score": Damage(
        replaced("training.csv", "UAB000,9,0", "UAB000,9,none at all"),
        "line 2 LH_mcp_E__ip",
        "score 'none at all' is no grade of erosion, 0 to 5; excluded",
        1,
    ),
    "empty score": Damage(
        replaced("training.csv", "UAB000,9,0", "UAB000,9,NA"),
        "line 2 LH_mcp_E__ip",
        "not scored",
        1,
    ),
}


def test_ra2_dream(tmp_path: Path) -> None:
    folder, out, files = imported("ra2-dream", tmp_path)
    assert files == ["manifest.csv", "labels.csv"]
    labels = checked(folder, out)
    assert len(labels) == 4 * 62
    targets = {(target.finding, target.joint) for target in TARGETS}
    for side, letters in (("left", "LH"), ("right", "RH")):
        hand = [one for one in labels if (one.patient, one.side) == ("UAB001", side)]
        assert {(one.finding, one.joint) for one in hand} == targets
        assert {one.image for one in hand} == {f"images/UAB001-{letters}.jpg"}
    right = next(one for one in labels if (one.patient, one.side) == ("UAB002", "right"))
    assert (right.joint, right.grade) == ("IP", grade(2 + 31, 5))


def write_landmarks(folder: Path, name: str, side: Side, **more: Any) -> None:
    """A LabelMe file of a hand, with the labels of the challenge's landmarks."""
    named = {
        "IP": "mcp",
        **{f"{kind}{n}": f"{kind.lower()}_{n}" for kind in ("PIP", "MCP") for n in range(1, 6)},
    }
    places = {named[joint]: list(place) for joint, place in points(side).items() if joint in named}
    places |= {"w1": [70.0, 120.0], "w2": [75.0, 120.0], "w3": [80.0, 120.0]}
    shapes = [
        {"label": label, "shape_type": "point", "points": [place]}
        for label, place in places.items()
    ]
    width, height = SIZE
    content = {
        "imagePath": f"..\\radiographs\\{name}.jpg",
        "imageWidth": width,
        "imageHeight": height,
        "shapes": shapes,
    }
    dump(folder / f"{name}.json", content | more)


def test_positions_come_from_labelme_files(tmp_path: Path) -> None:
    folder, landmarks, out = tmp_path / "download", tmp_path / "landmarks", tmp_path / "made"
    MAKE["ra2-dream"](folder)
    write_landmarks(landmarks, "UAB001-LH", "left")
    write_landmarks(landmarks / "more", "UAB002-RH", "right", imageWidth=None)
    write_landmarks(landmarks, "UAB001-LF", "left")
    cohort = read_cohort(folder, landmarks)
    assert cohort.remarks == []
    assert "joints.csv" in write_tables(cohort, folder, out)
    hands = read_annotations(out / "joints.csv")
    assert {(hand.image, hand.side) for hand in hands} == {
        ("images/UAB001-LH.jpg", "left"), ("images/UAB002-RH.jpg", "right"),
    }  # fmt: skip
    for hand in hands:
        known = points(hand.side)
        assert hand.points == {joint: known[joint] for joint in hand.points}
        assert set(hand.points) == {
            joint for joint in POINTS if joint == "IP" or joint[:3] in ("PIP", "MCP")
        }


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        ({"imagePath": "UAB009-LH.jpg"}, "UAB009-LH", "no hand of the table has these positions"),
        ({"imageWidth": 7}, "UAB001-LH.json shape 1", "of a picture of another size"),
        ({"shapes": 5}, "UAB001-LH.json", "no list of shapes"),
        ({"shapes": [5]}, "UAB001-LH.json shape 1", "None is no joint of the score"),
        ({"shapes": [{"label": "dip_2"}]}, "UAB001-LH.json shape 1", "'dip_2' is no joint"),
        ({"shapes": [{"label": "mcp_2", "points": []}]}, "UAB001-LH.json shape 1", "no numbers"),
    ],
)
def test_what_is_wrong_with_landmarks_is_said(
    change: dict[str, Any], where: str, what: str, tmp_path: Path
) -> None:
    folder, landmarks = tmp_path / "download", tmp_path / "landmarks"
    MAKE["ra2-dream"](folder)
    write_landmarks(landmarks, "UAB001-LH", "left", **change)
    cohort = read_cohort(folder, landmarks)
    assert cohort.hands == []
    assert len(cohort.scores) == 248
    assert any(one.where == where and what in one.what for one in cohort.remarks), cohort.remarks


@pytest.mark.parametrize("content", [None, "{"])
def test_landmarks_that_are_none_are_an_error(content: str | None, tmp_path: Path) -> None:
    MAKE["ra2-dream"](tmp_path / "download")
    (tmp_path / "landmarks").mkdir()
    if content is not None:
        (tmp_path / "landmarks" / "a.json").write_text(content)
    with pytest.raises(DocumentError):
        read_cohort(tmp_path / "download", tmp_path / "landmarks")


def test_nothing_that_could_be_used_is_an_error_that_says_why(tmp_path: Path) -> None:
    folder, out = tmp_path / "download", tmp_path / "made"
    MAKE["ra2-dream"](folder)
    for path in (folder / "images").iterdir():
        path.unlink()
    cohort = READ["ra2-dream"](folder)
    with pytest.raises(DocumentError) as error:
        write_tables(cohort, folder, out)
    assert "no score could be used" in str(error.value)
    assert "UAB000-LH, UAB000-RH" in str(error.value)
    assert not out.exists()


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_said_and_the_rest_is_taken(name: str, tmp_path: Path) -> None:
    check(DAMAGES[name], "ra2-dream", 248, tmp_path)
