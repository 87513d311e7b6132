"""`sharp evaluate detection`: what it takes, what it prints and what it writes."""

from __future__ import annotations

import csv
import json
import math
import warnings
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.joints import COMMON_PHALANX, POINTS, SIDES, TARGETS, phalanx_length
from sharp_cli.core.template import TEMPLATE
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

COMMAND = ("evaluate", "detection")
SPACING = (0.3, 0.7)  # mm: height and width of a pixel
OFF = (1 / 7, -1 / 3)  # pixels: how far the stand-in is off


@pytest.fixture(autouse=True)
def detected(sharp: Sharp, tmp_path: Path) -> None:
    """Predictions of a picture with both hands, its joints, and labels and verdicts of them."""
    file = fakes.paint(tmp_path / "in" / "two.png")
    assert sharp("detect", file, "--csv", "detected.csv", "--json", "detected.json").code == 0
    document = (tmp_path / "detected.json").read_text()
    known = document.replace('"spacing_mm": null', f'"spacing_mm": {[*SPACING]}')
    assert known != document
    (tmp_path / "spaced.json").write_text(known)
    points = ["image,hand,joint,x,y"]
    for side, to_image in fakes.hands_on("two.png"):
        places = zip(POINTS, to_image(TEMPLATE), strict=True)
        points += [f"two.png,{side},{joint},{x},{y}" for joint, (x, y) in places]
    (tmp_path / "joints.csv").write_text("\n".join(points))
    labels, verdicts = (
        ["patient,study,image,hand,finding,joint,label"],
        ["image,hand,finding,joint,correct"],
    )
    for side in SIDES:
        for target in TARGETS:
            joint = f"in/two.png,{side},{target.finding},{target.joint}"
            label = "non-intact" if side == "left" else "intact"
            labels.append(f"P,1,{joint},{label}")
            verdicts.append(f"{joint},{'no' if target.joint == 'MCP2' else 'yes'}")
    (tmp_path / "labels.csv").write_text("\n".join(labels))
    (tmp_path / "verdicts.csv").write_text("\n".join(verdicts))


def table(done: Done) -> dict[str, dict[str, str]]:
    assert done.code == 0
    rows = csv.DictReader(done.out.decode().splitlines())
    return {row["group"]: row for row in rows}


def test_json_says_what_csv_says(sharp: Sharp) -> None:
    of_csv, of_json = (
        sharp(*COMMAND, name, "joints.csv") for name in ("detected.csv", "spaced.json")
    )
    assert of_csv.out == of_json.out
    columns = ["group", "joints", "detected", "mean", "median", "p95", "found"]
    assert [*next(iter(table(of_csv).values()))] == columns
    assert of_csv.err == ""


def test_rates_with_labels(sharp: Sharp) -> None:
    rows = table(sharp(*COMMAND, "detected.csv", "joints.csv", "--labels", "labels.csv"))
    row = rows["erosion PIP-IP"]
    assert (row["intact"], row["non_intact"], row["total"]) == (
        "5/5 (100.0%)",
        "5/5 (100.0%)",
        "10/10 (100.0%)",
    )


def test_the_tolerance_is_in_percent_of_the_phalanx(sharp: Sharp) -> None:
    mean = float(table(sharp(*COMMAND, "detected.csv", "joints.csv"))["jsn wrist"]["mean"])
    for tolerance, found in ((mean + 0.1, "100.00"), (mean - 0.1, "0.00")):
        options = ("--tolerance", str(tolerance), "--labels", "labels.csv")
        row = table(sharp(*COMMAND, "detected.csv", "joints.csv", *options))["jsn wrist"]
        assert row["found"] == found
        assert row["total"] == ("6/6 (100.0%)" if found == "100.00" else "0/6 (0.0%)")


def test_adjudications_alone(sharp: Sharp) -> None:
    done = sharp(*COMMAND, "detected.csv", "--verdicts", "verdicts.csv", "--labels", "labels.csv")
    rows = table(done)
    assert [*rows["jsn MCP"].values()] == ["jsn MCP", "4/5 (80.0%)", "4/5 (80.0%)", "8/10 (80.0%)"]
    assert rows["jsn PIP"]["total"] == "8/8 (100.0%)"
    assert done.err == ""


def test_adjudications_and_distances(sharp: Sharp) -> None:
    done = sharp(*COMMAND, "detected.csv", "joints.csv", "--verdicts", "verdicts.csv")
    row = table(done)["erosion MCP"]
    assert (row["found"], row["intact"], row["total"]) == ("100.00", "–", "8/10 (80.0%)")


