from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli import radiograph
from sharp_cli.core.about import NOTICE
from sharp_cli.core.joints import SIDES
from sharp_cli.results.document import ModelRow, WarningRow
from sharp_cli.results.html.index_page import index_page
from sharp_cli.results.html.links import Linked
from sharp_cli.results.html.pictures import Pictures, draw
from sharp_cli.results.html.sources import Results
from sharp_cli.results.html.study_page import Visit, study_page
from sharp_cli.results.html.truth import read_truth
from tests.results.html.documents import label_table, scored

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.results.document import Document

NOTHING = [Pictures(b"")]
"""The pictures of a radiograph, where they do not matter."""

HOSTILE = '</script><b>&"x'


def data_of(page: bytes) -> Any:
    """The data that a page holds."""
    found = re.search(rb'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def visit_of(page: bytes) -> Any:
    """What a page holds of its only visit."""
    (visit,) = data_of(page)["visits"]
    return visit


def page_of(document: Document, name: str = "two") -> bytes:
    pictures = draw(document, lambda row: radiograph.read(row.file))
    return study_page(name, [Visit(document, pictures)])


def test_a_joint_has_its_threshold(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    own = {"mimo-local": {"erosion/MCP": 0.625}}
    joints = visit_of(page_of(replace(document, thresholds=own)))["joints"]
    told = {(joint["finding"], joint["group"], joint["threshold"]) for joint in joints}
    assert {one for one in told if one[2] is not None} == {("erosion", "MCP", 0.625)}
    joints = visit_of(page_of(replace(document, threshold=0.5)))["joints"]
    assert {joint["threshold"] for joint in joints} == {0.5}


def test_a_page_holds_certainty_and_prevalence(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    joints = tuple(replace(row, certainty="unlike") for row in document.joints)
    data = visit_of(page_of(replace(document, joints=joints, prevalence={"erosion/MCP": 0.25})))
    assert data["prevalence"] == {"erosion/MCP": 0.25}
    assert {joint["certainty"] for joint in data["joints"]} == {"unlike"}


def test_a_page_holds_every_joint_with_its_picture(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    data = data_of(page_of(document))
    (visit,) = data["visits"]
    assert len(visit["joints"]) == 62
    for shown, row in zip(visit["joints"], document.joints, strict=True):
        assert (shown["hand"], shown["finding"], shown["joint"]) == (
            row.hand, row.finding, row.joint,
        )  # fmt: skip
        assert shown["probability"] == row.probability
        assert shown["box"] == [list(corner) for corner in row.box or ()]
        assert data["patches"][shown["patch"]].startswith("data:image/jpeg;base64,/9j/")
    # Nine joints of a hand are scored for both findings in the same box.
    assert len(data["patches"]) == 2 * (31 - 9)
    assert data["notice"] == NOTICE
    assert visit["films"][0]["picture"].startswith("data:image/jpeg;base64,/9j/")


def test_a_page_says_what_made_its_results(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    document.models["findings"] = ModelRow("findings 7", "ab" * 32)
    data = visit_of(page_of(document))
    assert data["bundles"] == [{"kind": "findings", "name": "findings 7", "sha256": "ab" * 32}]
    assert data["model"] == "mimo-local"


def test_a_page_loads_nothing(tmp_path: Path) -> None:
    page = page_of(scored(tmp_path / "two.png")).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].startswith(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    )
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "url(" not in page
    assert len(re.findall(r"https?://", page)) == page.count("http://www.w3.org/2000/svg") == 1


def test_names_of_files_are_text_wherever_they_stand(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    hostile = replace(document, warnings=(WarningRow("two", HOSTILE, HOSTILE),))
    page = study_page(HOSTILE, [Visit(hostile, NOTHING)])
    assert data_of(page)["name"] == HOSTILE
    assert visit_of(page)["warnings"][0]["message"] == HOSTILE
    assert HOSTILE.encode() not in page
    assert b"<title>&lt;/script&gt;&lt;b&gt;&amp;&quot;x" in page
    results = Results({HOSTILE: document}, (), {})
    index = index_page(results, {HOSTILE: [HOSTILE]}, {})
    assert HOSTILE.encode() not in index
    assert data_of(index)["studies"][0]["page"] == "%3C/script%3E%3Cb%3E%26%22x/report.html"


def test_a_page_has_the_labels_and_the_names_that_they_give_pictures(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    labelled = [(row, number % 2) for number, row in enumerate(document.joints[:31])]
    truth = read_truth(label_table(tmp_path / "labels.csv", labelled), [document])
    data = visit_of(study_page("two", [Visit(document, NOTHING)], truth))
    assert [joint["truth"] for joint in data["joints"][:2]] == [
        {"label": "intact", "grade": 0}, {"label": "non-intact", "grade": 1},
    ]  # fmt: skip
    assert data["joints"][31]["truth"] is None
    assert data["films"][0]["image"] == "two.png"


def test_radiographs_have_their_hash_whatever_scored_them(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    page = study_page("a", [Visit(replace(document, threshold=0.9), NOTHING)])
    assert visit_of(page)["films"][0]["sha256"] == radiograph.file_sha256(tmp_path / "two.png")


def test_linked_pictures_lie_beside_the_page(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    place = Linked(tmp_path / "a #1.html")
    pictures = draw(document, lambda row: radiograph.read(row.file))
    page = study_page("a", [Visit(document, pictures)], place=place)
    assert b"img-src 'self';" in page
    assert visit_of(page)["films"][0]["picture"] == "a%20%231_files/1.jpg"
    assert len(place.files) == 1 + 44
    assert {file.parent for file in place.files} == {tmp_path / "a #1_files"}


@pytest.mark.parametrize("count", [1, 2])
def test_an_index_has_a_row_a_study(tmp_path: Path, count: int) -> None:
    studies = scored(*(tmp_path / f"two_{number}.png" for number in range(count))).split()
    pages = {name: [name] for name in studies}
    data = data_of(index_page(Results(studies, (), {}), pages, {}))
    assert [row["study"] for row in data["studies"]] == list(studies)
    assert all(len(row["counts"]) == 4 for row in data["studies"])
    assert all([one["hand"] for one in row["sens"]] == [*SIDES, None] for row in data["studies"])


def test_a_page_has_the_keys_of_the_manifest(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    data = visit_of(study_page("a", [Visit(document, NOTHING)]))
    assert (data["patient"], data["date"]) == (None, None)
    inputs = tuple(replace(row, patient="P7", date="2020-05-31") for row in document.inputs)
    data = visit_of(study_page("a", [Visit(replace(document, inputs=inputs), NOTHING)]))
    assert (data["patient"], data["date"]) == ("P7", "2020-05-31")


def test_an_index_that_hides_the_order_shows_patients_only(tmp_path: Path) -> None:
    studies = scored(*(tmp_path / f"two_{year}.png" for year in (2019, 2021))).split()
    results = Results(studies, (), {})
    page = index_page(results, {"P7": list(studies)}, {}, blind=True)
    assert data_of(page)["studies"] == [
        {"study": "P7", "page": "P7/report.html", "problem": None},
    ]
    assert b"2019" not in page
