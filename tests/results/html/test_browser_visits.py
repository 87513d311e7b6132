"""Two visits of a patient on one page, in a browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.keys import Keys

from sharp_cli import radiograph
from sharp_cli.results.html.pictures import draw
from sharp_cli.results.html.study_page import Visit, study_page
from tests.results.graded import CORRELATION, with_grade
from tests.results.html.documents import scored

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.results.document import Document
    from tests.results.html.pages import Page

SEEN = "return [...document.querySelectorAll('#viewer figure:not([hidden]) figcaption')]"
TITLES = f"{SEEN}.map(one => one.textContent)"
# By joint, how wide the box of the selected one is on the screen in each visit that is seen.
WIDTHS = (
    "return [...document.querySelectorAll('#viewer figure:not([hidden]) .cursor .line')]"
    ".map(one => one.getBoundingClientRect().width)"
)


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    """Two visits of one patient; the second has a radiograph of each hand."""
    folder = tmp_path_factory.mktemp("visits")
    found = []
    for year, files in (("2019", ["two.png"]), ("2021", ["later_L.png", "later_R.png"])):
        document = scored(*(folder / file for file in files))
        inputs = [replace(row, patient="P7", date=f"{year}-05-01") for row in document.inputs]
        found.append(replace(document, inputs=tuple(inputs)))
    return found


def written(file: Path, visits: list[Document], *, blind: bool = False) -> Path:
    shown = [Visit(one, draw(one, lambda row: radiograph.read(row.file))) for one in visits]
    file.write_bytes(study_page("P7", shown, blind=blind))
    return file


def test_visits_stand_side_by_side_with_one_zoom(
    page: Page, visits: list[Document], tmp_path: Path
) -> None:
    page.open(written(tmp_path / "a.html", visits))
    assert page.run(TITLES) == ["Visit 1, 2019-05-01", "Visit 2, 2021-05-01"]
    page.click('#joints [data-key="left/erosion/MCP2"]:not([hidden])')
    page.press("z", "+")
    first, second = page.run(WIDTHS)
    assert first == pytest.approx(second, rel=0.1)
    assert first > 100
    # The joint of the same hand at both visits.
    headings = [card.text.split("\n")[0] for card in page.seen(".card")]
    assert headings == ["Left hand, Visit 1, 2019-05-01", "Left hand, Visit 2, 2021-05-01"]
    # One in the place of the other, as large as before.
    page.press("b")
    (alone,) = page.run(WIDTHS)
    page.press("v")
    (other,) = page.run(WIDTHS)
    assert alone == pytest.approx(other, rel=0.1)
    page.press("3")
    line = page.saved().read_text().splitlines()[1].split(",")
    assert (line[1], line[10], line[-1]) in {
        (one.inputs[0].study, one.inputs[0].date, "chronological") for one in visits
    }


def test_a_hidden_order_is_shown_only_to_who_asks_for_it(
    page: Page, visits: list[Document], tmp_path: Path
) -> None:
    page.open(written(tmp_path / "blind.html", visits[::-1], blind=True))
    assert page.run(TITLES) == ["Visit A", "Visit B"]
    shown = page.run("return document.body.innerText")
    assert "2019" not in shown
    assert "later_L" not in shown
    assert "two.png" not in shown
    page.click('#joints [data-key="left/erosion/MCP2"]:not([hidden])')
    page.press("1")
    page.choose("#reading", "single")
    assert len(page.run(TITLES)) == 1
    page.press(Keys.ESCAPE, "v", "2")
    page.choose("#reading", "chronological")
    assert page.run(TITLES) == ["Visit 1, 2019-05-01", "Visit 2, 2021-05-01"]
    page.press(Keys.ESCAPE, "o", "3")
    closed = "return [...document.querySelectorAll('#reading option:disabled')].map(o => o.value)"
    assert page.run(closed) == ["paired", "single"]
    lines = [line.split(",") for line in page.saved().read_text().splitlines()[1:]]
    assert sorted(line[-1] for line in lines) == ["chronological", "paired", "single"]


def test_grades_totals_and_their_change_are_shown(
    page: Page, visits: list[Document], tmp_path: Path
) -> None:
    documents = []
    for number, visit in enumerate(visits):
        joints = tuple(with_grade(row, number * (row.joint == "MCP2")) for row in visit.joints)
        inputs = tuple(replace(row, day=400 * number) for row in visit.inputs)
        correlation = {"mimo-local": CORRELATION}
        documents.append(
            replace(visit, joints=joints, inputs=inputs, grade_correlation=correlation)
        )
    page.open(written(tmp_path / "graded.html", documents))
    assert "SHS +4.0 (+4 to +4) in 400 days" in page.one("#subtitle").text
    total = page.seen("#summary tbody tr")[-1].text.split()
    assert total == ["SHS", "2.0", "(2–2)", "2.0", "(2–2)", "4.0", "(4–4)"]
    page.click('#joints [data-key="left/erosion/MCP2"]:not([hidden])')
    before, after = page.seen(".card")
    assert "0 expected 0.00" in before.text
    assert "1 expected 1.00, change +1.00 (+1 to +1)" in after.text