def test_files(sharp: Sharp, tmp_path: Path) -> None:
    options = ("--labels", "labels.csv", "--out", "new/out")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = sharp(*COMMAND, "spaced.json", "joints.csv", *options)
    assert (done.code, done.out) == (0, b"")
    folder = tmp_path / "new" / "out"
    content = json.loads((folder / "detection.json").read_text())
    assert content["schema"] == "sharp-detection/1"
    assert (content["truth"], content["verdicts"]) == ("joints.csv", None)
    assert content["found"].startswith("within 15 % of")
    for name in ("rates", "distances"):
        with (folder / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(content[name]) == 30
        assert list(rows[0]) == list(content[name][0])
    # Nothing lacks a partner.
    assert content["partners"] == []
    assert not (folder / "partners.csv").exists()
    of_all = {
        one["unit"]: one
        for one in content["distances"]
        if (one["finding"], one["joints"]) == ("jsn", "all joints")
    }
    to_image = fakes.frame("left")(TEMPLATE)
    length = phalanx_length({k: (x, y) for k, (x, y) in zip(POINTS, to_image, strict=True)})
    x, y = OFF
    # Results are rounded to hundredths of a pixel.
    near = 0.01
    assert of_all["px"]["mean"] == pytest.approx(math.hypot(x, y) * COMMON_PHALANX / length, near)
    assert of_all["mm"]["mean"] == pytest.approx(math.hypot(x * SPACING[1], y * SPACING[0]), near)
    assert of_all["percent"]["mean"] == pytest.approx(math.hypot(x, y) * 100 / length, near)
    assert {one["measured"] for one in of_all.values()} == {30}
    assert (folder / "tables.md").read_text().count("\n|  | ") == 4
    assert (folder / "tables.tex").read_text().count(r"\begin{tabular}") == 4
    assert (folder / "distance-errors.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (folder / "distance-errors.svg").read_bytes()


def test_without_spacing_there_are_no_mm(sharp: Sharp, tmp_path: Path) -> None:
    assert sharp(*COMMAND, "detected.json", "joints.csv", "--out", "out").code == 0
    content = json.loads((tmp_path / "out" / "detection.json").read_text())
    assert {one["mean"] for one in content["distances"] if one["unit"] == "mm"} == {None}
    assert "| PIP-IP | 0 | – | – | – |" in (tmp_path / "out" / "tables.md").read_text()


def test_adjudications_have_no_plot(sharp: Sharp, tmp_path: Path) -> None:
    options = ("--verdicts", "verdicts.csv", "--out", "out")
    assert sharp(*COMMAND, "detected.json", *options).code == 0
    names = {"detection.json", "rates.csv", "tables.md", "tables.tex"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names


def test_what_has_no_partner_is_reported(sharp: Sharp, tmp_path: Path) -> None:
    joints = (tmp_path / "joints.csv").read_text().splitlines()
    (tmp_path / "joints.csv").write_text("\n".join([*joints[:-1], "other.png,left,IP,1,2"]))
    options = ("--labels", "labels.csv", "--out", "out")
    done = sharp(*COMMAND, "detected.csv", "joints.csv", *options)
    # The last point is the radiocarpal joint of the right hand.
    assert done.err.splitlines() == [
        "note: 1 joints predicted, not annotated: excluded",
        "note: 1 joints annotated, on a hand without a scale: excluded",
        "note: 1 joints labelled, not annotated: excluded",
        "done: the evaluation is in out",
    ]
    content = json.loads((tmp_path / "out" / "detection.json").read_text())
    assert [one["joints"] for one in content["partners"]] == [1, 1, 1]
    assert "Joints that only one of two files has" in (tmp_path / "out" / "tables.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give TRUTH (annotated joints), --verdicts, or both"),
        (("--labels", "labels.csv"), "give TRUTH (annotated joints), --verdicts, or both"),
        (("--verdicts", "verdicts.csv", "--tolerance", "3"), "give TRUTH as well"),
        (("joints.csv", "--tolerance", "-1"), "'--tolerance'"),
        (("joints.csv", "--tolerance", "inf"), "'--tolerance'"),
        (("--verdicts", "nowhere"), "'nowhere' does not exist"),
        (("joints.csv", "--labels", "nowhere"), "'nowhere' does not exist"),
    ],
)
def test_wrong_usage(sharp: Sharp, arguments: Sequence[str], message: str) -> None:
    done = sharp(*COMMAND, "detected.csv", *arguments)
    assert done.code == 2
    assert message in done.err


def test_files_need_an_extra(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: None)
    assert sharp(*COMMAND, "detected.csv", "joints.csv").code == 0
    done = sharp(*COMMAND, "detected.csv", "joints.csv", "--out", "out")
    assert done.code == 2
    assert "pip install 'sharp-cli[evaluate]'" in done.err
