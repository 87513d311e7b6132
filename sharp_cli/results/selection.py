"""Which joints of a document are shown: those of some findings, or of some names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import FINDINGS, POINTS

if TYPE_CHECKING:
    from sharp_cli.results.document import Document


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice of joints.

    Attributes:
        findings: The findings; none for all.
        joints: The names of the joints; none for all.
    """

    findings: frozenset[str] = frozenset()
    joints: frozenset[str] = frozenset()

    def chooses(self, finding: str, joint: str) -> bool:
        """Whether a joint is chosen for a finding."""
        chosen = not self.findings or finding in self.findings
        return chosen and (not self.joints or joint in self.joints)

    def of(self, document: Document) -> Document:
        """A document of the chosen joints alone; scores are to be made of the whole one."""
        chosen = (row for row in document.joints if self.chooses(row.finding, row.joint))
        return replace(document, joints=tuple(chosen))


ALL: Final = Selection()
"""All joints."""


def selection_of(finding: str | None, joints: str | None) -> Selection:
    """The choice that is asked for.

    Args:
        finding: A finding, or None for all.
        joints: Names of joints, separated by commas, or None for all.

    Raises:
        UsageError: There is no such finding or joint.
    """
    given = (finding or "").split(","), (joints or "").split(",")
    findings, names = (frozenset(filter(None, map(str.strip, part))) for part in given)
    for option, asked, known in (("finding", findings, FINDINGS), ("joints", names, POINTS)):
        if wrong := sorted(asked - {*known}):
            message = f"--{option}: {', '.join(wrong)}; choose among {', '.join(known)}"
            raise UsageError(message)
    return Selection(findings, names)
