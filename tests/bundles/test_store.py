from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.bundles import store
from sharp_cli.bundles.store import bundled, open_bundle, write_bundle
from sharp_cli.core.errors import ModelError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

META: dict[str, Any] = {
    "name": "tiny",
    "version": "1",
    "kind": "joints",
    "validated_on_patients": False,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"weights")
    write_bundle(folder, META, ["weights.bin"])
    return folder


def test_a_bundle_opens(folder: Path) -> None:
    bundle = open_bundle("joints", folder)
    assert bundle.name == "tiny 1"
    assert not bundle.validated_on_patients
    assert len(bundle.sha256) == 64


def test_a_card_is_checked_too(folder: Path) -> None:
    (folder / store.CARD_FILE).write_text("# tiny")
    write_bundle(folder, META, ["weights.bin"])
    assert set(open_bundle("joints", folder).meta["sha256"]) == {"weights.bin", store.CARD_FILE}
    (folder / store.CARD_FILE).write_text("# huge")
    with pytest.raises(ModelError, match=store.CARD_FILE):
        open_bundle("joints", folder)


def test_the_terms_end_the_card_once(folder: Path) -> None:
    card = folder / store.CARD_FILE
    card.write_text("# tiny\n\n## May I use it?\n\n- No.\n\n## Metrics\n\nNone.\n")
    for _ in range(2):
        write_bundle(folder, {**META, "terms": ["Yes.", "Ask."]}, ["weights.bin"])
    assert (
        card.read_text() == "# tiny\n\n## Metrics\n\nNone.\n\n## May I use it?\n\n- Yes.\n- Ask.\n"
    )
    assert open_bundle("joints", folder).terms == ("Yes.", "Ask.")


CARD = "# tiny\n\n## Validation on patients\n\nOn 200 patients of one hospital.\n"


@pytest.mark.parametrize(
    ("claims", "card", "trusted", "believed"),
    [
        (True, CARD, True, True),
        (False, CARD, True, False),
        (True, CARD, False, False),
        (True, "# tiny\n", True, False),
        (True, "# tiny\n\n## Validation on patients\n \n## Licence\n\nApache\n", True, False),
        (True, None, True, False),
    ],
)
def test_a_validation_on_patients_is_believed_of_whom_one_trusts(
    folder: Path,
    claims: bool,  # noqa: FBT001
    card: str | None,
    trusted: bool,  # noqa: FBT001
    believed: bool,  # noqa: FBT001
) -> None:
    if card is not None:
        (folder / store.CARD_FILE).write_text(card)
    write_bundle(folder, META | {"validated_on_patients": claims}, ["weights.bin"])
    checksum = open_bundle("joints", folder).sha256
    trust = [checksum if trusted else "0" * 64]
    assert open_bundle("joints", folder, trust).validated_on_patients is believed


def test_a_card_beside_a_bundle_is_not_its_own(folder: Path) -> None:
    write_bundle(folder, META | {"validated_on_patients": True}, ["weights.bin"])
    (folder / store.CARD_FILE).write_text(CARD)
    checksum = open_bundle("joints", folder).sha256
    assert not open_bundle("joints", folder, [checksum]).validated_on_patients


def test_what_is_trusted_is_a_checksum(folder: Path) -> None:
    with pytest.raises(UsageError, match="no sha256"):
        open_bundle("joints", folder, ["tiny"])


def test_a_new_bundle_is_named_after_its_folder(tmp_path: Path) -> None:
    meta = store.initial_meta(tmp_path / "mine", "hands")
    assert (meta["name"], meta["version"], meta["kind"]) == ("mine", "1", "hands")
    assert meta["validated_on_patients"] is False


def test_a_changed_byte_is_refused(folder: Path) -> None:
    (folder / "weights.bin").write_bytes(b"weighty")
    with pytest.raises(ModelError, match=r"weights\.bin"):
        open_bundle("joints", folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "weights.bin").unlink()
    with pytest.raises(ModelError, match="missing"):
        open_bundle("joints", folder)


def test_a_file_outside_the_bundle_is_refused(folder: Path) -> None:
    (folder.parent / "other.bin").write_bytes(b"weights")
    path = folder / "bundle.json"
    meta = json.loads(path.read_text())
    meta["sha256"] = {"../other.bin": meta["sha256"]["weights.bin"]}
    path.write_text(json.dumps(meta))
    with pytest.raises(ModelError):
        open_bundle("joints", folder)


def test_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="'hands' is needed"):
        open_bundle("hands", folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kind": "joints"', '{"kind": "feet"}'])
def test_damaged_descriptions_are_refused(folder: Path, content: str) -> None:
    (folder / "bundle.json").write_text(content)
    with pytest.raises(ModelError):
        open_bundle("joints", folder)


def test_a_folder_without_a_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model bundle"):
        open_bundle("joints", tmp_path)


def test_without_bundled_models_the_message_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_BUNDLED", tmp_path)
    with pytest.raises(ModelError, match="no bundled model"):
        open_bundle("joints")


def bundled_findings(folder: Path, *names: str) -> None:
    """Bundles as they come with the package; each weighs as much as its name."""
    for name in names:
        (folder / name).mkdir()
        (folder / name / "weights.bin").write_bytes(name.encode())
        write_bundle(folder / name, {**META, "name": name, "kind": "findings"}, ["weights.bin"])


def test_the_default_is_named_after_its_kind_whatever_else_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_BUNDLED", tmp_path)
    bundled_findings(tmp_path, "a-first", "findings", "findings-lite")
    assert open_bundle("findings").path.name == "findings"
    assert [bundle.path.name for bundle in bundled()] == ["a-first", "findings", "findings-lite"]


def test_other_bundled_models_have_short_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(store, "_BUNDLED", tmp_path / "models")
    monkeypatch.chdir(tmp_path / "here")
    told = "lite: no folder, and no bundled model of kind 'findings' is called so"
    with pytest.raises(ModelError, match=told):
        open_bundle("findings", "lite")
    bundled_findings(tmp_path / "models", "findings", "findings-lite")
    assert open_bundle("findings", "lite").name == "findings-lite 1"
    with pytest.raises(ModelError, match="no bundled model of kind 'joints' is called so"):
        open_bundle("joints", "lite")
    # A folder of that name is what is meant.
    bundled_findings(tmp_path / "here", "lite")
    assert open_bundle("findings", "lite").name == "lite 1"


def test_every_bundled_model_is_whole_and_has_its_card() -> None:
    bundles = bundled()
    assert {bundle.kind for bundle in bundles} == {"hands", "joints", "findings"}
    for bundle in bundles:
        assert (bundle.path / store.CARD_FILE).is_file()
        assert not bundle.validated_on_patients
