"""Limits on the size of a picture."""

from __future__ import annotations

import pytest

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import decoded


def test_limits_are_those_of_the_message() -> None:
    decoded.check_size(10000, 10000)
    decoded.check_size(decoded.MIN_SIDE, decoded.MIN_SIDE)
    with pytest.raises(RadiographError):
        decoded.check_size(10001, 10000)
