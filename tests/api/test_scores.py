"""`Scores`: tables, pictures and files of what was found."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharp_cli import Scores, score
from sharp_cli.core.about import NOTICE
from sharp_cli.core.errors import OutputError, RadiographError, UsageError
from sharp_cli.results import overlay
from sharp_cli.results.run import Run
from tests.fakes import paint

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def two() -> Scores:
    """Both hands on one radiograph."""
    return score(paint(Path("two.png")))


@pytest.fixture
def pair() -> Scores:
    """One radiograph per hand: the left one's lunate is uncertain, the right one's is missing."""
    return score(paint(Path("odd_L.png")), paint(Path("gap_R.png")))


def test_the_joints_are_those_of_the_csv(pair: Scores) -> None:
    pair.to_csv("a.csv")
    joints, read = pair.joints, pd.read_csv("a.csv")
    assert len(joints) == 62
    for column in ("x", "y", "likelihood", "probability"):
        np.testing.assert_array_equal(joints[column], read[column])
    for column in ("study", "file", "hand", "finding", "group", "joint", "status"):
        assert joints[column].tolist() == read[column].tolist()
    missing = joints[joints["status"] == "not-detected"]
    assert missing["joint"].tolist() == ["lunate"]
    assert missing[["probability", "x", "label", "model"]].isna().all(axis=None)
    assert missing["box"].tolist() == [None]
    assert joints["box"][0] == pair.document.joints[0].box


def test_the_other_tables(pair: Scores) -> None:
    hands = pair.hands.set_index("hand")
    assert hands.loc["left", "reasons"] == ("cut off", "odd")
    assert hands.loc["right", "status"] == "ok"
    assert pair.warnings["message"].tolist() == [row.message for row in pair.document.warnings]
    assert any("lunate" in text for text in pair.warnings["message"])
    assert pair.failures.empty


def test_an_overlay_is_the_radiograph_with_its_boxes(two: Scores) -> None:
    ((_, expected),) = overlay.draw_all(two.document, Run())
    assert two.overlay() == two.overlay("two") == expected


def test_two_radiographs_lie_below_one_another(pair: Scores) -> None:
    (_, left), (_, right) = overlay.draw_all(pair.document, Run())
    picture = pair.overlay()
    assert picture.crop((0, 0, *left.size)) == left
    assert picture.crop((0, left.height, right.width, left.height + right.height)) == right
    assert picture.height == left.height + right.height


def test_an_overlay_needs_the_name_of_a_study_where_there_are_several(two: Scores) -> None:
    with pytest.raises(UsageError, match=r"'none'.*: 'two'"):
        two.overlay("none")
    several = score("two.png", paint(Path("two-b.png")))
    with pytest.raises(UsageError, match=r"'two', 'two-b'"):
        several.overlay()
    with pytest.warns(UserWarning, match="missing"):
        nothing = score("missing.png")
    with pytest.raises(UsageError, match="none"):
        nothing.overlay()


def test_an_overlay_of_a_radiograph_that_is_gone_is_an_error(two: Scores) -> None:
    Path("two.png").unlink()
    with pytest.raises(RadiographError, match=r"two\.png"):
        two.overlay()


def test_a_file_that_cannot_be_written_is_an_error(two: Scores) -> None:
    Path("folder").mkdir()
    for write in (two.to_csv, two.to_json):
        with pytest.raises(OutputError, match="folder"):
            write("folder")


def test_tables_are_ones_own(two: Scores) -> None:
    two.joints["label"] = "changed"
    assert set(two.joints["label"]) <= {"intact", "non-intact"}


def test_in_a_terminal_it_says_how_much_there_is_and_that_it_is_not_validated(two: Scores) -> None:
    assert repr(two) == f"<Scores: studies 1, hands 2, joints 62, warnings 1, failures 0> {NOTICE}"


def test_only_tables_load_pandas(two: Scores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert "MCP2" in two._repr_html_()
    two.to_csv("a.csv")
    two.overlay()
    with pytest.raises(ModuleNotFoundError, match="pandas"):
        _ = two.joints
