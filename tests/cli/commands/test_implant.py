"""`sharp implant`: which hands it draws, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.datasets.annotations.csv_file import write_annotations
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.datasets.labels import read_labels
from sharp_cli.synthetic import implanted
from tests.datasets.annotations.pictures import paint, points

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

PICTURES = ("p1.png", "p2.png", "p3.png", "p4.png", "p5.png")
ARGUMENTS = ("implant", "images", "joints.csv", "--out", "made")


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path) -> None:
    paint(tmp_path / "images", *PICTURES)
    hands = [AnnotatedHand(name, "left", points()) for name in PICTURES]
    write_annotations(tmp_path / "joints.csv", hands)


def test_help_says_what_is_written_and_what_is_held_out(sharp: Sharp) -> None:
    done = sharp("implant", "--help")
    assert done.code == 0
    text = " ".join(done.out.decode().split())
    for part in ("--out", "--versions", "--seed", "--names", implanted.LABELS_FILE):
        assert part in text
    assert "Every fourth annotated patient is held out" in text
    assert "stands in for the other" in text


def test_patches_of_every_picture_that_is_not_held_out_are_drawn(
    sharp: Sharp, tmp_path: Path
) -> None:
    hands = [AnnotatedHand(name, "left", points()) for name in PICTURES[2:]]
    kept = [AnnotatedHand("p1.png", "left", points()), *hands]
    write_annotations(tmp_path / "joints.csv", kept)  # p5 is the fourth
    done = sharp(*ARGUMENTS, "--versions", "2", "--seed", "7")
    assert (done.code, done.out) == (0, b"")
    assert done.err == "done: the patches are in made (patients: 3, studies: 6)\n"
    labels = read_labels(tmp_path / "made" / implanted.LABELS_FILE).joints
    assert {one.patient for one in labels} == {"p1", "p3", "p4"}
    assert len(labels) == 6 * 62
    again = sharp(*ARGUMENTS)
    assert again.code == 2
    assert again.err == "error: made/labels.csv: is there already; choose a new folder\n"


def test_defaults_are_eight_versions_of_seed_1(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, dict[str, Any]]] = []
    monkeypatch.setattr(implanted, "write_implanted", lambda *a, **given: calls.append((a, given)))
    names = tmp_path / "names.csv"
    names.write_text("theirs,joint\nMCP2,MCP2\n")
    done = sharp(*ARGUMENTS, "--names", "names.csv")
    assert done.err == "done: the patches are in made (patients: 4, studies: 32)\n"
    (((hands, out), given),) = calls
    assert [hand.image for hand in hands] == ["p1.png", "p2.png", "p3.png", "p5.png"]
    assert str(out) == "made"
    del given["on_progress"]
    assert given == {"versions": 8, "seed": 1}


def test_joints_that_cannot_be_read_are_reported(sharp: Sharp) -> None:
    done = sharp("implant", "images", "nowhere.csv", "--out", "made")
    assert done.code == 1
    assert "nowhere.csv: cannot be read as a table of image,hand,joint,x,y" in done.err


@pytest.mark.parametrize("wrong", ["--versions=1", "--seed=-1", "--names=nowhere.csv"])
def test_impossible_options_are_wrong_usage(sharp: Sharp, wrong: str) -> None:
    done = sharp(*ARGUMENTS, wrong)
    assert done.code == 2
    assert wrong.partition("=")[0] in done.err


def test_a_missing_folder_of_radiographs_is_wrong_usage(sharp: Sharp) -> None:
    done = sharp("implant", "nowhere", "joints.csv", "--out", "made")
    assert done.code == 2
    assert "'nowhere' does not exist" in done.err
