"""RA2-DREAM: from a synthetic download to tables, and what is said of damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import TARGETS
from sharp_cli.datasets.importers.cohort import write_tables
from tests.datasets.importers.damage import Damage, check, removed, replaced
from tests.datasets.importers.imported import checked, imported
from tests.datasets.importers.trees import MAKE, READ, grade

if TYPE_CHECKING:
    from pathlib import Path

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
