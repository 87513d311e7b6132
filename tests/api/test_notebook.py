"""What a notebook shows of results: whole, small, and harmless whatever files are called."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from sharp_cli import score
from sharp_cli.api.notebook import to_html
from sharp_cli.core.about import NOTICE
from tests.fakes import HEIGHT, WIDTH, paint

pytestmark = pytest.mark.usefixtures("models")

HARMLESS = {"p", "b", "br", "ul", "li", "div", "details", "summary", "code", "pre", "span", "img"}


class Shown(HTMLParser):
    """What stands in some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.sources: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        self.sources += [value or "" for name, value in attrs if name == "src"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_each_study_has_a_picture_its_joints_and_the_notice() -> None:
    files = [paint(Path(name)) for name in ("two.png", "a_L.png", "a_R.png")]
    scores = score(*files)
    shown = Shown(scores._repr_html_())
    assert len(shown.sources) == 2
    assert all(source.startswith("data:image/jpeg;base64,") for source in shown.sources)
    assert NOTICE in shown.text
    lines = [line for line in shown.text.splitlines() if "capitate-navicular-lunate" in line]
    rows = [
        [row for row in scores.document.joints if row.joint == "capitate-navicular-lunate"][at:][:2]
        for at in (0, 2)
    ]
    for line, hands in zip(lines, rows, strict=True):
        for row in hands:
            assert f"{row.probability:.2f} {row.label}" in line
    assert "Erosion: left " in shown.text


def test_names_of_files_are_text_and_nothing_else() -> None:
    names = (
        "two<script>alert(1)<img src='https:evil' onerror=x>.png",
        "two&amp;[bold]:smile:.png",
        "none<b onclick='x'>.png",
        "guess<svg onload=x>_L.png",
    )
    files = [paint(Path(name)) for name in names]
    with pytest.warns(UserWarning, match="none<b"):
        shown = Shown(score(*files)._repr_html_())
    assert set(shown.tags) <= HARMLESS
    assert set(shown.attributes) <= {"style", "open", "src", "alt"}
    assert len(shown.sources) == 3
    for name in names:
        assert name in shown.text


def test_a_name_that_is_no_text_does_not_break_a_notebook() -> None:
    file = paint(Path(os.fsdecode(b"two\xff.png")))
    html = score(file)._repr_html_()
    assert html.encode()
    assert "two\\udcff" in html


def test_even_noise_takes_less_than_a_megabyte() -> None:
    noise = np.random.default_rng(0).integers(0, 65536, (HEIGHT, 2 * WIDTH), np.uint16)
    Path("two.png").write_bytes(cv2.imencode(".png", noise)[1].tobytes())
    assert 300_000 < len(score("two.png")._repr_html_()) < 1_000_000


def test_of_many_the_first_ten_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [paint(Path(f"two-{number:02}.png")) for number in range(12)]
    missing = [f"missing-{number:02}.png" for number in range(13)]
    monkeypatch.setattr("sharp_cli.api.notebook.overlay_of", lambda _: Image.new("RGB", (4, 4)))
    with pytest.warns(UserWarning, match="missing"):
        scores = score(*files, *missing)
    shown = Shown(scores._repr_html_())
    assert len(shown.sources) == 10
    assert "2 more studies" in shown.text
    assert "13 failures" in shown.text
    assert "missing-09" in shown.text
    assert "missing-10" not in shown.text
    assert "3 more: see failures" in shown.text


def test_warnings_and_failures_are_shown() -> None:
    files = [paint(Path(name)) for name in ("guess_L.png", "none.png")]
    with pytest.warns(UserWarning, match="none"):
        scores = score(*files)
    text = Shown(scores._repr_html_()).text
    assert "none.png: no hand found" in text
    assert "guess_L.png: a side was guessed" in text


def test_a_radiograph_that_is_gone_is_said_to_be() -> None:
    scores = score(paint(Path("two.png")))
    Path("two.png").unlink()
    shown = Shown(scores._repr_html_())
    assert not shown.sources
    assert "two.png: there is no such file" in shown.text
    assert "MCP2" in shown.text


def test_validated_models_have_no_notice() -> None:
    document = score(paint(Path("two.png"))).document
    assert NOTICE not in to_html(replace(document, validated_on_patients=True))
