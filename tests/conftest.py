"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("sharp", deadline=None)
settings.load_profile("sharp")

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers that each start a thread for every core slow each other down.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
