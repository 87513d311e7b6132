"""Files that may be one study, and the names that their studies may have.

Names come from paths alone: all that a call may need are given before any file is read. So what a
study is called does not depend on what is found in another, nor on the order of the work.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.results.layout import RESERVED
from sharp_cli.results.naming import folder_name, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.core.joints import Side


@dataclass(frozen=True, slots=True)
class Group:
    """Files that may be one study.

    Attributes:
        files: At least one.
        name: Of the study, if they are one.
        remarks: File and text of what is to be noted of single files.
        sides: The hand that a file is listed to show.
        listed: Whether a manifest gives the study, and not the files' headers and names.
        names: For each file the names that a study of it may have where the group is several, the
            preferred one first; see `name_studies`.
    """

    files: tuple[str, ...]
    name: str
    remarks: tuple[tuple[str, str], ...] = ()
    sides: Mapping[str, Side] = field(default_factory=dict)
    listed: bool = False
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def renamed(self, names: Mapping[str, str]) -> Group:
        """The group with other names, by those that it has."""
        own = {
            file: tuple(names.get(name, name) for name in each) for file, each in self.names.items()
        }
        return replace(self, name=names.get(self.name, self.name), names=own)


def name_studies(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Give each group a name of its own, and names for the case that it is several studies.

    Groups that are called alike have their folders in their names, unless they are listed. Several
    studies of one group are called by their files, or by the group if that is listed or has one
    file. What is still called alike, in any case, is numbered: first the groups in their order,
    then a study of each file, then a second one, which is there for two hands of one side.
    """
    groups = tuple(groups)
    own = unique_names(_with_folders(groups), RESERVED)
    groups = tuple(replace(group, name=name) for group, name in zip(groups, own, strict=True))
    wanted = [*_further(groups, second=False), *_further(groups, second=True)]
    given = unique_names([name for _, name in wanted], [*RESERVED, *own])
    further: dict[tuple[int, str], list[str]] = defaultdict(list)
    for place, name in zip(wanted, given, strict=True):
        further[place].append(name)
    return tuple(
        replace(group, names={file: _choices(group, file, further, at) for file in group.files})
        for at, group in enumerate(groups)
    )


def _with_folders(groups: Sequence[Group]) -> Iterator[str]:
    """The name of each group; of those that are called alike with the folders that differ."""
    alike: dict[str, list[Path]] = defaultdict(list)
    for group in groups:
        alike[group.name.casefold()].append(_folder(group))
    for group in groups:
        folders = alike[group.name.casefold()]
        if group.listed or len(set(folders)) == 1:
            yield group.name
        else:
            differing = _folder(group).relative_to(os.path.commonpath(folders)).parts
            yield folder_name("-".join([*differing, group.name]))


def _folder(group: Group) -> Path:
    return Path(group.files[0]).parent.resolve()


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
    alone = group.listed or len(group.files) == 1
    return group.name if alone else folder_name(Path(file).stem)
