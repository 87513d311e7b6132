"""What is handed on is the bundle, whole, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sharp_cli.errors import ModelError, OutputError, UsageError
from sharp_cli.transfer.pull import pull
from sharp_cli.transfer.push import push
from sharp_cli.transfer.verify import verify
from tests.transfer.conftest import TRUNK_FILE, contents, hidden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("target", ["new", "deep/new", "a.zip", "a.tar.gz"])
def test_what_is_pushed_comes_back(bundle: Path, tmp_path: Path, target: str) -> None:
    push(bundle, str(tmp_path / target))
    assert pull(str(tmp_path / target), tmp_path / "back").sha256 == verify(bundle).sha256
    assert contents(tmp_path / "back") == contents(bundle)
    assert hidden(tmp_path) == []


def test_what_is_not_named_is_not_pushed(copy: Path, tmp_path: Path) -> None:
    (copy / "notes.txt").touch()
    push(copy, str(tmp_path / "new"))
    assert contents(tmp_path / "new").keys() == contents(copy).keys() - {"notes.txt"}


def test_a_copy_is_checked(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.output.write", half)
    with pytest.raises(ModelError):
        push(bundle, str(tmp_path / "new"))
    assert list(tmp_path.iterdir()) == []


def half(path: Path, content: bytes) -> None:
    """Write as a full disk might."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content[: len(content) // 2])


def test_a_push_does_not_overwrite_a_folder(bundle: Path, copy: Path) -> None:
    with pytest.raises(OutputError, match="there already"):
        push(bundle, str(copy))


def test_a_push_to_the_hub_names_its_tool(bundle: Path) -> None:
    with pytest.raises(UsageError, match="hf upload"):
        push(bundle, "hf://owner/name")


def test_a_damaged_bundle_is_not_pushed(copy: Path, tmp_path: Path) -> None:
    (copy / TRUNK_FILE).write_bytes(b"")
    with pytest.raises(ModelError, match=TRUNK_FILE):
        push(copy, str(tmp_path / "a.zip"))
    assert not (tmp_path / "a.zip").exists()
