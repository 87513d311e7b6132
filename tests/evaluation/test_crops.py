"""Graded crops: reading them, classifying each by itself, and setting plain damage against none."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest

from sharp_cli.core.errors import DocumentError, RadiographError
from sharp_cli.evaluation.crops import Crop, classify_crops, measure_crops, read_crops
from tests.fakes import FakeClassifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import Classification, Patch
    from sharp_cli.inference.classifier import Classifier

HEADER = "image,case,hand,joint,jsn,erosion"


class Watching(FakeClassifier):
    """Keeps the patches that it is given."""

    def __init__(self) -> None:
        self.patches: list[Patch] = []

    def classify(
        self,
        studies: Sequence[Mapping[Side, Sequence[Patch]]],
        model: ModelName,
        *,
        threshold: float | None = None,
        prevalence: Prevalence | None = None,
        earlier: Sequence[Mapping[Side, Sequence[Patch]]] = (),
    ) -> list[tuple[Classification, ...]]:
        assert (model, earlier) == ("siso", ())
        self.patches += [one for study in studies for own in study.values() for one in own]
        return super().classify(studies, model, threshold=threshold, prevalence=prevalence)


def paint(path: Path, grey: int, *, deep: bool = False) -> None:
    """A crop of one grey, its left half darker."""
    pixels = np.full((20, 20), grey, np.uint8)
    pixels[:, :10] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels.astype(np.uint16) * 257 if deep else pixels)


def classified(
    crops: Sequence[Crop], images: Path, seen: list[str]
) -> tuple[list[tuple[Classification, ...]], list[Patch]]:
    watching = Watching()
    classifier = cast("Classifier", watching)
    return classify_crops(classifier, crops, images, on_progress=seen.append), watching.patches


def test_crops_are_read(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    path.write_text(f"{HEADER}\na.png,P1,right,MCP2,0,3\nb.png,P1,left,CMC3,1,x\n")
    assert read_crops(path) == [
        Crop("a.png", "P1", "right", "MCP2", {"erosion": 3, "jsn": 0}),
        Crop("b.png", "P1", "left", "CMC3", {"jsn": 1}),
    ]


def test_bad_rows_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    rows = (
        "a.png,P1,both,MCP2,0,0",
        ",,left,MCP2,0,0",
        "a.png,P1,left,CMC3,0,0",
        "a.png,P1,left,MCP2,5,?",
    )
    path.write_text("\n".join([HEADER, *rows]))
    with pytest.raises(DocumentError, match="6 mistakes") as caught:
        read_crops(path)
    for what in ("neither left nor right", "no case", "scored for erosion", "grade '5'", "'?'"):
        assert what in str(caught.value)


def test_right_hands_are_mirrored_and_files_found_at_any_depth(tmp_path: Path) -> None:
    paint(tmp_path / "deep" / "a.png", 100)
    paint(tmp_path / "b.png", 100, deep=True)
    crops = [
        Crop("a.png", "P1", "right", "MCP2", {"erosion": 0, "jsn": 0}),
        Crop("b.png", "P2", "left", "MCP2", {"jsn": 0}),
    ]
    seen: list[str] = []
    results, patches = classified(crops, tmp_path, seen)
    assert seen == ["a.png", "b.png"]
    assert [[one.finding for one in own] for own in results] == [["erosion", "jsn"], ["jsn"]]
    right, left = patches[0].pixels, patches[2].pixels
    assert right.dtype == left.dtype == np.uint16
    assert (right[:, ::-1] == left).all()
    assert left.max() == 100 * 257


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"no picture")
    for name in ("a.png", "b.png"):
        crop = Crop(name, "P1", "left", "MCP2", {"jsn": 0})
        with pytest.raises(RadiographError, match=name):
            classified([crop], tmp_path, [])


def test_plain_damage_is_set_against_none(tmp_path: Path) -> None:
    # Brightness is what the classifier goes by: half of it, for half of a crop is black.
    greys = {0: (20, 40, 60, 100), 1: (60, 120), 2: (50, 130), 4: (200,)}
    crops = []
    for grade, members in greys.items():
        for grey in members:
            paint(tmp_path / f"{grey}-{grade}.png", grey)
            crops.append(Crop(f"{grey}-{grade}.png", str(grey), "left", "MCP2", {"jsn": grade}))
    results, _ = classified(crops, tmp_path, [])
    found = {one.metric: one for one in measure_crops(crops, results).metrics}
    assert {one.finding for one in found.values()} == {"jsn"}
    assert found["roc_auc"].value == pytest.approx(10 / 12)
    assert found["roc_auc"].cases == 7
    assert found["roc_auc"].low < found["roc_auc"].value <= found["roc_auc"].high
    # Called from a probability of 0.16 on: a grey of 82.
    assert [found[f"called_grade_{grade}"].value for grade in greys] == [0.25, 0.5, 0.5, 1.0]
    assert found["sensitivity"].value == pytest.approx(2 / 3)
    assert found["sensitivity"].cases == 3
    assert found["sensitivity_at_5_percent"].value == pytest.approx(2 / 3)
