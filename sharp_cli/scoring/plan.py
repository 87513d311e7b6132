"""What a call is to score: which files, and which of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharp_cli.scoring.discover import discover
from sharp_cli.scoring.groups import name_studies
from sharp_cli.scoring.manifest import read_manifest
from sharp_cli.scoring.pairing import pair

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sharp_cli.results.document import Failure, WarningRow
    from sharp_cli.scoring.groups import Group


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of a call.

    Attributes:
        groups: The files that may be one study, each file in one group; names of their studies
            are in one group only. The same files give the same plan.
        others: How many other files the folders hold.
        warnings: What was assumed that concerns no study.
        failures: What could not be searched.
    """

    groups: tuple[Group, ...]
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
    groups = name_studies(pair(found.pictures, named=found.named))
    return Plan(groups, found.others, tuple(found.warnings), tuple(found.failures))


def plan_manifest(path: Path) -> Plan:
    """What a manifest lists; see `read_manifest`.

    Raises:
        DocumentError: It cannot be used.
    """
    return Plan(name_studies(read_manifest(path)))
