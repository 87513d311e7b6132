from __future__ import annotations

from typing import Any

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.core.prevalence import TABLE_2, prevalence_of


def test_the_papers_is_that_of_every_joint_group() -> None:
    assert set(TABLE_2) == set(JOINT_GROUPS)
    assert prevalence_of("table2") == TABLE_2
    assert TABLE_2["jsn", "wrist"] == pytest.approx(0.68, abs=0.001)


@pytest.mark.parametrize("asked", [0.2, "0.2", "erosion=0.2,jsn=0.2", {"erosion": 0.2, "jsn": 0.2}])
def test_one_for_all_groups(asked: Any) -> None:
    assert prevalence_of(asked) == dict.fromkeys(JOINT_GROUPS, 0.2)


def test_a_finding_that_is_not_named_keeps_the_papers() -> None:
    found = prevalence_of("jsn = 0.3")
    assert {one for (finding, _), one in found.items() if finding == "jsn"} == {0.3}
    assert found["erosion", "MCP"] == TABLE_2["erosion", "MCP"]


@pytest.mark.parametrize(
    "asked",
    ["", "table3", "0", "1", "-0.1", "nan", "jsn=", "jsn=2", "hip=0.2", 0, 1.0, {}, {"hip": 0.2}],
)
def test_what_is_none_is_refused(asked: Any) -> None:
    with pytest.raises(UsageError, match="give table2, a number between 0 and 1"):
        prevalence_of(asked)
