"""Bundles from folders and archives: whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sharp_cli.bundles.store import BUNDLE_FILE
from sharp_cli.bundles.transfer.archives import SUFFIXES, pack
from sharp_cli.core.errors import ModelError, OutputError, UsageError
from tests.bundles.transfer.conftest import HEADS_FILE, TRUNK_FILE, change, contents, hidden, pull

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "changed": (TRUNK_FILE, lambda folder: change(folder / TRUNK_FILE)),
    "truncated": (
        TRUNK_FILE,
        lambda folder: (folder / TRUNK_FILE).write_bytes((folder / TRUNK_FILE).read_bytes()[:-9]),
    ),
    "missing": (HEADS_FILE, lambda folder: (folder / HEADS_FILE).unlink()),
    "not named": ("notes.txt", lambda folder: (folder / "notes.txt").touch()),
    "no manifest": (BUNDLE_FILE, lambda folder: (folder / BUNDLE_FILE).unlink()),
}


@pytest.mark.parametrize("way", ["folder", *SUFFIXES])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_refused(copy: Path, tmp_path: Path, damage: str, way: str) -> None:
    named, hurt = DAMAGE[damage]
    hurt(copy)
    source = copy
    if way != "folder":
        source = tmp_path / f"a{way}"
        source.write_bytes(pack(contents(copy), source.name))
    with pytest.raises(ModelError, match=rf"^{source}\b.*{named}"):
        pull(str(source), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert hidden(tmp_path) == []


def test_hidden_files_of_a_folder_stay_behind(copy: Path, tmp_path: Path) -> None:
    (copy / ".gitattributes").touch()
    (copy / ".git").mkdir()
    pull(str(copy), tmp_path / "out")
    assert hidden(tmp_path / "out") == [".source"]


def test_what_is_no_source_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "a.rar").touch()
    for source in ("a.rar", "none", "none.zip"):
        with pytest.raises(UsageError, match=source):
            pull(str(tmp_path / source), tmp_path / "out")


@pytest.mark.parametrize("occupant", ["folder", "file"])
def test_what_lies_in_the_way_is_kept(bundle: Path, tmp_path: Path, occupant: str) -> None:
    out = tmp_path / "out"
    if occupant == "folder":
        out.mkdir()
        (out / "mine").touch()
    else:
        out.touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match="something else"):
        pull(str(bundle), out)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_filled(bundle: Path, tmp_path: Path) -> None:
    pull(str(bundle), tmp_path)
    assert contents(tmp_path) == contents(bundle)


def test_another_content_of_a_source_is_not_taken_for_the_first(copy: Path, tmp_path: Path) -> None:
    pull(str(copy), tmp_path / "out")
    pull(str(copy), tmp_path / "out")
    meta = json.loads((copy / BUNDLE_FILE).read_text())
    (copy / BUNDLE_FILE).write_text(json.dumps({**meta, "version": "2"}))
    with pytest.raises(OutputError, match="something else"):
        pull(str(copy), tmp_path / "out")


def test_damage_to_what_was_pulled_is_reported(bundle: Path, tmp_path: Path) -> None:
    pull(str(bundle), tmp_path / "out")
    change(tmp_path / "out" / TRUNK_FILE)
    with pytest.raises(ModelError, match=TRUNK_FILE):
        pull(str(bundle), tmp_path / "out")
