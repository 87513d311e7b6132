"""What a command notes of its inputs while it works, beside the document that it makes."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sharp_cli.core.errors import ExitCode, InputError, SharpError
from sharp_cli.results.document import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class Run:
    """How a command goes.

    Attributes:
        failures: The inputs that failed in this command.
        interrupted: Whether it was stopped before its end.
        on_progress: Called with every input that work begins on.
    """

    failures: list[Failure] = field(default_factory=list)
    interrupted: bool = False
    on_progress: Callable[[str], None] = lambda _: None

    @property
    def exit_code(self) -> ExitCode:
        """How a command ends that came to its end."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        return ExitCode.FAILED_INPUT if self.failures else ExitCode.DONE

    @contextmanager
    def guard(self, *files: str) -> Iterator[None]:
        """Note an error as the failure of these files, so that the others are still processed.

        An error of this package that concerns no single input is raised; with SHARP_DEBUG set, so
        is an unexpected one.
        """
        try:
            yield
        except InputError as error:
            self._note(files, type(error).__name__, str(error))
        except SharpError:
            raise
        except Exception as error:
            if os.environ.get("SHARP_DEBUG"):
                raise
            # The type only: a library's message may quote what the file says of a patient.
            kind = type(error).__name__
            self._note(files, kind, f"{', '.join(files)}: unexpected {kind}; please report this")

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let an interruption end the work, not the command."""
        try:
            yield
        except KeyboardInterrupt:
            self.interrupted = True

    def _note(self, files: tuple[str, ...], error: str, reason: str) -> None:
        self.failures.extend(Failure(file, error, reason) for file in files)
