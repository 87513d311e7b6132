"""What goes wrong with another machine."""

from __future__ import annotations

from typing import Final

from sharp_cli.core.errors import InputError

_PASSING: Final = (0x0110, 0x0213, *range(0xA700, 0xA800))
"""Processing failure, and lack of resources."""


class ServerError(InputError):
    """A server cannot be reached, or does not do what it is asked for; it may later."""


class RefusedError(ServerError):
    """A server does not want an object, and will not."""


def refused(result: str, status: int | None) -> ServerError:
    """The error for an object that was not stored.

    Args:
        result: What to call the object.
        status: Why: a status of C-STORE (DICOM PS3.4 table B.2-1) or the equal failure reason of
            STOW-RS (PS3.18 table 10.5.1-1), or None if there was no answer about it.
    """
    if status is None:
        return ServerError(f"{result}: the server does not say that it stored it; see its log")
    message = f"{result}: not stored, with status {status:04X}; see the server's log"
    return (ServerError if status in _PASSING else RefusedError)(message)
