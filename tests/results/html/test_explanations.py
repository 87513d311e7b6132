from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from sharp_cli import radiograph
from sharp_cli.bundles.store import Bundle
from sharp_cli.core.errors import UsageError
from sharp_cli.results.document import ModelRow
from sharp_cli.results.html.explanations import explain, require_maker
from sharp_cli.results.html.pictures import draw
from tests.results.html.documents import scored
from tests.results.html.looks import FakeSaliency

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.document import Document
    from sharp_cli.results.html.explanations import Explanations

BUNDLE = Bundle(Path("mine"), "findings", "mine 2", "a" * 64, {})


def explained(document: Document, side: int = 14) -> Explanations:
    pictures = draw(document, lambda row: radiograph.read(row.file))
    return explain(document, pictures, cast("Saliency", FakeSaliency(side)), None)


def unpacked(text: str, side: int) -> NDArray[np.uint8]:
    return np.frombuffer(b64decode(text), np.uint8).reshape(side, side)


def test_answers_have_maps_of_what_two_radiographs_show(tmp_path: Path) -> None:
    document = scored(tmp_path / "left.png", tmp_path / "gap_right.png")
    found = explained(document)
    assert len(found) == 61
    maps = found["left", "jsn", "MCP2"]
    assert list(maps) == ["left/jsn/MCP2", "right/jsn/MCP2"]
    own, other = (unpacked(each, 14) for each in maps.values())
    assert (own[:7, :7] == 255).all()
    assert (other[:7, :7] == 128).all()
    assert own.sum() == 49 * 255
    assert list(found["left", "erosion", "lunate"]) == ["left/erosion/lunate"]


def test_large_maps_are_made_small(tmp_path: Path) -> None:
    found = explained(scored(tmp_path / "two.png"), side=32)
    values = unpacked(found["left", "jsn", "MCP2"]["left/jsn/MCP2"], 16)
    assert (values[:8, :8] == 255).all()
    assert values.sum() == 64 * 255


def test_only_the_bundle_that_made_results_explains_them(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    made = replace(document, models={"findings": ModelRow("mine 2", "a" * 64)})
    require_maker({"two": made}, BUNDLE)
    other = replace(document, models={"findings": ModelRow("theirs 1", "b" * 64)})
    says = f"two: made by theirs 1 .sha256 {'b' * 64}., and mine is mine 2 .sha256 {'a' * 64}.; "
    with pytest.raises(UsageError, match=says):
        require_maker({"one": made, "two": other}, BUNDLE)
    with pytest.raises(UsageError, match="two: not classified"):
        require_maker({"two": document}, BUNDLE)
