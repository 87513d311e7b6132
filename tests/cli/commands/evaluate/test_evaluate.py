"""`sharp evaluate`: tables as CSV into a pipe, remarks on stderr."""

from __future__ import annotations

import csv
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.bundles import store
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.evaluation.phantoms import Separability
from sharp_cli.synthetic.perturbations import PERTURBATIONS
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sharp_cli.bundles.store import BundleKind
    from sharp_cli.synthetic.intact_hands import IntactHand
    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def annotate(path: Path, *files: Path) -> None:
    """Write the true joints of pictures."""
    rows = ["image,hand,joint,x,y"]
    for file in files:
        for side, to_image in fakes.hands_on(str(file)):
            places = to_image(TEMPLATE)
            rows += [
                f"{file.name},{side},{joint},{x:.3f},{y:.3f}"
                for joint, (x, y) in zip(POINTS, places, strict=True)
            ]
    path.write_text("\n".join(rows), encoding="utf-8")


def table(done: Done) -> list[dict[str, str]]:
    return list(csv.DictReader(done.out.decode().splitlines()))


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    files = [fakes.paint(tmp_path / "films" / f"two{number}.png") for number in range(1, 5)]
    annotate(tmp_path / "joints.csv", *files)
    return files


def test_detection(sharp: Sharp, pictures: Sequence[Path]) -> None:
    assert sharp("detect", *pictures, "--csv", "detected.csv").code == 0
    (first, *_) = rows = table(sharp("evaluate", "detection", "detected.csv", "joints.csv"))
    assert len(rows) == 10
    assert first["joints"] == first["detected"]
    assert float(first["found"]) == 100
    assert "off" not in first
    assert int(first["joints"]) == 40


def test_detection_measures_what_is_called_uncertain(sharp: Sharp, tmp_path: Path) -> None:
    file = fakes.paint(tmp_path / "films" / "odd-right.png")
    annotate(tmp_path / "joints.csv", file)
    assert sharp("detect", file, "--csv", "detected.csv").code == 0
    rows = table(sharp("evaluate", "detection", "detected.csv", "joints.csv"))
    row = next(row for row in rows if row["group"] == "erosion wrist")
    assert (row["off"], row["off_flagged"], row["good_flagged"]) == ("0", "nan", "25.00")


