"""What a call is to score: which files, which of them together, and what studies are called.

Names come from paths alone: all that a call may need are given before any file is read. So what a
study is called does not depend on what is found in another, nor on the order of the work.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.core.errors import InputError
from sharp_cli.execution.questions import HERE
from sharp_cli.radiograph.tags import OWN_SALT
from sharp_cli.results.document import Failure
from sharp_cli.results.layout import RESERVED
from sharp_cli.results.naming import folder_name, unique_names
from sharp_cli.scoring.copies import without_copies
from sharp_cli.scoring.discover import RadiographFile, discover, header_of
from sharp_cli.scoring.groups import Group
from sharp_cli.scoring.manifest import read_manifest
from sharp_cli.scoring.pairing import pair
from sharp_cli.scoring.visits import order_visits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.execution.questions import Asker
    from sharp_cli.fileio.tables import Table
    from sharp_cli.results.document import WarningRow


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


def plan(sources: Iterable[str], asker: Asker = HERE) -> Plan:
    """Find radiographs and those that belong together; see `discover` and `pairing`.

    Args:
        sources: Files, folders and patterns.
        asker: Asks about files and folders.
    """
    found = discover(sources, asker)
    files, copies = without_copies(found.radiographs, asker)
    groups = name_studies(pair(files, named=found.named))
    warnings = (*found.warnings, *copies)
    return Plan(groups, found.others, warnings, tuple(found.failures))


def plan_manifest(path: Path, table: Table | None = None, asker: Asker = HERE) -> Plan:
    """What a manifest lists; see `read_manifest`.

    Args:
        path: The manifest.
        table: What it holds, if it is read already.
        asker: Asks about files.

    Raises:
        DocumentError: It cannot be used.
    """
    groups = read_manifest(path, table)
    files = [file for group in groups for file in group.files]
    listed, failures = [], []
    for file, header in zip(
        files, asker.each(partial(header_of, salt=OWN_SALT), files), strict=True
    ):
        if isinstance(header, InputError):
            failures.append(Failure(file, InputError.__name__, str(header)))
        else:
            listed.append(RadiographFile(file, header))
    radiographs, copies = without_copies(listed, asker)
    kept = {radiograph.file for radiograph in radiographs}
    left = [group.without(set(group.files) - kept) for group in groups]
    days = {one.file: one.header.day for one in radiographs if one.header.day is not None}
    ordered, undated = order_visits([group for group in left if group.files], days)
    warnings = (*copies, *undated)
    return Plan(name_studies(ordered), warnings=warnings, failures=tuple(failures))


def name_studies(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Give each group a name of its own, and names for the case that it is several studies.

    Groups that are called alike have their folders in their names, unless they are listed. Several
    studies of one group are called by their files, or by the group if that is listed or has one
    file. What is still called alike, in any case, is numbered: first the groups in their order,
    then a study of each file, then a second one, which is there for two hands of one side.
    """
    groups = tuple(groups)
    # The files of a guess are called as if each were a group.
    singles = [
        Group((file,), folder_name(Path(file).stem))
        for group in groups
        if group.guessed
        for file in group.files
    ]
    names = unique_names(_with_folders([*groups, *singles]), RESERVED)
    own, rest = names[: len(groups)], names[len(groups) :]
    alone = {one.files[0]: (name,) for one, name in zip(singles, rest, strict=True)}
    groups = tuple(
        replace(group, name=name, names={f: alone[f] for f in group.files if group.guessed})
        for group, name in zip(groups, own, strict=True)
    )
    wanted = [*_further(groups, second=False), *_further(groups, second=True)]
    given = unique_names([name for _, name in wanted], [*RESERVED, *own])
    further: dict[tuple[int, str], list[str]] = defaultdict(list)
    for place, name in zip(wanted, given, strict=True):
        further[place].append(name)
    return tuple(
        replace(group, names={file: _choices(group, file, further, at) for file in group.files})
        for at, group in enumerate(groups)
    )


def _with_folders(groups: Sequence[Group]) -> list[str]:
    """The name of each group; of those that are called alike with the folders that differ."""
    names = [group.name for group in groups]
    alike: dict[str, list[int]] = defaultdict(list)
    for at, group in enumerate(groups):
        alike[group.name.casefold()].append(at)
    for places in alike.values():
        # A place is looked at once, and alone it needs no folder: archives are large.
        folders = [_folder(groups[at]) for at in places if len(places) > 1]
        if len(set(folders)) > 1:
            shared = os.path.commonpath(folders)
            for at, folder in zip(places, folders, strict=True):
                if not groups[at].listed:
                    differing = Path(folder).relative_to(shared).parts
                    names[at] = folder_name("-".join([*differing, names[at]]))
    return names


def _folder(group: Group) -> str:
    return os.path.abspath(Path(group.files[0]).parent)  # noqa: PTH100 - no file is looked at


def _further(groups: Sequence[Group], *, second: bool) -> Iterator[tuple[int, str]]:
    """Number of a group and wanted name for one study of each file that needs a further name."""
    for at, group in enumerate(groups):
        unused = {group.name}
        for file in group.files:
            name = _study_of(group, file)
            if second or name not in unused:
                yield at, name
            unused.discard(name)


def _choices(
    group: Group, file: str, further: Mapping[tuple[int, str], Sequence[str]], at: int
) -> tuple[str, ...]:
    name = _study_of(group, file)
    first = (name,) if name == group.name else ()
    return (*first, *further[at, name])


def _study_of(group: Group, file: str) -> str:
    """What a study of a file is called where its group is several, before numbers are added."""
    if group.guessed:
        return group.names[file][0]
    alone = group.listed or len(group.files) == 1
    return group.name if alone else folder_name(Path(file).stem)
