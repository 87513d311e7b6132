"""How the pages look, in a browser: on a screen and on paper."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.mouse_button import MouseButton

from sharp_cli.results.html.truth import read_truth
from sharp_cli.results.sens import sens
from tests.results.html.documents import label_table
from tests.results.html.pages import written

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.results.document import Document
    from tests.results.html.pages import Page


def test_an_uncertain_joint_is_marked_wherever_it_stands(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", pair))
    page.click_joint("left/erosion/lunate")
    left, right = page.seen(".card")
    assert "uncertain" in left.text
    assert "Not detected." in right.text
    assert "uncertain" in page.one('#joints [data-key="left/erosion/lunate"]').text
    assert "its place is uncertain" in str(page.one("#viewer .uncertain").accessible_name)
    dashes = "return getComputedStyle(document.querySelector(arguments[0])).strokeDasharray"
    assert page.run(dashes, "#viewer .uncertain .line") != "none"
    assert page.run(dashes, "#viewer .ok .line") == "none"
    assert page.one("#warnings").text.startswith("6 warnings")
    page.choose("#only", "uncertain")
    assert set(page.rows) == {"left/erosion/lunate", "right/erosion/lunate"}


def test_the_head_shows_the_scores(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", both))
    left, right, study = sens(both)
    erosion, jsn, scores = (row.text for row in page.seen("#summary tbody tr"))
    assert erosion.endswith(f" {study.erosion}")
    assert jsn.endswith(f" {study.jsn}")
    assert scores.split() == ["SENS", *(str(one.sens) for one in (left, right, study))]


def test_with_labels_boxes_have_the_colours_of_the_paper(
    page: Page, both: Document, tmp_path: Path
) -> None:
    labelled = [(row, number % 2) for number, row in enumerate(both.joints)]
    truth = read_truth(label_table(tmp_path / "labels.csv", labelled), [both])
    page.open(written(tmp_path / "truth.html", both, truth))
    page.click('[value="both"] + span')
    colours = {
        ("non-intact", 1): "rgb(77, 155, 255)",
        ("intact", 0): "rgb(255, 255, 255)",
        ("intact", 1): "rgb(255, 64, 64)",
        ("non-intact", 0): "rgb(255, 149, 0)",
    }
    drawn = page.run(
        "return Object.fromEntries([...document.querySelectorAll('#viewer [data-key]')].map("
        "one => [one.dataset.key, getComputedStyle(one.querySelector('.line')).stroke]))"
    )
    assert drawn == {
        f"{row.hand}/{row.finding}/{row.joint}": colours[str(row.label), grade]
        for row, grade in labelled
    }
    assert len(set(drawn.values())) == 4
    page.click('#kinds [value="tn"]')
    wrong = sum(colours[str(row.label), grade] != "rgb(255, 255, 255)" for row, grade in labelled)
    assert len(page.boxes) == wrong
    assert "grade 1" in page.one("#joints").text


def view_of(page: Page) -> list[float]:
    return [
        float(part) for part in str(page.one("#viewer svg").get_dom_attribute("viewBox")).split()
    ]


def test_the_picture_is_zoomed_and_dragged(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", both))
    whole = view_of(page)
    viewer = page.one("#viewer svg")
    page.run(
        "const box = arguments[0].getBoundingClientRect();"
        "arguments[0].dispatchEvent(new WheelEvent('wheel', { deltaY: -300, cancelable: true,"
        " bubbles: true, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 }))",
        viewer,
    )
    zoomed = view_of(page)
    assert zoomed[2] == pytest.approx(whole[2] / 2)
    assert zoomed[0] + zoomed[2] / 2 == pytest.approx(whole[2] / 2, rel=0.01)
    before = page.selected
    ActionChains(page.chrome).drag_and_drop_by_offset(viewer, 120, 40).perform()
    dragged = view_of(page)
    assert dragged[0] < zoomed[0]
    assert dragged[1] < zoomed[1]
    assert page.selected == before
    page.click("#fit")
    assert view_of(page) == whole
    page.click_joint("left/erosion/PIP2")
    page.press("z")
    close = view_of(page)
    assert close[2] == pytest.approx(whole[2] / 6)
    page.press("f", "+")
    assert view_of(page)[2] == pytest.approx(whole[2] / 1.5)


def test_the_right_button_changes_window_and_level(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    values = "return ['window', 'level'].map(id => Number(document.getElementById(id).value))"
    actions = ActionBuilder(page.chrome)
    pointer: Any = actions.pointer_action
    pointer.move_to(page.one("#viewer svg")).pointer_down(MouseButton.RIGHT).move_by(100, -50)
    pointer.pointer_up(MouseButton.RIGHT)
    actions.perform()
    assert page.run(values) == pytest.approx([1.2, 0.6], abs=0.02)
    shown = "return getComputedStyle(document.querySelector('.patch')).filter"
    # Grey 0.6 becomes the middle; black lies 0.6 below it, half the window.
    assert page.run(shown) == "invert(0) brightness(0.833333) contrast(1)"
    page.press("r")
    assert page.run(values) == [1, 0.5]


def test_patches_are_enlarged_by_a_key(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", both))
    sizes = []
    for _ in range(3):
        sizes.append(page.seen(".patch")[0].size["width"])
        page.press("p")
    assert sizes[0] == sizes[2] == 260
    assert sizes[1] > 400


def test_a_selected_joint_out_of_sight_is_moved_to(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click_joint("left/erosion/PIP5")
    page.click("#closer")
    page.click('#joints [data-key="left/erosion/IP"]')
    x, y, width, height = view_of(page)
    middle = page.run(
        "const box = document.querySelector('#viewer .cursor .line').getBBox();"
        "return [box.x + box.width / 2, box.y + box.height / 2]"
    )
    assert x < middle[0] < x + width
    assert y < middle[1] < y + height


def test_boxes_lie_on_the_picture_where_the_document_says(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", pair))
    films = page.run(
        "return [...document.querySelectorAll('#viewer image')].map(one => Object.fromEntries("
        "['x', 'y', 'width', 'height'].map(name => [name, one.getBBox()[name]])))"
    )
    drawn = page.run(
        "return Object.fromEntries([...document.querySelectorAll('#viewer [data-key]')].map("
        "one => [one.dataset.key, one.querySelector('.line').getAttribute('points')]))"
    )
    for row in pair.joints:
        if row.box is None:
            continue
        # Each hand has a film of 480 x 520 pixels; (0, 0) is the middle of its first pixel.
        film = films[0 if row.hand == "left" else 1]
        points = [
            point.split(",") for point in drawn[f"{row.hand}/{row.finding}/{row.joint}"].split()
        ]
        corners = [
            (
                (float(x) - film["x"]) / film["width"] * 480 - 0.5,
                (float(y) - film["y"]) / film["height"] * 520 - 0.5,
            )
            for x, y in points
        ]
        assert np.array(corners) == pytest.approx(np.array(row.box), abs=0.01)


@pytest.mark.parametrize("size", [(1440, 900), (820, 1180), (420, 900)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_its_window(
    page: Page, pair: Document, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    page.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    page.open(written(tmp_path / "a.html", pair), *size)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    cut = page.run(
        "return [...document.querySelectorAll('button, .card, .patch, .list, select, th button')]"
        ".filter(one => one.scrollWidth > one.clientWidth + 1)"
        ".map(one => one.outerHTML)"
    )
    assert cut == []
    assert min(patch.size["width"] for patch in page.seen(".patch")) >= 260
    shot = Image.open(io.BytesIO(page.chrome.get_screenshot_as_png())).convert("L")
    assert shot.size == size
    corner = shot.getpixel((3, size[1] - 3))
    assert isinstance(corner, int)
    assert (corner > 128) == (scheme == "light")


def test_on_paper_there_are_picture_and_table_without_controls(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.run("dispatchEvent(new Event('beforeprint'))")
    page.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.resize(703, 1000)
    assert page.seen(".bar, .tools, .review, #viewer") == []
    assert page.one("#notice").is_displayed()
    titles = [sheet.text for sheet in page.seen("#sheets figcaption")]
    assert titles == ["Erosion", "JSN"]
    boxes = (
        "return [...document.querySelectorAll('#sheets svg')].map(one =>"
        " one.querySelectorAll('.joint:not(.out)').length)"
    )
    assert page.run(boxes) == [32, 30]
    assert len(page.rows) == 62
    box = page.one(".list")
    assert int(str(box.get_property("scrollHeight"))) <= box.size["height"] + 2
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    page.run("dispatchEvent(new Event('afterprint'))")
    assert len(page.rows) == 32
