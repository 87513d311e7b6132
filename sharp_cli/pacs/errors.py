"""What goes wrong with another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import InputError
from sharp_cli.pacs.objects import describe

if TYPE_CHECKING:
    from pydicom import Dataset

_PASSING: Final = (0x0110, 0x0213, *range(0xA700, 0xA800))
"""Processing failure, and lack of resources."""


class ServerError(InputError):
    """A server cannot be reached, or does not do what it is asked for; it may later."""


class RefusedError(ServerError):
    """A server does not want an object, and will not."""


def refused(result: Dataset, where: str, status: int | None) -> ServerError:
    """The error for an object that was not stored.

    Args:
        result: The object.
        where: Where it was to be stored.
        status: Why not: a status of C-STORE (DICOM PS3.4 table B.2-1) or the equal failure reason
            of STOW-RS (PS3.18 table I.2-2), or None if there was no answer about it.
    """
    if status is None:
        return ServerError(
            f"{describe(result)}: {where} does not say that it stored it; see its log"
        )
    message = (
        f"{describe(result)}: {where} does not store it, with status {status:04X}; see its log"
    )
    return (ServerError if status in _PASSING else RefusedError)(message)
