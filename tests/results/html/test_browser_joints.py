"""Finding joints on the pages, in a browser: with the pointer, keys, filters, from the index."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from selenium.webdriver.common.keys import Keys

from sharp_cli.results.document import Failure
from sharp_cli.results.html.index_page import index_page
from sharp_cli.results.html.sources import Results
from sharp_cli.results.sens import sens
from tests.results.html.documents import scored
from tests.results.html.pages import written

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.records import Certainty
    from sharp_cli.results.document import Document
    from tests.results.html.pages import Page


def test_a_click_on_a_box_shows_the_joint_of_both_hands(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click_joint("left/erosion/MCP2")
    assert page.selected == "Left hand: MCP2 Erosion, MCP"
    row = {(one.hand, one.finding, one.joint): one for one in both.joints}
    left, right = page.seen(".card")
    for card, hand in ((left, "left"), (right, "right")):
        joint = row[hand, "erosion", "MCP2"]  # type: ignore[index]
        assert f"{joint.probability:.2f}" in card.text
        assert joint.label in card.text.splitlines()[3:6]
    sizes = page.run("return [...document.querySelectorAll('.patch')].map(one => one.naturalWidth)")
    assert sizes == [260, 260]
    assert page.one("#joints tr.selected").get_attribute("data-key") == "left/erosion/MCP2"


def test_a_joint_is_shown_with_its_threshold(page: Page, both: Document, tmp_path: Path) -> None:
    own = {"mimo-local": {"erosion/MCP": 0.625}}
    page.open(written(tmp_path / "a.html", replace(both, thresholds=own)))
    for joint, shown in (("MCP2", True), ("lunate", False)):
        page.click_joint(f"left/erosion/{joint}")
        assert ("threshold 0.63" in page.seen(".card")[0].text) is shown


def test_labels_that_are_not_certain_have_a_badge(
    page: Page, both: Document, tmp_path: Path
) -> None:
    doubts: dict[str, Certainty] = {"MCP2": "uncertain", "MCP3": "unlike"}
    joints = [replace(row, certainty=doubts.get(row.joint, "certain")) for row in both.joints]
    shown = replace(both, joints=tuple(joints), prevalence={"erosion/MCP": 0.25})
    page.open(written(tmp_path / "a.html", shown))
    for joint, badge in (("MCP2", "uncertain"), ("MCP3", "unlike"), ("MCP4", "")):
        page.click_joint(f"left/erosion/{joint}")
        marks = "return [...document.querySelectorAll('#joints tr.selected .label mark')]"
        assert page.run(f"{marks}.map(one => one.textContent)") == [badge] * bool(badge)
        assert badge in page.seen(".card")[0].text
    assert "erosion/MCP 0.25" in page.run("return document.getElementById('models').textContent")


def test_the_box_under_the_pointer_whose_middle_is_nearest_is_meant(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    for joint in ("lunate", "radius", "ulna", "navicular", "multangular"):
        page.click_joint(f"right/erosion/{joint}")
        assert page.selected.startswith(f"Right hand: {joint} ")


def test_a_second_click_leads_to_the_other_finding_of_the_place(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click('[value="both"] + span')
    page.click_joint("left/erosion/MCP2")
    assert page.selected == "Left hand: MCP2 Erosion, MCP"
    page.click_joint("left/erosion/MCP2")
    assert page.selected == "Left hand: MCP2 JSN, MCP"


def test_arrow_keys_lead_from_joint_to_joint(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click_joint("left/erosion/MCP3")
    # The left hand's thumb is on the right.
    page.press(Keys.ARROW_RIGHT)
    assert page.selected.startswith("Left hand: MCP2 ")
    page.press(Keys.ARROW_UP)
    assert page.selected.startswith("Left hand: PIP2 ")
    page.press("o")
    assert page.selected.startswith("Right hand: PIP2 ")
    page.press(Keys.ARROW_DOWN)
    assert page.selected.startswith("Right hand: MCP2 ")
    focused = page.chrome.switch_to.active_element
    assert str(focused.get_attribute("aria-label")).startswith("right MCP2, Erosion; ")


def test_the_table_is_walked_with_arrow_keys(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click('#joints [data-key="left/erosion/IP"]')
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert page.selected.startswith("Left hand: PIP3 ")
    page.press(Keys.END)
    assert page.selected.startswith("Right hand: radius ")
    assert page.run("return document.activeElement.dataset.key") == "right/erosion/radius"


def test_one_tab_stop_each_leads_into_the_picture_and_the_table(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    stops = page.run(
        "return ['#viewer', '#joints tbody'].map(part =>"
        " document.querySelectorAll(part + ' [tabindex=\"0\"]').length)"
    )
    assert stops == [1, 1]
    page.click("#invert")
    page.press(Keys.TAB)
    assert page.run("return document.activeElement.matches('#viewer [data-key]')")
    assert page.run("return document.activeElement.matches(':focus-visible')")


def test_filters_show_the_same_joints_in_picture_and_table(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))

    def wanted(finding: str, label: str | None = None, hand: str | None = None) -> set[str]:
        return {
            f"{row.hand}/{row.finding}/{row.joint}"
            for row in both.joints
            if row.finding == finding and label in (None, row.label) and hand in (None, row.hand)
        }

    assert set(page.boxes) == set(page.rows) == wanted("erosion")
    page.click('[value="jsn"] + span')
    assert set(page.boxes) == set(page.rows) == wanted("jsn")
    assert 0 < len(wanted("jsn", "intact")) < 30
    page.click('#kinds [value="intact"]')
    assert set(page.boxes) == set(page.rows) == wanted("jsn", "non-intact")
    page.one("#search").send_keys("left")
    assert set(page.boxes) == set(page.rows) == wanted("jsn", "non-intact", "left")
    page.click('[value="both"] + span')
    assert len(page.rows) == len(page.boxes) > 0
    page.one("#search").send_keys(" nothing")
    assert page.rows == page.boxes == []
    assert page.one("#none").is_displayed()


def test_headers_sort_by_numbers_and_by_the_order_of_the_joints(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    first = page.rows
    of = {f"{row.hand}/{row.finding}/{row.joint}": row.probability for row in both.joints}

    def press(title: str) -> None:
        (button,) = [one for one in page.seen("#joints thead button") if one.text == title]
        button.click()

    press("Prob.")
    rising = [round(of[key] or 0, 2) for key in page.rows]
    assert rising == sorted(rising)
    assert rising != sorted(rising, reverse=True)
    press("Prob.")
    falling = [round(of[key] or 0, 2) for key in page.rows]
    assert falling == sorted(falling, reverse=True)
    press("Joint")
    assert page.rows == first


def test_an_index_leads_to_the_studies(page: Page, tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png", tmp_path / "gap_L.png", tmp_path / "two_b#%.png")
    studies = document.split()
    studies["two_b#%"] = replace(studies["two_b#%"], warnings=())
    for name, study in studies.items():
        (tmp_path / name).mkdir()
        written(tmp_path / name / "report.html", study)
    failure = Failure("none.png", "NoHandError", "none.png: no hand found")
    index = tmp_path / "index.html"
    results = Results(studies, [failure], {})
    pages = {name: [name] for name in studies}
    index.write_bytes(index_page(results, pages, {"two": "two.png: not found"}))
    page.open(index)
    rows = "#studies tbody tr"
    assert [row.text.split()[0] for row in page.seen(rows)] == ["two", "gap_L", "two_b#%"]
    scores = [str(sens(study)[-1].sens) for study in studies.values()]
    assert [cell.text for cell in page.seen(f"{rows} td:nth-child(6)")] == scores
    assert page.one("#failures li").text == "none.png: no hand found"
    assert "No page: two.png: not found" in page.seen(rows)[0].text
    assert len(page.seen(f"{rows} a")) == 2
    page.click("#warned")
    assert [row.text.split()[0] for row in page.seen(rows)] == ["two", "gap_L"]
    page.click("#warned")
    page.one("#search").send_keys("two_b")
    (row,) = page.seen(f"{rows} a")
    row.click()
    assert page.one("#title").text == "two_b#%"
