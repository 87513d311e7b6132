"""What the model looked at, in a browser."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, cast

import pytest

from sharp_cli import radiograph
from sharp_cli.results.html.explanations import explain
from sharp_cli.results.html.pictures import draw
from tests.results.html.looks import FakeSaliency
from tests.results.html.pages import written

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.document import Document
    from sharp_cli.results.html.explanations import Explanations
    from tests.results.html.pages import Page

# Red, green, blue and opacity in the middle of the upper left and the lower right quarter.
PIXELS = (
    "const copy = document.createElement('canvas');"
    "const context = copy.getContext('2d', { willReadFrequently: true });"
    "context.drawImage(arguments[0], 0, 0);"
    "return [3, 10].map(at => [...context.getImageData(at, at, 1, 1).data])"
)


def explained(file: Path, document: Document) -> Path:
    ((_, study),) = document.split().items()
    pictures = draw(study, lambda row: radiograph.read(row.file))
    made = explain(study, pictures, cast("Saliency", FakeSaliency()), None)
    return written(file, document, explanations=made)


def test_a_switch_shows_maps_over_what_was_looked_at(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    page.open(explained(tmp_path / "a.html", pair))
    page.click_joint("left/erosion/MCP2")
    assert page.seen("#panel .map, .explained *") == []
    page.click("#explains")
    left, right, other, _ = page.seen("#panel .map")
    # Viridis ends in yellow; where nothing came from there is no colour.
    assert page.run(PIXELS, left) == [pytest.approx([253, 231, 37, 191], abs=2), [0, 0, 0, 0]]
    assert page.run(PIXELS, right) == page.run(PIXELS, left)
    halfway, nothing = page.run(PIXELS, other)
    assert halfway == pytest.approx([33, 145, 140, 96], abs=4)
    assert nothing == [0, 0, 0, 0]
    assert page.keys_of(".others figure") == ["right/erosion/MCP2"]
    text = page.one(".explained").text
    assert "Also looked at for the left MCP2" in text
    assert "It is no proof of damage" in text
    # The switch leaves the keys alone.
    page.press("o")
    assert page.keys_of(".others figure") == ["left/erosion/MCP2"]
    page.click("#explains")
    assert page.seen("#panel .map, .explained *") == []


def test_maps_lie_on_their_patches(page: Page, pair: Document, tmp_path: Path) -> None:
    page.open(explained(tmp_path / "a.html", pair))
    page.click("#explains")
    for joint in ("MCP2", "radius"):
        page.click(f'#joints [data-key="left/erosion/{joint}"]')
        places = page.run(
            "const place = part => { const box = part.getBoundingClientRect();"
            " return [box.x, box.y, box.width, box.height]; };"
            "return [...document.querySelectorAll('.seen')]"
            ".map(one => [...one.children].map(place))"
        )
        assert len(places) == 3
        for picture, over in places:
            assert picture == pytest.approx(over, abs=0.1)
        width, height = places[0][0][2:]
        assert width / height == pytest.approx(433 / 260 if joint == "radius" else 1, abs=0.01)


def test_without_maps_there_is_no_switch(page: Page, pair: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", pair))
    assert page.seen("#explains, #panel label") == []


def test_what_has_no_map_says_so(page: Page, pair: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", pair, explanations={}))
    page.click("#explains")
    assert "No map: the joint is not classified." in page.one(".explained").text
    assert page.seen("#panel .map") == []


def test_an_answer_that_came_from_nowhere_says_so(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    key = "left/erosion/MCP2"
    nothing = {key: b64encode(bytes(4)).decode()}
    maps: Explanations = {("left", "erosion", "MCP2"): nothing}
    page.open(written(tmp_path / "a.html", pair, explanations=maps))
    page.click_joint(key)
    page.click("#explains")
    assert "Here nothing did." in page.one(".explained").text
    assert page.seen(".others") == []
