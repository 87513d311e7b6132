"""What a training logs, on stderr."""

from __future__ import annotations

import logging
from datetime import datetime

from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import log


def begin_training() -> None:
    """Check that the extra `train` is installed, and log progress.

    Raises:
        UsageError: It is not installed.
    """
    require("train")
    logger = logging.getLogger("sharp_cli")
    logger.setLevel(logging.INFO)
    logger.handlers = [_Messages()]


class _Messages(logging.Handler):
    """Hands on what a training logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print it as the note of a command."""
        log("note", f"{datetime.now():%H:%M:%S} {record.getMessage()}")  # noqa: DTZ005 - a clock
