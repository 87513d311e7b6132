from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.errors import DocumentError, OutputError, UsageError
from sharp_cli.core.joints import BOXES, SCORED_FINDINGS, SIDES
from sharp_cli.datasets.labels import LabelledJoint, read_labels
from sharp_cli.synthetic import implanted
from sharp_cli.synthetic.implanted import LABELS_FILE, write_implanted
from sharp_cli.synthetic.intact_hands import MARGIN, IntactHand
from sharp_cli.synthetic.joint_patches import generate_patch
from sharp_cli.synthetic.phantom.cohort import KEYS, patient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.synthetic.intact_hands import Grades
    from sharp_cli.synthetic.joint_patches import SyntheticPatch

JOINTS: Final = ("MCP2", "radius")
VERSIONS: Final = 3


def bones(joint: str) -> NDArray[np.uint16]:
    """Two bright bones with a gap between them."""
    width, height = (side + 2 * MARGIN for side in BOXES[joint])
    y, x = np.mgrid[:height, :width]
    bone = (abs(x - width / 2) < 70) & (abs(y - height / 2) > 8)
    return np.asarray(20000 + 25000 * bone, dtype=np.uint16)


def intact(image: str, side: Side) -> IntactHand:
    return IntactHand(image, side, {joint: bones(joint) for joint in JOINTS})


HANDS: Final = (
    intact("both.png", "right"),
    intact("both.png", "left"),
    intact("clinic/one_R.png", "right"),
)


def write(
    folder: Path, hands: Sequence[IntactHand] = HANDS, *, versions: int = VERSIONS, seed: int = 1
) -> list[str]:
    reported: list[str] = []
    write_implanted(hands, folder, versions=versions, seed=seed, on_progress=reported.append)
    return reported


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def pixels(folder: Path, label: LabelledJoint) -> NDArray[np.uint16]:
    found = cv2.imread(str(folder / label.file), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return np.asarray(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("implants") / "new"
    write(folder)
    return folder


@pytest.fixture(scope="module")
def labels(made: Path) -> Sequence[LabelledJoint]:
    return read_labels(made / LABELS_FILE).joints


def test_every_joint_of_both_hands_is_labelled_in_every_version(
    labels: Sequence[LabelledJoint],
) -> None:
    found = [(one.patient, one.study, one.side, one.joint, one.finding) for one in labels]
    assert found == [
        (person, f"{person}-{version}", side, joint, finding)
        for person in ("both", "clinic-one_R")
        for version in range(VERSIONS)
        for side in SIDES
        for joint in JOINTS
        for finding in SCORED_FINDINGS[joint]
    ]


def test_each_patch_is_the_joints_box_in_16_bits_and_none_is_left_over(
    made: Path, labels: Sequence[LabelledJoint]
) -> None:
    for one in labels:
        assert one.patch == f"{one.patient}/{one.study}/{one.side}-{one.joint}.png"
        picture = pixels(made, one)
        assert picture.dtype == np.uint16
        assert picture.shape == BOXES[one.joint][::-1]
    assert set(contents(made)) == {LABELS_FILE, *(one.file for one in labels)}


def test_two_versions_are_intact_and_the_others_are_as_synthetic_patients(
    labels: Sequence[LabelledJoint],
) -> None:
    for index, person in enumerate(("both", "clinic-one_R")):
        for version in range(VERSIONS):
            lesions = version > 1
            number = 2 * (version - 2) + index + 1
            grades = patient(1, number).studies[-1].grades if lesions else {}
            mine = [one for one in labels if one.study == f"{person}-{version}"]
            assert mine
            for one in mine:
                expected = grades[one.side, one.finding, one.joint] if lesions else 0
                assert one.grade == expected


def test_exposure_is_no_sign_of_lesions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, bool]] = []

    def watched(*given: object, augment: bool, look_alikes: bool, gap: float | None) -> object:
        # All versions but the first are an adult's.
        assert (gap is not None) is look_alikes
        asked.append((look_alikes, augment))
        return generate_patch(*given, augment=augment, look_alikes=look_alikes, gap=gap)  # type: ignore[arg-type]

    monkeypatch.setattr(implanted, "generate_patch", watched)
    for seed in range(4):
        write(tmp_path / str(seed), seed=seed)
    assert set(asked) == {(False, False), (False, True), (True, False), (True, True)}


