"""What a terminal shows: a table of both hands and a summary for each study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from sharp_cli.core.joints import FINDINGS, SIDES, TARGETS, Finding, Side
from sharp_cli.core.printable import printable
from sharp_cli.results.document import counts
from sharp_cli.results.doubt import legend, marked
from sharp_cli.results.sens import sens

if TYPE_CHECKING:
    from sharp_cli.results.document import Document, JointRow

TITLES: Final[dict[Finding, str]] = {"erosion": "Erosion", "jsn": "JSN"}

_NO_HAND: Final = "[dim]no hand[/]"
_LEGEND: Final = "?: it is uncertain whether the joint was found at its place"


def table(study: Document) -> Table:
    """The joints of one study, left and right hand side by side."""
    rows = {(row.finding, row.joint, row.hand): row for row in study.joints}
    sides: set[Side] = {hand.hand for hand in study.hands}
    files = ", ".join(dict.fromkeys(row.file for row in study.inputs))
    result = Table(title=escape(printable(files)), title_justify="left", title_style="bold")
    for heading in ("Group", "Joint", *(f"{side} hand" for side in SIDES)):
        result.add_column(heading, no_wrap=True)
    finding, group = "", ""
    for target in TARGETS:
        if target.finding != finding:
            result.add_section()
            result.add_row(f"[bold]{TITLES[target.finding]}[/]")
            finding, group = target.finding, ""
        cells = (
            _cell(rows[target.finding, target.joint, side]) if side in sides else _NO_HAND
            for side in SIDES
        )
        result.add_row(target.group if target.group != group else "", target.joint, *cells)
        group = target.group
    return result


def summary(study: Document) -> list[str]:
    """A line for each finding of a study, the joints of each hand by label, and one of the SENS."""
    found = counts(study)
    lines = []
    for finding in FINDINGS:
        parts = []
        for row in found:
            if row.finding != finding:
                continue
            part: str = row.hand
            if row.classified:
                part += f" {row.non_intact} of {row.classified} non-intact"
            if row.not_detected:
                part += f", {row.not_detected} not detected"
            if row.uncertain:
                part += f", {row.uncertain} uncertain"
            parts.append(part)
        lines.append(f"{TITLES[finding]}: {'; '.join(parts)}")
    lines += _scores(study)
    if any(row.uncertain for row in found):
        lines.append(_LEGEND)
    return lines + legend(study.joints)


def _scores(study: Document) -> list[str]:
    """The line of the SENS: of each hand, and of both with its parts."""
    known = [row for row in sens(study) if row.sens is not None]
    parts = [f"{row.hand} {row.sens}" for row in known if row.hand]
    if len(parts) == len(SIDES):
        both = known[-1]
        parts.append(f"both hands {both.sens} (erosion {both.erosion}, JSN {both.jsn})")
    return [f"SENS: {'; '.join(parts)}"] if parts else []


def _cell(row: JointRow) -> str:
    if row.status == "not-detected":
        return "[dim]not detected[/]"
    mark = " ?" if row.status == "uncertain" else ""
    if row.label is None:
        return f"x {row.x:.0f}, y {row.y:.0f} [dim]({row.likelihood:.2f})[/]{mark}"
    style = "bold dark_orange" if row.label == "non-intact" else "default"
    return f"[{style}]{marked(f'{row.probability:.2f} {row.label}', row)}[/]{mark}"
