"""`sharp evaluate wrists`: metrics of wrists, as a table."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def table(done: Done) -> list[dict[str, str]]:
    assert done.code == 0, done.err
    return list(csv.DictReader(done.out.decode().splitlines()))


def test_wrists(sharp: Sharp, tmp_path: Path) -> None:
    file = fakes.paint(tmp_path / "films" / "one-left.png")
    ((side, to_image),) = fakes.hands_on(str(file))
    joints = ["image,hand,joint,x,y"]
    joints += [
        f"{file.name},{side},{joint},{x},{y}"
        for joint, (x, y) in zip(POINTS, to_image(TEMPLATE), strict=True)
        if joint in ("ulna", "radius", "lunate", "CMC3")
    ]
    (tmp_path / "joints.csv").write_text("\n".join(joints))
    (tmp_path / "wrists.csv").write_text(f"image,patient,hand,erosive\n{file.name},P,{side},1\n")
    rows = table(sharp("evaluate", "wrists", "films", "joints.csv", "wrists.csv"))
    cells = {(row["finding"], row["joints"], row["metric"]): row for row in rows}
    assert cells["erosion", "wrist", "joints_called_erosive"]["cases"] == "3"
    assert cells["jsn", "CMC", "called_erosive"]["cases"] == "1"
    assert cells["erosion", "all joints", "roc_auc_mean"]["value"] == ""
