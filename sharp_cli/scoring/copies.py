"""Radiographs that are there twice: each is scored once."""

from __future__ import annotations

import hashlib
import math
import os
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli import radiograph
from sharp_cli.core.errors import InputError, RadiographError
from sharp_cli.execution.questions import HERE
from sharp_cli.results.document import WarningRow

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from sharp_cli.execution.questions import Asker
    from sharp_cli.scoring.discover import RadiographFile

_MOST: Final = 12
"""More files than this with one SOPInstanceUID are not copies: some programs that remove
identifiers give all files of an archive the same ones."""


class _Rule(NamedTuple):
    """How copies are told.

    Attributes:
        alike: What copies have in common; None has nothing in common with anything.
        content: The content of a file, asked for where several are alike; None is like no other.
        copy: What is said of a copy of a file.
        other: What is said of a file that is alike and no copy, or empty.
        most: More files than this that are alike are not compared.
    """

    alike: Callable[[Sequence[RadiographFile], Asker], Sequence[Hashable]]
    content: Callable[[str], str | None]
    copy: str
    other: str = ""
    most: float = math.inf


def without_copies(
    radiographs: Sequence[RadiographFile], asker: Asker = HERE
) -> tuple[list[RadiographFile], list[WarningRow]]:
    """The first file of each radiograph, and a warning for each copy, which names both.

    A copy has the same bytes; or the same SOPInstanceUID and, once decoded, the same pixels. Only
    files that may be copies, by their sizes and headers, are read.

    Args:
        radiographs: Each file once.
        asker: Asks about files; one about which no answer comes is no copy.
    """
    left, warnings = list(radiographs), []
    for rule in (_SAME_BYTES, _SAME_OBJECT):
        notes = dict(_notes(left, rule, asker))
        copies = {file for file, (is_copy, _) in notes.items() if is_copy}
        left = [one for one in left if one.file not in copies]
        warnings += [WarningRow("", file, text) for file, (_, text) in notes.items()]
    return left, warnings


def _notes(
    radiographs: Sequence[RadiographFile], rule: _Rule, asker: Asker
) -> Iterator[tuple[str, tuple[bool, str]]]:
    """The files that are alike to an earlier one: whether each is a copy, and what to say of it."""
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for one, key in zip(radiographs, rule.alike(radiographs, asker), strict=True):
        groups[key].append(one.file)
    groups.pop(None, None)
    several = [group for group in groups.values() if 1 < len(group) <= rule.most]
    answers = iter(asker.each(rule.content, [file for group in several for file in group]))
    for group in several:
        first: dict[str, str] = {}
        for file in group:
            content = next(answers)
            if content is None or isinstance(content, InputError):
                continue
            if content in first:
                yield file, (True, rule.copy.format(first[content]))
            elif first and rule.other:
                yield file, (False, rule.other.format(next(iter(first.values()))))
            first.setdefault(content, file)


def _sizes_and_objects(radiographs: Sequence[RadiographFile], asker: Asker) -> list[Hashable]:
    sizes = asker.each(_size, [one.file for one in radiographs])
    # Empty files are not copies of one radiograph.
    return [
        (size, one.header.object_sha256) if size and not isinstance(size, InputError) else None
        for one, size in zip(radiographs, sizes, strict=True)
    ]


def _objects(radiographs: Sequence[RadiographFile], _: Asker) -> list[Hashable]:
    return [one.header.object_sha256 for one in radiographs]


def _size(path: str) -> int:
    with suppress(OSError):
        return os.stat(path).st_size  # noqa: PTH116 - speed
    return 0


def _file(path: str) -> str | None:
    with suppress(OSError):
        return radiograph.file_sha256(path)
    return None


def _pixels(path: str) -> str | None:
    with suppress(RadiographError):
        pixels = radiograph.read(path).pixels
        return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    return None


_SAME_BYTES: Final = _Rule(_sizes_and_objects, _file, "a copy of {}; read once")
_SAME_OBJECT: Final = _Rule(
    _objects,
    _pixels,
    "the same object as {} by its SOPInstanceUID, with the same picture; read once",
    "has the SOPInstanceUID of {}, and another picture; both are read",
    _MOST,
)
