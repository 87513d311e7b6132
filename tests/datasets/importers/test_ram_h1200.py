"""RAM-H1200: from a synthetic download to tables, and what is said of damaged ones."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from sharp_cli.core.joints import TARGETS
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.importers.cohort import write_tables
from tests.datasets.annotations.pictures import points
from tests.datasets.importers.damage import Damage, check, edit, moved, removed, replaced
from tests.datasets.importers.imported import checked, imported
from tests.datasets.importers.trees import (
    H1200_BOXES,
    H1200_SCORES,
    MAKE,
    READ,
    SPLIT,
    STUDIES,
    dump,
    grade,
    patch,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BE: Final = f"{H1200_SCORES['BE'][0]}/train"
BE_SCORES: Final = f"{BE}/{H1200_SCORES['BE'][1]}"
JSN_TEST: Final = f"{H1200_SCORES['JSN'][0]}/test/{H1200_SCORES['JSN'][1]}"

FIRST: Final = f"{BE_SCORES} 0001_0001_L.bmp"


def hand(key: str, score: object) -> Callable[[Path], object]:
    """Give a joint of RAM-H1200's first hand another score for erosion."""
    return edit(BE_SCORES, lambda scores: scores["0001_0001_L.bmp"].update({key: score}))


DAMAGES: Final[dict[str, Damage]] = {
    "a file of scores is missing": Damage(
        removed(JSN_TEST),
        "test",
        "this part of the split has no _annotation_jsn_scores.json",
        2 * 15,
    ),
    "unknown joint key": Damage(
        hand("BE_DIP-I", 0), f"{FIRST} BE_DIP-I", "no joint that is scored for erosion; excluded", 0
    ),
    "key without its prefix": Damage(
        hand("R", 0), f"{FIRST} R", "no joint that is scored for erosion; excluded", 0
    ),
    "score out of range": Damage(
        hand("BE_R", 6), f"{FIRST} BE_R", "score 6 is no grade of erosion, 0 to 5; excluded", 1
    ),
    "negative score": Damage(
        hand("BE_R", -1), f"{FIRST} BE_R", "score -1 is no grade of erosion, 0 to 5; excluded", 1
    ),
    "score a string": Damage(
        hand("BE_R", "2"), f"{FIRST} BE_R", "score '2' is no grade of erosion, 0 to 5; excluded", 1
    ),
    "score a fraction": Damage(
        hand("BE_R", 1.5), f"{FIRST} BE_R", "score 1.5 is no grade of erosion, 0 to 5; excluded", 1
    ),
    "score NaN": Damage(
        hand("BE_R", float("nan")),
        f"{FIRST} BE_R",
        "score nan is no grade of erosion, 0 to 5; excluded",
        1,
    ),
    "score null": Damage(
        hand("BE_R", None),
        f"{FIRST} BE_R",
        "score null is no grade of erosion, 0 to 5; excluded",
        1,
    ),
    "score true": Damage(
        hand("BE_R", score=True),
        f"{FIRST} BE_R",
        "score True is no grade of erosion, 0 to 5; excluded",
        1,
    ),
    "scores of a hand are a list": Damage(
        edit(BE_SCORES, lambda scores: scores.update({"0001_0001_L.bmp": [1]})),
        FIRST,
        "its scores are no object; excluded",
        16,
    ),
    "missing patch": Damage(
        removed(f"{BE}/0001_0001_L/R.bmp"),
        f"{FIRST} BE_R",
        "there is no patch; the radiograph is taken",
        0,
    ),
    "patch without score": Damage(
        lambda folder: patch(folder / BE / "0001_0001_L" / "X.bmp"),
        f"{BE}/0001_0001_L/X.bmp",
        "a patch without a score",
        0,
    ),
    "patches of a hand without scores": Damage(
        lambda folder: patch(folder / BE / "0009_0001_L" / "R.bmp"),
        f"{BE}/0009_0001_L",
        "patches without scores",
        0,
    ),
    "missing radiograph": Damage(
        removed("Segmentation/val/0003_0001_L.bmp"),
        "0003_0001_L",
        "there is no radiograph of this name",
        0,
    ),
    "two radiographs of a name": Damage(
        lambda folder: patch(folder / "copies" / "0003_0001_L.bmp"),
        "copies/0003_0001_L.bmp",
        "there is another of this name; the first is taken",
        0,
    ),
    "the same hand twice": Damage(
        replaced(BE_SCORES, '"0001_0001_R.bmp"', '"0001_0001_L.bmp"'),
        f"{H1200_SCORES['BE'][1]} 0001_0001_L.bmp",
        "stands twice; the first is taken",
        16,
    ),
    "a hand in two parts": Damage(
        edit(
            BE_SCORES.replace("train", "val"),
            lambda scores: scores.update({"0001_0001_L.bmp": {"BE_R": 0}}),
        ),
        "patient p0001",
        "is in train and val; all of it is counted as train",
        0,
    ),
    "a joint in two parts": Damage(
        edit(
            BE_SCORES.replace("train", "val"),
            lambda scores: scores.update({"0001_0001_L.bmp": {"BE_R": 0}}),
        ),
        f"{BE_SCORES.replace('train', 'val')} 0001_0001_L.bmp BE_R",
        f"was scored before ({FIRST} BE_R); the first is taken",
        0,
    ),
    "unknown part of the split": Damage(
        moved(BE_SCORES, f"{H1200_SCORES['BE'][0]}/extra/{H1200_SCORES['BE'][1]}"),
        f"{H1200_SCORES['BE'][0]}/extra/{H1200_SCORES['BE'][1]}",
        "its folder is no part of the split, train, val or test; excluded",
        4 * 16,
    ),
    "name without side": Damage(
        edit(BE_SCORES, lambda scores: scores.update({"0009_0001.bmp": {"BE_R": 0}})),
        f"{BE_SCORES} 0009_0001.bmp",
        "the name does not end in a side, as 0001_0001_L; excluded",
        0,
    ),
    "patient not in the table": Damage(
        replaced("Metadata.csv", "0001_0001,p0001", "0009_0001,p0001"),
        FIRST,
        "is not in Metadata.csv; excluded",
        2 * 31,
    ),
    "study of two patients": Damage(
        replaced("Metadata.csv", "0004_0001,p0004", "0004_0001,p0004\n0004_0001,p0005"),
        "Metadata.csv line 6",
        "0004_0001 is p0004's already",
        0,
    ),
    "patient without a name": Damage(
        replaced("Metadata.csv", "0004_0001,p0004", "0004_0001,p0004\n0005_0001,"),
        "Metadata.csv line 6",
        "'' cannot name a patient",
        0,
    ),
    "boxes are something else": Damage(
        lambda folder: dump(folder / H1200_BOXES, {"images": []}),
        "_annotations.coco.json",
        "has no lists images, categories, annotations; not read",
        0,
    ),
    "unknown kind of box": Damage(
        edit(H1200_BOXES, lambda coco: coco["categories"][0].update(name="ring")),
        f"{H1200_BOXES} annotation no. 1",
        "'ring' is no joint; excluded",
        0,
    ),
    "box on a picture without side": Damage(
        edit(H1200_BOXES, lambda coco: coco["images"][0].update(file_name="0001.bmp")),
        f"{H1200_BOXES} annotation no. 1",
        "0001.bmp does not end in a side; excluded",
        0,
    ),
    "box of no picture": Damage(
        edit(H1200_BOXES, lambda coco: coco["annotations"][2].update(image_id=7)),
        "_annotations.coco.json annotation no. 3",
        "names no picture and category; excluded",
        0,
    ),
    "box of three numbers": Damage(
        edit(H1200_BOXES, lambda coco: coco["annotations"][2].update(bbox=[1, 2, 3])),
        "_annotations.coco.json annotation no. 3",
        "has no box of four numbers; excluded",
        0,
    ),
    "box of a resized picture": Damage(
        edit(H1200_BOXES, lambda coco: coco["images"][0].update(width=80, height=90)),
        f"{H1200_BOXES} annotation no. 1",
        "the position is of a picture of another size than "
        "Segmentation/train/0001_0001_L.bmp; excluded",
        0,
    ),
    "joint with two boxes": Damage(
        edit(H1200_BOXES, lambda coco: coco["annotations"].append(coco["annotations"][0])),
        f"{H1200_BOXES} annotation no. 45",
        "left IP of Segmentation/train/0001_0001_L.bmp has a position already; excluded",
        0,
    ),
}


