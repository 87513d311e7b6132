"""What the reader says of joints, in a browser, and the labels that are saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from selenium.webdriver.common.keys import Keys

from tests.results.html.pages import written

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.results.document import Document
    from tests.results.html.pages import Page


def test_what_the_reader_says_is_saved_as_labels_that_training_reads(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", pair))
    assert not page.one("#save").is_enabled()
    page.one("#patient").send_keys('P-7, "x"')
    # With the mouse: a grade, and a label against the model's.
    page.click_joint("left/erosion/PIP2")
    page.click('.card.selected [data-grade="3"]')
    of = {(row.hand, row.finding, row.joint): row for row in pair.joints}
    called = of["right", "erosion", "MCP1"].label
    other = "intact" if called == "non-intact" else "non-intact"
    page.click_joint("right/erosion/MCP1")
    page.click(f'.card.selected [data-label="{other}"]')
    # With keys: confirmed, graded, taken back; and a joint that was not detected.
    page.click_joint("left/erosion/MCP3")
    page.press("c", Keys.ARROW_RIGHT, "0", Keys.ARROW_UP, "5", Keys.DELETE)
    page.click('#joints [data-key="right/erosion/lunate"]')
    page.press("2")
    # The left PIP2 was above MCP2: its grade was changed and taken back.
    joints = {(one.side, one.joint): one for one in page.save()}
    assert {key: (one.grade, one.damaged) for key, one in joints.items()} == {
        ("right", "MCP1"): (None, other == "non-intact"),
        ("left", "MCP3"): (None, of["left", "erosion", "MCP3"].label == "non-intact"),
        ("left", "MCP2"): (0, False),
        ("right", "lunate"): (2, True),
    }
    assert {one.patient for one in joints.values()} == {'P-7, "x"'}
    assert {one.study for one in joints.values()} == {"odd_L+gap_x"}
    assert {one.finding for one in joints.values()} == {"erosion"}
    for (side, joint), one in joints.items():
        row = of[side, "erosion", joint]
        assert one.image == row.file
        assert one.place == (None if row.x is None else (row.x, row.y))


def test_all_that_is_shown_can_be_confirmed_and_is_there_the_next_time(
    page: Page, both: Document, tmp_path: Path
) -> None:
    file = written(tmp_path / "a.html", both, name='a<b>,"c"')
    page.open(file)
    page.one("#search").send_keys("right MCP")
    assert page.one("#confirm-shown").text == "Confirm 5 shown"
    page.click("#confirm-shown")
    assert page.one("#progress").text == "5 of 62 reviewed"
    page.open(file)
    assert page.one("#progress").text == "5 of 62 reviewed"
    page.choose("#only", "open")
    assert len(page.rows) == 32 - 5
    joints = page.save()
    assert {one.joint for one in joints} == {f"MCP{number}" for number in range(1, 6)}
    assert {(one.patient, one.study) for one in joints} == {('a<b>,"c"', 'a<b>,"c"')}
    labels = {row.joint: row.label for row in both.joints if row.hand == "right"
              and row.finding == "erosion"}  # fmt: skip
    assert all(one.damaged == (labels[one.joint] == "non-intact") for one in joints)


def test_a_browser_that_keeps_nothing_is_reported_and_saves_all_the_same(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    script = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
    added = page.chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    try:
        page.open(written(tmp_path / "a.html", pair))
        page.click_joint("left/erosion/PIP2")
        page.press("n")
        assert "not kept by this browser" in page.one("#progress").text
        assert [one.joint for one in page.save()] == ["PIP2"]
    finally:
        page.chrome.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_typing_is_no_review(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "typing.html", both, name="typing"))
    before = page.one("#progress").text
    page.one("#search").send_keys("cin")
    page.one("#patient").send_keys("cin123")
    assert page.one("#progress").text == before
    page.one("#patient").clear()


def test_the_keys_of_a_manifest_go_into_the_labels(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    inputs = tuple(replace(row, patient="=P7", date="2020-05-31") for row in pair.inputs)
    page.open(written(tmp_path / "a.html", replace(pair, inputs=inputs)))
    assert page.one("#patient").get_attribute("placeholder") == "=P7"
    page.click("#confirm-shown")
    assert {one.patient for one in page.save()} == {"=P7"}
