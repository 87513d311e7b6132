"""Choices of joints."""

from __future__ import annotations

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.results.selection import ALL, selection_of
from tests.results.test_sens import scored


def test_findings_and_joints_are_chosen() -> None:
    document = scored("left", "right")
    assert ALL.of(document) == document
    chosen = selection_of("erosion", "MCP2, MCP3").of(document)
    assert [(row.hand, row.finding, row.joint) for row in chosen.joints] == [
        (side, "erosion", joint) for side in ("left", "right") for joint in ("MCP2", "MCP3")
    ]
    assert len(selection_of("jsn", None).of(document).joints) == 30
    assert len(selection_of(None, "MCP2").of(document).joints) == 4


@pytest.mark.parametrize(
    ("finding", "joints", "what"),
    [("erosions", None, "--finding: erosions; choose among"), (None, "MCP9", "--joints: MCP9")],
)
def test_what_is_none_is_wrong_usage(finding: str | None, joints: str | None, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        selection_of(finding, joints)
