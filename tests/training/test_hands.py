from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference import hand_finder
from sharp_cli.inference.hand_finder import INPUT, OFFSET_UNIT, STRIDE
from sharp_cli.synthetic.phantom import generate_hand
from sharp_cli.synthetic.training_radiographs import TrainingRadiograph
from sharp_cli.training.hands import targets, train_hands

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("mirrored", [False, True])
def test_targets_decode_to_the_hand(*, mirrored: bool) -> None:
    points = similarity(scale=0.08, degrees=70, mirror=mirrored, x=110, y=140)(TEMPLATE)
    empty = np.zeros((INPUT, INPUT), np.float32)
    radiograph = TrainingRadiograph(empty, empty > -1, (points,), (mirrored,), (False,))
    heat, counts, offsets, weight = targets(radiograph)
    assert counts.all()
    assert weight.max() > 0
    centres = np.arange(INPUT // STRIDE) * STRIDE + (STRIDE - 1) / 2
    grid = np.stack(np.meshgrid(centres, centres))
    positions = offsets.reshape(len(POINTS), 2, *grid.shape[1:]) * OFFSET_UNIT + grid
    (found,) = hand_finder.decode(heat.astype(float), positions, 0.5)
    assert found.mirrored is mirrored
    np.testing.assert_allclose(found.points, points, atol=1e-3)


@pytest.mark.slow
def test_training_resumes_and_its_bundle_opens(tmp_path: Path) -> None:
    rows = ["image,hand,joint,x,y"]
    for number in range(4):  # the fourth is held out
        phantom = generate_hand(number, side="left", phalanx=60.0)
        cv2.imwrite(str(tmp_path / f"{number}.png"), (phantom.pixels * 255).astype(np.uint8))
        rows += [f"{number}.png,left,{name},{x},{y}" for name, (x, y) in phantom.points.items()]
    annotations = tmp_path / "joints.csv"
    annotations.write_text("\n".join(rows), encoding="utf-8")
    bundle, work = tmp_path / "mine", tmp_path / "work"
    for steps in (1, 2):
        train_hands(
            annotations, tmp_path, bundle, work,
            names=None, shapes=None, phantoms=1, steps=steps, threads=2, seed=1,
        )  # fmt: skip
    opened = open_bundle("hands", bundle)
    assert opened.name == "mine 1"
    assert opened.meta["training"]["hands"] == 3
    finder = hand_finder.HandFinder(opened, threads=1)
    assert finder.candidates(phantom.pixels)[0] == []
