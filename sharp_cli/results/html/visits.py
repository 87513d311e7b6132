"""Which studies share a page: the visits of one patient."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sharp_cli.results.naming import folder_name, unique_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.results.document import Document

_NO_NAME: Final = re.compile(r"[/\\\x00]")
"""What a folder's name cannot hold."""


def by_page(studies: Mapping[str, Document], *, blind: bool) -> dict[str, list[str]]:
    """The names of the studies of each page, by the name of the page.

    Studies of one patient that have an order are its visits and share a page, in this order. Any
    other has one of its own.

    Args:
        studies: By name.
        blind: Name pages by patients wherever there is one, and shuffle their visits: into an order
            that follows from the radiographs, and so is the same every time.
    """
    visits: dict[str, list[str]] = defaultdict(list)
    for name, study in studies.items():
        patient = study.inputs[0].patient
        if patient is not None and _when(study):
            visits[patient].append(name)
    shared = {
        name: key
        for key, names in visits.items()
        if blind or len({_when(studies[name]) for name in names}) == len(names) > 1
        for name in names
    }
    patients = list(dict.fromkeys(shared.values()))
    wanted = [folder_name(_NO_NAME.sub("_", patient)) for patient in patients]
    titles = dict(zip(patients, unique_names(wanted, studies), strict=True))
    pages: dict[str, list[str]] = defaultdict(list)
    for name in studies:
        pages[titles[shared[name]] if name in shared else name].append(name)
    for names in pages.values():
        if blind:
            names.sort(key=lambda name: _shuffled(studies[name]))
        else:
            names.sort(key=lambda name: _when(studies[name]) or (0, ""))
    return dict(pages)


def _when(study: Document) -> tuple[int, str] | None:
    """What orders visits: the day after the first one, else the date; None without either."""
    row = study.inputs[0]
    return None if row.day is None and not row.date else (row.day or 0, row.date or "")


def _shuffled(study: Document) -> str:
    hashes = "".join(sorted(row.sha256 for row in study.inputs))
    return hashlib.sha256(hashes.encode()).hexdigest()
