from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.training.run import Clock, fingerprint, record_options, refuse_another, save

if TYPE_CHECKING:
    from pathlib import Path


def test_the_options_that_differ_are_named(tmp_path: Path) -> None:
    options: dict[str, Any] = {"fc-layers": 2, "model": ("siso",), "init": None}
    refuse_another(tmp_path, options)
    assert not [*tmp_path.iterdir()]
    record_options(tmp_path, options)
    record_options(tmp_path, options)
    with pytest.raises(UsageError, match="holds a training with another --fc-layers, --init; give"):
        record_options(tmp_path, {**options, "fc-layers": 3, "init": "he"})
    refuse_another(tmp_path, options)


def test_files_and_bundles_are_distinguished(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_bytes(b"content")
    folder.mkdir()
    (folder / "bundle.json").write_bytes(b"content")
    assert fingerprint(None) is None
    assert fingerprint(file) == fingerprint(folder)
    file.write_bytes(b"changed")
    assert fingerprint(file) != fingerprint(folder)
    with pytest.raises(UsageError, match=r"nowhere: cannot be read .*check the name"):
        fingerprint(tmp_path / "nowhere")


def test_what_is_saved_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.pt"
    save({"a": 1}, path)
    before = path.read_bytes()

    def half(_: object, target: Path) -> None:
        target.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("torch.save", half)
    with pytest.raises(KeyboardInterrupt):
        save({"a": 2}, path)
    assert path.read_bytes() == before


def test_the_time_left() -> None:
    clock = Clock(4, 100)
    # 99 epochs of this network and 100 of each of the other three.
    assert clock.epoch(1, 60.0) == "at most 6 h 39 min left"
    clock.network(10)
    # A network takes 10 epochs, an epoch a minute: 9 + 2 * 10.
    assert clock.epoch(1, 60.0) == "about 29 min left"
    # What an earlier run has done took no time.
    clock.network(10)
    clock.network(10)
    assert clock.epoch(12, 60.0) == "less than a minute left"
