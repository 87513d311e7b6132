"""What a training logs, on stderr."""

from __future__ import annotations

import logging

from sharp_cli.cli.extras import require_training


def begin_training() -> None:
    """Check that the extra `train` is installed, and log progress.

    Raises:
        UsageError: It is not installed.
    """
    require_training()
    # Other libraries log at their own levels.
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("sharp_cli").setLevel(logging.INFO)
