"""What of a plan is left to do where a folder of results holds some of it.

A result is that of a path and of a content: a radiograph that was replaced is scored anew, and the
results of one that was only moved are kept.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sharp_cli.execution.questions import HERE
from sharp_cli.radiograph import file_sha256
from sharp_cli.results.naming import unique_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.batch.journal import Journal
    from sharp_cli.execution.questions import Asker
    from sharp_cli.scoring.groups import Group


def read_contents(groups: Sequence[Group], journal: Journal, asker: Asker = HERE) -> dict[str, str]:
    """The sha256 of the files of a plan, as far as it takes to compare them with a folder.

    These are the files that the folder has results of; where some of those changed or are gone,
    all, for they may have been moved. A file that cannot be read now is left out.

    Args:
        groups: Those of a plan.
        journal: What the folder holds.
        asker: Asks about files.
    """
    planned = [file for group in groups for file in group.files]
    contents = _read([file for file in planned if journal.has(file)], asker)
    held = {pair for files in journal.studies.values() for pair in files.items()}
    if held - contents.items():
        contents |= _read([file for file in planned if not journal.has(file)], asker)
    return contents


def _read(files: Sequence[str], asker: Asker) -> dict[str, str]:
    answers = zip(files, asker.each(_content, files), strict=True)
    return {file: content for file, content in answers if isinstance(content, str)}


def _content(file: str) -> str | None:
    with suppress(OSError):
        return file_sha256(file)
    return None


def remaining(
    groups: Sequence[Group], journal: Journal, contents: Mapping[str, str]
) -> list[Group]:
    """The groups that lack results, or whose results are of other contents or other groups.

    Those whose study before is among them follow.

    Their names are free: one that the folder holds for a study of other radiographs is replaced.
    That happens where the folder was filled before other files came, and so with other names.

    Args:
        groups: Those of a plan.
        journal: What the folder holds.
        contents: See `read_contents`; a file that is not there counts as unchanged.
    """
    owners = {file: group for group in groups for file in group.files}
    owners |= {contents[file]: group for file, group in owners.items() if file in contents}

    def is_done(group: Group) -> bool:
        held = [journal.studies[study] for study in journal.studies_of(group.files)]
        return all(map(journal.has, group.files)) and all(
            contents.get(file, content) == content
            and owners.get(file, group) is group
            and owners.get(content, group) is group
            for files in held
            for file, content in files.items()
        )

    anew = {group.files for group in groups if not is_done(group)}
    left = [
        group
        for group in groups
        if group.files in anew or (group.before is not None and group.before.files in anew)
    ]
    holders = {study.casefold(): study for study in journal.studies}
    clashes = [
        name
        for group in left
        for name in sorted(_names(group))
        if name.casefold() in holders
        and holders[name.casefold()]
        not in journal.studies_of(group.files, contents_of(group, contents))
    ]
    planned = {name for group in groups for name in _names(group)}
    free = unique_names(clashes, [*planned, *journal.studies])
    new = dict(zip(clashes, free, strict=True))
    return [group.renamed(new) for group in left]


def contents_of(group: Group, contents: Mapping[str, str]) -> list[str]:
    """The known contents of a group's files."""
    return [contents[file] for file in group.files if file in contents]


def moved_from(group: Group, journal: Journal, contents: Mapping[str, str]) -> str | None:
    """The study that holds just the contents of a group, under other paths; None if there is none.

    A group that is several studies has none.
    """
    known = contents_of(group, contents)
    studies = journal.studies_of((), known)
    if len(known) != len(group.files) or len(studies) != 1:
        return None
    (study,) = studies
    return study if sorted(journal.studies[study].values()) == sorted(known) else None


def _names(group: Group) -> set[str]:
    return {group.name, *(name for names in group.names.values() for name in names)}
