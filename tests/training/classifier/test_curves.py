from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli.training.classifier.curves import plot_curves
from sharp_cli.training.classifier.input_sets import HeadName
from tests.training.classifier.held_out import of, result

if TYPE_CHECKING:
    from pathlib import Path


def test_there_is_a_picture_per_model(tmp_path: Path) -> None:
    local = HeadName("mimo-local", "jsn", "CMC")
    plot_curves(tmp_path, [result(1, of([], [])), result(1, of([], []), head=local)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mimo-local.png", "siso.png"]
    assert (tmp_path / "siso.png").read_bytes().startswith(b"\x89PNG")
