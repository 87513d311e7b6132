"""Settings for all tests."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers that each start a thread for every core slow each other down.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