def test_ram_h1200(tmp_path: Path) -> None:
    folder, out, files = imported("ram-h1200", tmp_path)
    assert files == ["joints.csv", "folds.csv", "manifest.csv", "labels.csv"]
    labels = checked(folder, out)
    targets = {(target.finding, target.joint) for target in TARGETS}
    hands = Counter((one.study, one.side) for one in labels)
    assert hands == {(study, side): 31 for study in STUDIES for side in ("left", "right")}
    assert {(one.finding, one.joint) for one in labels} == targets
    assert {one.patient for one in labels} == {"p0001", "p0002", "p0003", "p0004"}
    for one in labels:
        which = "BE" if one.finding == "erosion" else "JSN"
        place, _, joints = H1200_SCORES[which]
        part = next(part for part, people in SPLIT.items() if one.study[:4] in people)
        name = f"{one.study}_{one.side[0].upper()}"
        number = list(joints.values()).index(one.joint)
        stem = list(joints)[number]
        order = [f"{person}_0001_{side}" for person in SPLIT[part] for side in "LR"]
        assert one.patch == f"{place}/{part}/{name}/{stem}.bmp"
        assert one.image == f"Segmentation/{part}/{name}.bmp"
        assert one.grade == grade(order.index(name) * 7 + number, 5)


def test_ram_h1200_boxes_give_joint_positions(tmp_path: Path) -> None:
    folder, out, _ = imported("ram-h1200", tmp_path)
    hands = read_checked(out / "joints.csv", folder)
    assert [(hand.image, hand.side) for hand in hands] == [
        ("Segmentation/train/0001_0001_L.bmp", "left"),
        ("Segmentation/train/0001_0001_R.bmp", "right"),
    ]
    for hand in hands:
        assert hand.points == points(hand.side)


def test_without_the_table_of_patients_names_tell_them(tmp_path: Path) -> None:
    MAKE["ram-h1200"](tmp_path)
    (tmp_path / "Metadata.csv").unlink()
    cohort = READ["ram-h1200"](tmp_path)
    assert {score.patient for score in cohort.scores} == {"0001", "0002", "0003", "0004"}
    assert [where for where, _ in cohort.remarks] == ["Metadata.csv"]


def test_patches_alone_are_enough(tmp_path: Path) -> None:
    MAKE["ram-h1200"](tmp_path)
    for part in SPLIT:
        for path in (tmp_path / "Segmentation" / part).iterdir():
            path.unlink()
    cohort = READ["ram-h1200"](tmp_path)
    assert "manifest.csv" not in write_tables(cohort, tmp_path, tmp_path / "made")
    assert len(cohort.scores) == 4 * 62
    assert {what for _, what in cohort.remarks} == {"there is no radiograph of this name"}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_said_and_the_rest_is_taken(name: str, tmp_path: Path) -> None:
    check(DAMAGES[name], "ram-h1200", 248, tmp_path)
