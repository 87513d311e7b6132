"""What a call is to score: which files, and which of them together."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.results.layout import RESERVED
from sharp_cli.results.naming import folder_name
from sharp_cli.scoring.discover import discover
from sharp_cli.scoring.manifest import read_manifest
from sharp_cli.scoring.pairing import pair
from sharp_cli.scoring.studies import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sharp_cli.results.document import Failure, WarningRow
    from sharp_cli.scoring.studies import Group


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of a call.

    Attributes:
        groups: The files that may be one study, each file in one group, each under a name of its
            own. The same files give the same plan.
        names: Those of the groups, and whatever is named later.
        others: How many other files the folders hold.
        warnings: What was assumed of no study.
        failures: What could not be searched.
    """

    groups: tuple[Group, ...]
    names: Names
    others: int = 0
    warnings: tuple[WarningRow, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def files(self) -> list[str]:
        """The files in the order in which they are read."""
        return [file for group in self.groups for file in group.files]


def plan(sources: Iterable[str]) -> Plan:
    """Find radiographs and those that belong together; see `discover` and `pairing`.

    Args:
        sources: Files, folders and patterns.
    """
    found = discover(sources)
    groups, names = _named(pair(found.pictures, named=found.named))
    return Plan(groups, names, found.others, tuple(found.warnings), tuple(found.failures))


def plan_manifest(path: Path) -> Plan:
    """What a manifest lists; see `read_manifest`.

    Raises:
        DocumentError: It cannot be used.
    """
    return Plan(*_named(read_manifest(path)))


def _named(groups: Iterable[Group]) -> tuple[tuple[Group, ...], Names]:
    """Each group by its own name; those that are called alike have their folders before it."""
    groups = tuple(groups)
    alike: dict[str, list[Path]] = {}
    for group in groups:
        alike.setdefault(group.name.casefold(), []).append(_folder(group))
    names = Names(RESERVED)
    named = []
    for group in groups:
        folders = alike[group.name.casefold()]
        name = group.name
        if not group.listed and len(set(folders)) > 1:
            apart = _folder(group).relative_to(os.path.commonpath(folders)).parts
            name = folder_name("-".join([*apart, name]))
        named.append(replace(group, name=names.new(name)))
    return tuple(named), names


def _folder(group: Group) -> Path:
    return Path(group.files[0]).parent.resolve()
