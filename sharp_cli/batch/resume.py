"""What of a plan is left to do where a folder of results holds some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli.results.naming import unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.batch.journal import Journal
    from sharp_cli.scoring.groups import Group


def remaining(groups: Sequence[Group], journal: Journal) -> list[Group]:
    """The groups that lack results, or whose results were put together otherwise.

    Their names are free: one that the folder holds for a study of other radiographs is replaced.
    That happens where the folder was filled before other files came, and so with other names.

    Args:
        groups: Those of a plan.
        journal: What the folder holds.
    """
    owners = {file: group for group in groups for file in group.files}

    def is_done(group: Group) -> bool:
        held = {
            file for study in journal.studies_of(group.files) for file in journal.studies[study]
        }
        return all(map(journal.has, group.files)) and all(
            owners.get(file, group) is group for file in held
        )

    left = [group for group in groups if not is_done(group)]
    holds = {study.casefold(): files for study, files in journal.studies.items()}
    clashes = [
        name
        for group in left
        for name in sorted(_names(group))
        if name.casefold() in holds and holds[name.casefold()].isdisjoint(group.files)
    ]
    planned = {name for group in groups for name in _names(group)}
    free = unique_names(clashes, [*planned, *journal.studies])
    new = dict(zip(clashes, free, strict=True))
    return [group.renamed(new) for group in left]


def _names(group: Group) -> set[str]:
    return {group.name, *(name for names in group.names.values() for name in names)}
