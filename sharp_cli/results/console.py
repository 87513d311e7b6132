"""What a terminal shows: a table of both hands and a summary for each study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from sharp_cli.core.joints import FINDINGS, SIDES, TARGETS, Finding, Side
from sharp_cli.core.printable import printable
from sharp_cli.results.changes import changes
from sharp_cli.results.document import counts
from sharp_cli.results.doubt import legend, marked
from sharp_cli.results.sens import sens
from sharp_cli.results.totals import totals

if TYPE_CHECKING:
    from sharp_cli.core.records import MissingRule
    from sharp_cli.results.document import Document, JointRow
    from sharp_cli.results.totals import Total

TITLES: Final[dict[Finding, str]] = {"erosion": "Erosion", "jsn": "JSN"}

MISSING: Final[dict[MissingRule, str]] = {
    "scale": "each counts as the mean of the hand's others, if at least half are graded",
    "refuse": "there is no total where one is missing",
    "zero": "each adds nothing",
}
"""What is done about joints without a grade."""

_NO_HAND: Final = "[dim]no hand[/]"
_GRADE_LEGEND: Final = "grade: SHS, of a joint that is non-intact"
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
        if not any((target.finding, target.joint, side) in rows for side in sides):
            continue
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
            if row.not_assessable:
                part += f", {row.not_assessable} not assessable"
            if row.uncertain:
                part += f", {row.uncertain} uncertain"
            parts.append(part)
        lines.append(f"{TITLES[finding]}: {'; '.join(parts)}")
    lines += _scores(study) + _totals(study)
    if any(row.grade for row in study.joints):
        lines.append(_GRADE_LEGEND)
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


def _totals(study: Document) -> list[str]:
    """The line of the SHS totals: of each hand, and of both with their parts."""
    found = totals(study)
    parts = []
    for row in found:
        if row.total is not None:
            part = f"{row.hand or 'both hands'} {_with_interval(row, 'total')}"
            if row.hand is None:
                erosion, jsn = (_with_interval(row, finding) for finding in FINDINGS)
                part += f", erosion {erosion}, JSN {jsn}"
            parts.append(part)
    if not found:
        return []
    lines = [f"SHS, 95 % interval: {'; '.join(parts) or 'none'}"]
    if missing := max(row.missing for row in found):
        lines.append(f"SHS, joints without a grade: {missing} ({MISSING[study.missing]})")
    return lines


def visits(document: Document) -> list[str]:
    """A line for each visit of a patient after the first: how the totals of both hands changed."""
    found: dict[tuple[str, str, int], list[str]] = {}
    for row in changes([document]):
        if row.hand is None:
            part = f"{row.finding or 'total'} {row.change:+.1f}".replace("jsn", "JSN")
            if row.change_low is not None:
                part += f" ({row.change_low:+d} to {row.change_high:+d})"
            found.setdefault((row.study, row.earlier, row.days), []).append(part)
    return [
        f"SHS of {study}, change since {earlier} ({days} days), 95 % interval: {', '.join(parts)}"
        for (study, earlier, days), parts in found.items()
    ]


def _with_interval(row: Total, part: str) -> str:
    value, low, high = (getattr(row, f"{part}{end}") for end in ("", "_low", "_high"))
    return f"{value:.1f}" if low is None else f"{value:.1f} ({low}–{high})"


def _cell(row: JointRow) -> str:
    if row.status in ("not-detected", "not-assessable"):
        return f"[dim]{row.status.replace('-', ' ')}[/]"
    mark = " ?" if row.status == "uncertain" else ""
    if row.label is None:
        return f"x {row.x:.0f}, y {row.y:.0f} [dim]({row.likelihood:.2f})[/]{mark}"
    style = "bold dark_orange" if row.label == "non-intact" else "default"
    answer = f"{row.probability:.2f} {f'grade {row.grade}' if row.grade else row.label}"
    return f"[{style}]{marked(answer, row)}[/]{mark}"
