"""Files that may be one study."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from sharp_cli.core.joints import Side


@dataclass(frozen=True, slots=True)
class Group:
    """Files that may be one study.

    Attributes:
        files: At least one, once the copies are left out.
        name: Of the study, if they are one.
        remarks: A file and a warning about it, each.
        sides: The hand that each file shows, according to the manifest.
        listed: Whether a manifest gives the study, and not the files' headers and names.
        patient: Who it is of, according to a manifest.
        date: When, likewise.
        day: How many days after the patient's first visit; None where visits have no order.
        manifest_study: What a manifest calls it, which may be no name for a folder.
        guessed: Whether nothing but lying alone in a folder says that they are one.
        before: The patient's study before it, where the model takes that, too; see
            `visits.with_earlier`.
        names: For each file the names that a study of it may have where the group is several, the
            preferred one first; see `plan.name_studies`.
    """

    files: tuple[str, ...]
    name: str
    remarks: tuple[tuple[str, str], ...] = ()
    sides: Mapping[str, Side] = field(default_factory=dict)
    listed: bool = False
    patient: str | None = None
    date: str | None = None
    day: int | None = None
    manifest_study: str | None = None
    guessed: bool = False
    before: Group | None = None
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def read(self) -> tuple[str, ...]:
        """All files that are read for it: those of the study before it as well."""
        return self.files if self.before is None else (*self.before.files, *self.files)

    def without(self, files: Container[str]) -> Group:
        """The group, and the study before it, without some files, which may leave none."""
        before = None if self.before is None else self.before.without(files)
        left = tuple(file for file in self.files if file not in files)
        return replace(self, files=left, before=before if before and before.files else None)

    def renamed(self, names: Mapping[str, str]) -> Group:
        """The group with other names, by those that it has."""
        own = {
            file: tuple(names.get(name, name) for name in each) for file, each in self.names.items()
        }
        return replace(self, name=names.get(self.name, self.name), names=own)
