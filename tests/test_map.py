"""The map: docs/architecture.md and CONTRIBUTING.md name what exists, and draw what is imported."""

from __future__ import annotations

import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sharp_cli"
MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_path_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = re.findall(r"`([\w.-]*/[\w./-]+|[\w-]+\.(?:py|md|toml|json))`", text)
    assert len(paths) > 10
    missing = [path for path in paths if not ((ROOT / path).exists() or (PACKAGE / path).exists())]
    assert missing == []


def test_every_package_has_a_paragraph_that_names_the_file_to_open_first() -> None:
    paragraphs = dict(re.findall(r"^\*\*(\w+)\*\* (.+?)\n\n", MAP, re.MULTILINE | re.DOTALL))
    assert set(paragraphs) == PACKAGES
    for package, text in paragraphs.items():
        assert re.search(rf"Open\s`{package}/", text), package


def test_the_picture_shows_who_imports_whom() -> None:
    drawn = {(user, used) for used, user in re.findall(r"^ +(\w+) --> (\w+)$", MAP, re.MULTILINE)}
    graph = grimp.build_graph("sharp_cli", cache_dir=None)
    imported = {
        (user.split(".")[1], used.split(".")[1])
        for user in graph.modules - {"sharp_cli"}
        for used in graph.find_modules_directly_imported_by(user) - {"sharp_cli"}
    }
    assert drawn <= imported
    followed = set(drawn)
    while more := {(a, d) for a, b in followed for c, d in drawn if b == c} - followed:
        followed |= more
    known = {(user, used) for user, used in imported if user != used and user in PACKAGES}
    assert known <= followed


def test_whoever_imports_torch_is_named() -> None:
    section = MAP.split("## Who may import torch\n")[1].split("\n## ")[0]
    files = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    torch = re.compile(r"^ *(?:import|from) torch\b", re.MULTILINE)
    users = {name for name, path in files.items() if torch.search(path.read_text(encoding="utf-8"))}
    assert users - {name for name in files if name.startswith("training/")} <= set(
        re.findall(r"`([\w/]+\.py)`", section)
    )
