"""The site builds without a warning, needs no other place, and holds the help of every command."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.help import EXAMPLES

ROOT = Path(__file__).parents[1]
LOADED = re.compile(
    r"<(?:script|img|iframe)[^>]+src=[\"']?([^\"' >]+)|<link[^>]+href=[\"']?([^\"' >]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; a broken link or anchor, or a page that no menu leads to, is an error."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_readme_is_its_first_page_and_shows_its_pictures(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "Not validated on patients" in page
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text()):
        assert (site / picture).read_bytes() == (ROOT / picture).read_bytes()
        assert picture in page


def test_its_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = [one or other for one, other in LOADED.findall(page.read_text(encoding="utf-8"))]
        assert loaded
        assert not [place for place in loaded if place.startswith(("http", "//"))]
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)[\"' ]*(?:https?:)?//", sheet.read_text())


def test_it_holds_every_command_with_its_examples(site: Path) -> None:
    page = (site / "docs/commands/index.html").read_text(encoding="utf-8")
    text = html.unescape(re.sub("<[^>]+>", "", page))
    for name, examples in EXAMPLES.items():
        assert f"Usage: sharp {name} " in text
        for line in examples.splitlines():
            assert f"    {line}\n" in text