def test_a_lesion_is_put_into_the_joint_and_hand_that_is_labelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, Grades]] = []

    def watched(
        hand: IntactHand, joint: str, grades: Grades, rng: np.random.Generator, **_: object
    ) -> SyntheticPatch:
        asked.append((int(hand.regions[joint].mean()), grades))
        return generate_patch(hand, joint, grades, rng, augment=False, look_alikes=False)

    monkeypatch.setattr(implanted, "generate_patch", watched)
    left = {joint: bones(joint) // 2 for joint in JOINTS}
    write(tmp_path, [HANDS[0], replace(HANDS[1], regions=left)], versions=8)
    rows = iter(read_labels(tmp_path / LABELS_FILE).joints)
    damaged = 0
    for brightness, grades in asked:
        for finding, grade in grades.items():
            one = next(rows)
            assert (one.finding, one.grade) == (finding, grade)
            assert (brightness < 20000) == (one.side == "left")
            damaged += grade > 0
    assert damaged


def test_another_version_of_one_hand_stands_in_for_the_other(made: Path) -> None:
    for version in range(VERSIONS):
        study = made / "clinic-one_R" / f"clinic-one_R-{version}"
        for joint in JOINTS:
            left, right = (study / f"{side}-{joint}.png" for side in SIDES)
            assert left.read_bytes() != right.read_bytes()


def test_the_same_seed_gives_the_same_files_and_another_others(made: Path, tmp_path: Path) -> None:
    write(tmp_path / "same")
    write(tmp_path / "other", seed=2)
    assert contents(tmp_path / "same") == contents(made)
    others = contents(tmp_path / "other")
    assert all(others[name] != content for name, content in contents(made).items())


def test_a_version_is_the_same_however_many_there_are(made: Path, tmp_path: Path) -> None:
    write(tmp_path, versions=2)
    few, many = contents(tmp_path), contents(made)
    del few[LABELS_FILE]
    assert few.items() < many.items()


def test_an_interrupted_run_has_no_labels_and_starts_over(made: Path, tmp_path: Path) -> None:
    def interrupt(study: str) -> None:
        if study == "both-1":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_implanted(HANDS, tmp_path, versions=VERSIONS, seed=2, on_progress=interrupt)
    assert contents(tmp_path)
    assert not (tmp_path / LABELS_FILE).exists()
    assert write(tmp_path)[:3] == ["both-0", "both-1", "both-2"]
    assert contents(tmp_path) == contents(made)


def test_labels_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / LABELS_FILE).write_text("mine")
    with pytest.raises(UsageError, match=r"labels\.csv: is there already; choose a new folder"):
        write(tmp_path)
    assert contents(tmp_path) == {LABELS_FILE: b"mine"}


def test_an_unwritable_folder_is_reported_before_anything_is_generated(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be made a folder"):
        write(tmp_path / "file")


def test_radiographs_that_would_be_one_patient_are_refused(tmp_path: Path) -> None:
    hands = [intact("a.png", "left"), intact("a.jpg", "right")]
    with pytest.raises(DocumentError, match=r"a\.png and a\.jpg: named alike; rename one"):
        write(tmp_path, hands)
    assert contents(tmp_path) == {}


def test_a_joint_that_is_not_annotated_is_excluded(tmp_path: Path) -> None:
    hand = IntactHand("a.png", "left", {"radius": bones("radius")})
    write(tmp_path, [hand])
    assert {one.joint for one in read_labels(tmp_path / LABELS_FILE).joints} == {"radius"}


@given(st.integers(0, 5), st.integers(0, 4))
def test_the_worst_erosion_takes_the_joint_space_with_it(erosion: int, jsn: int) -> None:
    grades = {key: erosion if key[1] == "erosion" else jsn for key in KEYS}
    both = implanted._lesions(grades, "left", "MCP2")
    assert both == {"erosion": erosion, "jsn": max(jsn, 2) if erosion == 5 else jsn}
    assert implanted._lesions(grades, "left", "ulna") == {"erosion": erosion}
    assert implanted._lesions(grades, "left", "CMC3") == {"jsn": jsn}


def test_radiographs_of_one_patient_stay_together(tmp_path: Path) -> None:
    hands = [intact(f"p1_{letter}.png", side) for letter, side in zip("LR", SIDES, strict=True)]
    write(tmp_path, [*hands, intact("p2.png", "left")], versions=2)
    joints = read_labels(tmp_path / LABELS_FILE).joints
    assert {one.patient for one in joints} == {"p1_L", "p2"}
    assert {one.study for one in joints if one.patient == "p1_L"} == {
        "p1_L-0", "p1_L-1", "p1_R-0", "p1_R-1",
    }  # fmt: skip
