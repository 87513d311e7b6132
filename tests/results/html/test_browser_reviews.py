"""What the reader says of joints, in a browser, and the labels that are saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from sharp_cli.datasets.labels import read_labels
from sharp_cli.results.document import ModelRow
from tests.results.html.pages import PATIENT, written

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
    assert {(one.patient, one.study) for one in joints} == {(PATIENT, "two")}
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


def test_without_a_patient_the_page_says_what_training_asks_for(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "nobody.html", both, name="nobody"))
    assert page.one("#reader").get_attribute("value") == ""
    page.click("#confirm-shown")
    page.click("#save")
    assert page.one("#loaded").text.startswith("Saved without a patient: for training, give a")


def test_the_keys_of_a_manifest_go_into_the_labels(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    inputs = tuple(replace(row, patient="=P7", date="2020-05-31") for row in pair.inputs)
    page.open(written(tmp_path / "a.html", replace(pair, inputs=inputs)))
    assert page.one("#patient").get_attribute("placeholder") == "=P7"
    page.click("#confirm-shown")
    assert {one.patient for one in page.save()} == {"=P7"}


def test_reviews_belong_to_the_radiograph_whatever_scored_it(
    page: Page, both: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click_joint("left/erosion/MCP2")
    page.press("3")
    other = replace(both, threshold=0.99, models={"findings": ModelRow("other 1", "ab" * 32)})
    page.open(written(tmp_path / "b.html", other))
    assert page.one("#progress").text == "1 of 62 reviewed"
    (joint,) = page.save()
    assert (joint.joint, joint.grade) == ("MCP2", 3)


def test_each_reader_has_labels_of_their_own(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click_joint("left/erosion/MCP2")
    for reader, key in (("ann", "3"), ("bob", "x")):
        page.one("#reader").send_keys(Keys.CONTROL, "a", Keys.NULL, reader, Keys.TAB)
        assert page.one("#progress").text == "0 of 62 reviewed"
        page.click_joint("left/erosion/MCP2")
        page.press(key)
    assert "bob: not assessable" in page.one(".card.selected").text
    saved = page.saved()
    sha256 = both.inputs[0].sha256
    line = saved.read_text().splitlines()[1]
    assert line.split(",")[6:8] == ["x", ""]
    assert line.endswith(f",bob,{sha256},single")
    assert [one.joint for one in read_labels(saved).not_assessable] == ["MCP2"]
    names = "return [...document.querySelectorAll('#readers option')].map(one => one.value)"
    assert page.run(names) == ["ann", "bob"]


def test_the_last_step_is_taken_back(page: Page, both: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", both))
    page.click_joint("left/erosion/MCP2")
    page.press("3", "4")
    page.click("#confirm-shown")
    assert page.one("#progress").text == "32 of 62 reviewed"
    page.click("#undo")
    assert page.one("#progress").text == "1 of 62 reviewed"
    page.press("u")
    assert [one.grade for one in page.save()] == [3]
    page.press("u")
    assert not page.one("#undo").is_enabled()
    assert page.one("#progress").text == "0 of 62 reviewed"


def test_labels_that_were_saved_are_loaded_again(
    page: Page, pair: Document, tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", pair))
    page.click_joint("left/erosion/MCP2")
    page.press("4", "o", "x")
    saved = page.saved().read_text()
    page.run("localStorage.clear()")
    # As a spreadsheet may save it, with a row of another radiograph.
    text = saved.replace(",", ";")
    other = text.splitlines()[1].replace(pair.inputs[0].sha256, "0" * 64)
    (tmp_path / "excel.csv").write_text(f"\ufeff{text}{other}\n", encoding="utf-8")
    page.open(tmp_path / "a.html")
    assert page.one("#progress").text == "0 of 62 reviewed"
    page.one("#load").send_keys(str(tmp_path / "excel.csv"))
    WebDriverWait(page.chrome, 5).until(lambda _: page.one("#loaded").text)
    assert "excel.csv: 2 labels of reader; 1 rows are about other" in page.one("#loaded").text
    assert page.saved().read_text() == saved
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    page.one("#load").send_keys(str(tmp_path / "wrong.csv"))
    WebDriverWait(page.chrome, 5).until(lambda _: "wrong" in page.one("#loaded").text)
    assert "no table of labels, it has no column hand" in page.one("#loaded").text


def test_a_study_is_reviewed_by_keyboard_alone(page: Page, pair: Document, tmp_path: Path) -> None:
    page.open(written(tmp_path / "a.html", pair))
    # To the first joint, then a word for each of both findings and hands.
    for row in pair.joints:
        page.press("j", "x" if row.box is None else "0")
    assert page.one("#progress").text == "62 of 62 reviewed"
    labels = read_labels(page.saved("s"))
    assert len(labels.joints) + len(labels.not_assessable) == 62
