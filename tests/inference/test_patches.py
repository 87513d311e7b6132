"""Patches survive the way to a file and back, and other files are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import TARGET_OF
from sharp_cli.inference.patches import read_patch, to_png

if TYPE_CHECKING:
    from pathlib import Path

RADIUS = TARGET_OF["erosion", "radius"]


def test_a_patch_is_read_as_it_was_written(tmp_path: Path) -> None:
    pixels = np.arange(300 * 500, dtype=np.uint16).reshape(300, 500)
    (tmp_path / "a.png").write_bytes(to_png(pixels))
    np.testing.assert_array_equal(read_patch(tmp_path / "a.png", RADIUS), pixels)


@pytest.mark.parametrize(
    ("shape", "kind"), [((500, 300), np.uint16), ((300, 499), np.uint16), ((300, 500), np.uint8)]
)
def test_a_patch_of_another_size_or_depth_is_refused(
    tmp_path: Path, shape: tuple[int, int], kind: type
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros(shape, kind))
    with pytest.raises(DocumentError, match="not a 16-bit PNG of 500 x 300 pixels; run"):
        read_patch(tmp_path / "a.png", RADIUS)


def test_a_missing_patch_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\.png: cannot be read .*; run `sharp crop` again"):
        read_patch(tmp_path / "a.png", RADIUS)
