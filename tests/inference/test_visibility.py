"""Views of joints, and what a network says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sharp_cli.core.geometry import Shrinking, similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.visibility import SIDE, UNIT, WIDE, VisibilityNetwork, draw_views
from sharp_cli.training.onnx_file import write_onnx

if TYPE_CHECKING:
    from pathlib import Path

TO_IMAGE = similarity(scale=0.2, degrees=20, mirror=True, x=300, y=300)


def film() -> Shrinking:
    """Dark, with a bright disc of 60 px at the common scale around the MCP3 joint."""
    x, y = TO_IMAGE(TEMPLATE[POINTS.index("MCP3")])
    rows, columns = np.mgrid[:600, :600]
    return Shrinking((np.hypot(columns - x, rows - y) < 0.2 * 60).astype(np.float32))


def test_a_view_has_its_joint_in_the_middle() -> None:
    views = draw_views(film(), TO_IMAGE, TEMPLATE)
    assert views.shape == (22, WIDE, WIDE)
    (own, *_) = np.nonzero(views[POINTS.index("MCP3")] > 0.5 * views.max())
    rows, columns = np.nonzero(views[POINTS.index("MCP3")] > 0.5 * views.max())
    np.testing.assert_allclose([rows.mean(), columns.mean()], (WIDE - 1) / 2, atol=0.5)
    assert abs(np.ptp(own) - 2 * 60 / UNIT) <= 2


def test_a_place_that_is_not_known_has_an_empty_view() -> None:
    places = TEMPLATE.copy()
    places[3] = np.nan
    views = draw_views(film(), TO_IMAGE, places)
    assert not views[3].any()
    assert not draw_views(film(), TO_IMAGE, np.full_like(TEMPLATE, np.nan)).any()


class Spread(torch.nn.Module):
    """Says of each point how bright the middle of a view is, with the point's number added."""

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        at = SIDE // 2
        return views[:, 0, at, at][:, None] + torch.arange(len(POINTS)) * 100.0


def test_each_point_has_what_the_network_says_of_it_in_its_own_view(tmp_path: Path) -> None:
    path = tmp_path / "visible.onnx"
    write_onnx(Spread(), torch.zeros(len(POINTS), 1, SIDE, SIDE), path)
    places = TEMPLATE.copy()
    places[3] = np.nan
    odds = VisibilityNetwork(path, threads=1)(film(), TO_IMAGE, places)
    assert np.isnan(odds[3])
    rest = np.delete(odds - 100.0 * np.arange(len(POINTS)), 3)
    assert np.argmax(rest) == POINTS.index("MCP3") - 1
    assert abs(rest).max() < 50
