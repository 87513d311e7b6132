"""Bundles are whole and load, or are refused."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharp_cli.bundles.store import BUNDLE_FILE, write_bundle
from sharp_cli.bundles.transfer.manifest import Manifest
from sharp_cli.core.errors import ModelError
from tests.bundles.transfer.conftest import contents, pull, verify


def test_a_whole_bundle_passes(bundle: Path) -> None:
    assert verify(bundle).kind == "findings"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_flipped_byte_is_refused_or_changes_the_checksum(
    bundle: Path, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(contents(bundle))))
    content = bytearray((bundle / name).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as there:
        changed = shutil.copytree(bundle, Path(there) / "tiny")
        (changed / name).write_bytes(content)
        try:
            found = verify(changed)
        except ModelError as error:
            assert str(changed) in str(error)  # noqa: PT017 - not all raise
        else:
            # Nothing in a bundle fixes bundle.json: its checksum is told, to be compared.
            assert name == BUNDLE_FILE
            assert found.sha256 != verify(bundle).sha256


def test_what_does_not_load_is_refused_and_not_pulled(tmp_path: Path) -> None:
    needed: dict[str, dict[str, object]] = {
        "hands": {"threshold": 0.5},
        "joints": {
            "view": {"width": 1, "height": 1, "half_height": 1},
            "min_likelihood": 0,
            "networks": [{"file": "hands.onnx", "points": []}],
        },
    }
    for kind, more in needed.items():
        folder = tmp_path / kind
        folder.mkdir()
        (folder / "hands.onnx").write_bytes(b"no network")
        meta = {"name": kind, "version": "1", "kind": kind, "validated_on_patients": False, **more}
        write_bundle(folder, meta, ["hands.onnx"])
        with pytest.raises(ModelError, match=r"hands\.onnx: not a network"):
            verify(folder)
        with pytest.raises(ModelError, match=r"hands\.onnx: not a network"):
            pull(str(folder), tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model bundle"):
        verify(tmp_path)


@pytest.mark.parametrize("name", ["..", "../a", "/a", "a/b", "a\\b", "", ".a", BUNDLE_FILE, "a?b"])
def test_a_manifest_names_plain_files_only(name: str) -> None:
    content = json.dumps({"kind": "joints", "sha256": {name: "0" * 64}}).encode()
    with pytest.raises(ModelError, match="no file of it"):
        Manifest.parse(content, "there")


@pytest.mark.parametrize(
    "content",
    ["", "[]", "7", "{}", '{"kind": "feet", "sha256": {}}', '{"kind": "joints", "sha256": 1}',
     '{"kind": [], "sha256": {}}', '{"kind": "joints", "sha256": {"a": "0"}}',
     '{"kind": "joints", "sha256": {"a": 0}}'],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(content: str) -> None:
    with pytest.raises(ModelError, match="there"):
        Manifest.parse(content.encode(), "there")
