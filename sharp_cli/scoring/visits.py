"""The order of a patient's visits, by the dates of a manifest or else of DICOM headers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from sharp_cli.results.document import WarningRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.scoring.groups import Group


def order_visits(
    groups: Sequence[Group], days: Mapping[str, int]
) -> tuple[list[Group], list[WarningRow]]:
    """Say of each visit of a patient how many days after the first one it is.

    Args:
        groups: The studies of a manifest; those of a patient are visits.
        days: Of files, counted from any day, as their headers give them.

    Returns:
        The studies as they came, and a warning for each patient whose dates give no order.
    """
    visits: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        if group.patient is not None:
            visits[group.patient].append(group)
    found: dict[str, int] = {}
    warnings = []
    for own in visits.values():
        taken = [[days[file] for file in group.files if file in days] for group in own]
        at = _days([_listed(group) for group in own])
        at = at or _days([min(each, default=None) for each in taken])
        if at is not None:
            found |= {group.name: day for group, day in zip(own, at, strict=True)}
        elif len(own) > 1 and any(group.date for group in own):
            names = ", ".join(group.name for group in own)
            text = f"no change between {names}: give each a date as YYYY-MM-DD in the manifest"
            warnings.append(WarningRow("", own[0].files[0], text))
    return [replace(group, day=found.get(group.name)) for group in groups], warnings


def with_earlier(groups: Iterable[Group]) -> Iterator[Group]:
    """The studies with the one before each, a patient's visits after one another in their order.

    The study before is that of the latest earlier day, as in training; see
    `training.classifier.sources`.
    """
    visits: dict[tuple[str | None, ...], list[Group]] = defaultdict(list)
    for group in groups:
        key = (group.patient,) if group.day is not None else (group.patient, group.name)
        visits[key].append(group)
    for own in visits.values():
        own.sort(key=lambda group: (group.day or 0, group.name))
        for group in own:
            before = [one for one in own if (one.day or 0) < (group.day or 0)]
            yield replace(group, before=before[-1]) if before else group


def read_once(groups: Sequence[Group]) -> Iterator[Group]:
    """The studies as they are to be read in this order: none is read twice in a row."""
    yield from groups[:1]
    for last, group in pairwise(groups):
        yield replace(group, before=None) if follows(group, last) else group


def follows(group: Group, last: Group) -> bool:
    """Whether a study is the one before another."""
    return group.before is not None and group.before.files == last.files


def _days(found: Sequence[int | None]) -> list[int] | None:
    """Days from the first of them; None where one is not known."""
    known = [day for day in found if day is not None]
    if len(known) < len(found):
        return None
    return [day - min(known) for day in known]


def _listed(group: Group) -> int | None:
    """The day that a manifest gives."""
    try:
        return date.fromisoformat(group.date or "").toordinal()
    except ValueError:
        return None
