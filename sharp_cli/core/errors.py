"""The one tree of errors that the library raises, and the exit codes that it leads to.

Every message names the file, says what is wrong and what to do about it. The command line
catches `SharpError` in one place, prints it to stderr and exits with `exit_code`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self


class ExitCode(IntEnum):
    """How a command ends; `docs/errors.md` says what each means and what to do."""

    DONE = 0
    FAILED_INPUT = 1
    USAGE = 2
    MODEL = 3
    OUTPUT = 4
    INTERNAL = 70
    INTERRUPTED = 130


class SharpError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED_INPUT


class InputError(SharpError):
    """One input file cannot be used; other inputs of the same call are not affected."""

    @classmethod
    def noting(cls, message: str, notes: Sequence[str]) -> Self:
        """An error that also tells the warnings before it, which may explain it."""
        return cls(f"{message} (noted before: {'; '.join(notes)})" if notes else message)


class RadiographError(InputError):
    """The file cannot be read as a radiograph."""


class NoHandError(InputError):
    """The picture was read, and no hand was found in it."""

    @classmethod
    def of(cls, file: str) -> NoHandError:
        """The error for a file."""
        return cls(
            f"{file}: no hand found: it may show a foot, or a hand from the side; give hands seen "
            "from the back or the palm, or a wrist or fingers that fill the picture"
        )


class ManyHandsError(InputError):
    """The picture shows more than two hands."""


class DocumentError(InputError):
    """A file that an earlier command should have written is not what it should be."""


class UsageError(SharpError):
    """Options or arguments that do not fit together."""

    exit_code = ExitCode.USAGE


class ModelError(SharpError):
    """A model bundle is missing, damaged, or of the wrong kind."""

    exit_code = ExitCode.MODEL


class IncompleteStudyError(InputError):
    """`--strict` was asked for and the model lacked one of its inputs."""


class OutputError(SharpError):
    """A result cannot be written."""

    exit_code = ExitCode.OUTPUT