def test_detection_on_a_terminal_is_a_table(
    sharp: Sharp, pictures: Sequence[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sharp("detect", pictures[0], "--csv", "detected.csv")
    monkeypatch.setattr("sharp_cli.cli.terminal.is_terminal", lambda: True)
    done = sharp("evaluate", "detection", "detected.csv", "joints.csv")
    assert "erosion all joints" in done.out.decode()
    assert b"," not in done.out


@pytest.mark.usefixtures("pictures")
def test_hands_as_they_are(sharp: Sharp) -> None:
    (row,) = table(sharp("evaluate", "hands", "films", "joints.csv", "--unchanged"))
    assert row["pictures"] == "as it is"
    assert (row["hands"], row["found"], row["wrong_side"], row["extra"]) == ("8", "8", "0", "0")
    assert float(row["turn_degrees_max"]) < 0.1


@pytest.mark.usefixtures("pictures")
def test_hands_changed_name_what_went_wrong(sharp: Sharp) -> None:
    # The stand-in always finds the hands where they were before the change.
    done = sharp("evaluate", "hands", "films", "joints.csv", "--held-out")
    rows = {row["pictures"]: row for row in table(done)}
    assert len(rows) == 17
    assert rows["noise"]["hands"] == rows["turned 90°"]["hands"] == "2"
    assert rows["white borders"]["found"] == "0"
    assert "note: white borders: missed: two4.png\n" in done.err


@pytest.mark.usefixtures("pictures")
def test_robustness(sharp: Sharp) -> None:
    # The stand-ins always find the hands and joints where they were before the change.
    done = sharp("evaluate", "robustness", "films", "joints.csv")
    first, *others = rows = table(done)
    assert {key: first[key] for key in first if key != "median"} == {
        "change": "as it is",
        "severity": "",
        "hands": "8",
        "found_hands": "8",
        "wrong_side": "0",
        "joints": "248",
        "found": "100.00",
    }
    assert 0 < float(first["median"]) < 1
    assert len({(row["change"], row["severity"]) for row in rows}) == len(PERTURBATIONS) + 1
    assert {row["hands"] for row in others} == {"8"}
    (framed,) = [
        row
        for row in others
        if row["change"] == "white border" and row["severity"] == "50 % of the width"
    ]
    assert (framed["found_hands"], framed["found"], framed["median"]) == ("0", "0.00", "nan")


@pytest.mark.usefixtures("pictures")
def test_robustness_of_other_bundles(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = watch_bundles(monkeypatch)
    options = ("--hands", "my-hands", "--detector", "my-joints", "--threads", "1")
    done = sharp("evaluate", "robustness", "films", "joints.csv", *options)
    assert [row["hands"] for row in table(done)] == ["8"]
    assert opened == [("hands", "my-hands"), ("joints", "my-joints")]


def test_robustness_of_folds(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, pictures: Sequence[Path], tmp_path: Path
) -> None:
    places = [tmp_path / "work" / f"fold-{number}-of-2" for number in (1, 2)]
    for place, unseen in zip(places, (pictures[:1], pictures[1:3]), strict=True):
        place.mkdir(parents=True)
        annotate(place / "unseen.csv", *unseen)
    opened = watch_bundles(monkeypatch)
    done = sharp("evaluate", "robustness", "films", "joints.csv", "--folds", "work")
    # The last picture is in no fold.
    assert [row["hands"] for row in table(done)] == ["6"]
    folders = [place.relative_to(tmp_path) / "bundle" for place in places]
    assert opened == [("hands", None), *(("joints", folder) for folder in folders)]


def watch_bundles(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | Path | None]]:
    """Note which bundles are opened; pictures are looked at as they are only."""
    opened: list[tuple[str, str | Path | None]] = []
    open_bundle = store.open_bundle

    def watch(kind: BundleKind, folder: str | None = None) -> store.Bundle:
        opened.append((kind, folder))
        return open_bundle(kind, folder)

    monkeypatch.setattr("sharp_cli.bundles.store.open_bundle", watch)
    monkeypatch.setattr("sharp_cli.evaluation.robustness.PERTURBATIONS", ())
    return opened


class SeesNothing:
    def __init__(self, *_: object, **__: object) -> None:
        pass

    def candidates(self, _: object) -> tuple[list[object], None]:
        return [], None


def test_blanks(sharp: Sharp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sharp_cli.inference.hand_finder.HandFinder", SeesNothing)
    fakes.paint(tmp_path / "blanks" / "none.png")
    (tmp_path / "blanks" / "notes.txt").write_text("no picture")
    done = sharp("evaluate", "blanks", "blanks", "--drawn", "2")
    assert done.code == 1
    assert "notes.txt" in done.err
    rows = table(done)
    assert [row["group"] for row in rows] == ["given", "drawn"]
    assert [row["pictures"] for row in rows] == ["1", "2"]
    assert [row["hands"] for row in rows] == ["0", "0"]
    assert rows[0]["of"] == "none.png"


@pytest.mark.parametrize(
    "arguments",
    [
        ("hands", "nowhere", "joints.csv"),
        ("blanks", "nowhere"),
        ("robustness", "nowhere", "joints.csv"),
        ("lesions", "nowhere", "joints.csv"),
        ("phantoms", "nowhere", "joints.csv"),
        ("detection", "nowhere", "joints.csv"),
    ],
)
def test_missing_inputs_are_wrong_usage(sharp: Sharp, arguments: Sequence[str]) -> None:
    done = sharp("evaluate", *arguments)
    assert done.code == 2
    assert "'nowhere' does not exist" in done.err


def test_missing_annotations_are_reported(sharp: Sharp, tmp_path: Path) -> None:
    done = sharp("evaluate", "hands", tmp_path, "joints.csv")
    assert done.code == 1
    assert done.err.startswith(
        "error: joints.csv: cannot be read as a table of image,hand,joint,x,y"
    )


def test_a_missing_radiograph_is_reported(sharp: Sharp, pictures: Sequence[Path]) -> None:
    pictures[0].unlink()
    done = sharp("evaluate", "hands", "films", "joints.csv", "--unchanged")
    assert done.code == 1
    assert "two1.png" in done.err
    assert "unexpected" not in done.err


def test_lesions(sharp: Sharp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    metrics = {
        "sensitivity": 0.5,
        "sensitivity_by_grade": {"1": 0.25, "2": 0.75},
        "specificity": 0.975,
        "auc": 0.8772,
        "untouched_called_non_intact": 0.03,
        "joints": {"damaged": 8, "intact": 40, "untouched": 32},
    }
    measured: list[AnnotatedHand] = []

    def measure(_: Path, hands: list[AnnotatedHand]) -> dict[str, object]:
        measured.extend(hands)
        return {"siso": {"jsn": {"PIP": metrics}}}

    modules: dict[str, dict[str, Any]] = {
        "evaluation.lesions": {"measure": measure},
        "synthetic.intact_hands": {
            "read_intact_hands": lambda *_: [
                AnnotatedHand(f"{n}.png", "left", {}) for n in range(8)
            ]
        },
    }
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, f"sharp_cli.{name}", module)
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: True)
    (row,) = table(sharp("evaluate", "lesions", tmp_path, "joints.csv", "--held-out"))
    assert [hand.image for hand in measured] == ["3.png", "7.png"]
    assert list(row.values()) == [
        "siso", "jsn", "PIP", "50.00", "25.00", "75.00", "", "", "", "97.50", "0.877", "3.00",
        "8", "40", "32",
    ]  # fmt: skip


@pytest.mark.usefixtures("pictures")
def test_phantoms(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def measure(hands: Sequence[IntactHand], *, seed: int) -> dict[str, Separability]:
        measured.extend(f"{hand.image} {hand.side} {seed}" for hand in hands)
        return {"noise": Separability(0.8128, 0.7, 0.9, {"MCP": 0.75, "CMC": 0.5})}

    monkeypatch.setattr("sharp_cli.evaluation.phantoms.measure_phantoms", measure)
    done = sharp("evaluate", "phantoms", "films", "joints.csv", "--held-out", "--seed", "3")
    assert measured == ["two4.png left 3", "two4.png right 3"]
    assert done.out.decode().splitlines() == [
        "told_by,all,PIP-IP,MCP,CMC-M,wrist,CMC,low,high",
        "noise,0.813,,0.750,,,0.500,0.700,0.900",
    ]


@pytest.mark.usefixtures("pictures")
def test_phantoms_need_enough_radiographs(sharp: Sharp) -> None:
    done = sharp("evaluate", "phantoms", "films", "joints.csv")
    assert done.code == 2
    assert "4 radiographs are too few" in done.err


@pytest.mark.parametrize(("command", "extra"), [("lesions", "evaluate"), ("phantoms", "train")])
def test_an_extra_is_needed(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, extra: str
) -> None:
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: None)
    done = sharp("evaluate", command, tmp_path, "joints.csv")
    assert done.code == 2
    assert f"pip install 'sharp-cli[{extra}]'" in done.err
