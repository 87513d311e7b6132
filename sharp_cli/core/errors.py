"""The one tree of errors that the library raises.

Every message names the file, says what is wrong and what to do about it. The command line
catches `SharpError` in one place, prints it to stderr and exits with `exit_code`.
"""


class SharpError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1


class InputError(SharpError):
    """One input file cannot be used; other inputs of the same call are not affected."""


class RadiographError(InputError):
    """The file cannot be read as a radiograph."""


class NoHandError(InputError):
    """The picture was read, and no hand was found in it."""


class DocumentError(InputError):
    """A file that an earlier command should have written is not what it should be."""


class UsageError(SharpError):
    """Options or arguments that do not fit together."""

    exit_code = 2


class ModelError(SharpError):
    """A model bundle is missing, damaged, or of the wrong kind."""

    exit_code = 3


class IncompleteStudyError(InputError):
    """`--strict` was asked for and the model lacked one of its inputs."""


class OutputError(SharpError):
    """A result cannot be written."""

    exit_code = 4
