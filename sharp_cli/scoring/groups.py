"""Files that may be one study."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.core.joints import Side


@dataclass(frozen=True, slots=True)
class Group:
    """Files that may be one study.

    Attributes:
        files: At least one.
        name: Of the study, if they are one.
        remarks: A file and a warning about it, each.
        sides: The hand that each file shows, according to the manifest.
        listed: Whether a manifest gives the study, and not the files' headers and names.
        names: For each file the names that a study of it may have where the group is several, the
            preferred one first; see `plan.name_studies`.
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
