"""`sharp models`: the list, what comes in and what goes out."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.bundles import store
from sharp_cli.bundles.store import open_bundle
from sharp_cli.bundles.transfer.verify import verify
from sharp_cli.core.errors import ModelError
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.inference.bundle_check import check_loads
from sharp_cli.inference.onnx_export import export
from tests import tiny_findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


@pytest.fixture
def import_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., list[str]]], None]:
    """Put a function in place of the import, for which deeplabcut would be loaded."""

    def put(function: Callable[..., list[str]]) -> None:
        module = ModuleType("deeplabcut_import")
        module.import_detector = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "sharp_cli.training.detector.deeplabcut_import", module)
        monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: True)

    return put


def test_an_import_gets_what_was_asked(
    sharp: Sharp, import_by: Callable[[Callable[..., list[str]]], None]
) -> None:
    calls: list[tuple[tuple[Path, ...], dict[str, Any]]] = []

    def record(*given: Path, **chosen: Any) -> list[str]:
        calls.append((given, chosen))
        return ["keypoints that are no joint are excluded: tip"]

    import_by(record)
    Path("names.csv").touch()
    arguments = ("--out", "mine", "--names", "names.csv", "--size", "256")
    done = sharp("models", "import-dlc", ".", *arguments)
    assert (done.code, done.out) == (0, b"")
    assert done.err == (
        "warning: keypoints that are no joint are excluded: tip\ndone: the bundle is in mine\n"
    )
    assert calls == [((Path(), Path("mine")), {"names": Path("names.csv"), "size": 256})]


def test_an_import_that_fails_is_reported(
    sharp: Sharp, import_by: Callable[[Callable[..., list[str]]], None]
) -> None:
    def fail(*_: Path, **__: object) -> list[str]:
        message = "a.pt: not a snapshot"
        raise ModelError(message)

    import_by(fail)
    done = sharp("models", "import-dlc", ".", "--out", "mine")
    assert (done.code, done.err) == (3, "error: a.pt: not a snapshot\n")


def test_wrong_usage(sharp: Sharp) -> None:
    assert sharp("models", "import-dlc", "none.pt", "--out", "mine").code == 2
    assert sharp("models", "import-dlc", ".").code == 2
    assert sharp("models", "unknown").code == 2


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A findings bundle of two heads."""
    network = tiny_findings.network(models=("siso",), known=JOINT_GROUPS[:2])
    return tiny_findings.write(tmp_path_factory.mktemp("bundles") / "tiny", network.member).path


def test_bundles_are_verified(sharp: Sharp, tiny: Path) -> None:
    shutil.copytree(tiny, "damaged")
    Path("damaged/trunk-1.safetensors").write_bytes(b"")
    checksum = verify(tiny, check_loads).sha256
    done = sharp("models", "verify", "damaged", tiny)
    assert done.code == 3
    assert done.out.decode().splitlines() == [
        "bundle,kind,name,sha256,status",
        "damaged,,,,failed",
        f"{tiny},findings,tiny 1,{checksum},ok",
    ]
    assert done.err.startswith("error: damaged/trunk-1.safetensors: ")
    assert sharp("models", "verify", tiny).code == 0


def test_what_it_takes_to_believe_a_validation_is_said(
    sharp: Sharp, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "open_bundle", open_bundle)
    mine = Path("mine")
    shutil.copytree(tiny, mine)
    meta = {**open_bundle("findings", mine).meta, "validated_on_patients": True}
    for card, said in (
        ("# mine\n", 'its card has nothing under "Validation on patients"'),
        ("# mine\n\n## Validation on patients\n\nOn 200.\n", "--trust {} believes it"),
    ):
        (mine / store.CARD_FILE).write_text(card, encoding="utf-8")
        store.write_bundle(mine, meta, ["trunk-1.safetensors", "heads-1.safetensors"])
        done = sharp("models", "verify", mine)
        assert done.code == 0
        assert said.format(open_bundle("findings", mine).sha256) in done.err


def test_without_names_what_is_bundled_is_verified(
    sharp: Sharp, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_BUNDLED", Path())
    shutil.copytree(tiny, "one")
    done = sharp("models", "verify")
    assert (done.code, done.out.count(b",ok\n")) == (0, 1)
    Path("one/trunk-1.safetensors").unlink()
    done = sharp("models", "verify")
    assert (done.code, done.err.startswith("error: one/trunk-1.safetensors: ")) == (3, True)


def test_what_is_pushed_is_pulled(sharp: Sharp, tiny: Path) -> None:
    assert sharp("models", "push", tiny, "a.zip").err == "done: the bundle is in a.zip\n"
    done = sharp("models", "pull", "a.zip", "--out", "mine")
    checksum = verify(tiny, check_loads).sha256
    told = f"done: tiny 1 is in mine (sha256 of bundle.json: {checksum})\n"
    assert (done.code, done.out, done.err) == (0, b"", told)
    assert sharp("models", "verify", "mine").code == 0
    assert sharp("models", "pull", "a.zip", "--out", "a.zip").code == 4
    assert sharp("models", "pull", "none.zip", "--out", "other").code == 2
    assert sharp("models", "push", tiny, "http://example.org/a.zip").code == 2
    done = sharp("models", "push", tiny, "http://127.0.0.1:9/a.zip?key=secret")
    assert (done.code, "secret" in done.err) == (4, False)


def test_heads_are_exported(sharp: Sharp, tiny: Path) -> None:
    done = sharp("models", "export", tiny, "--onnx", "heads", "--model", "siso")
    assert done.code == 0
    assert done.err == (
        "done: wrote heads/siso-erosion-PIP-IP.onnx\ndone: wrote heads/siso-erosion-MCP.onnx\n"
    )
    chosen = ("--finding", "erosion", "--group", "MCP")
    assert sharp("models", "export", tiny, "--onnx", "one.onnx", *chosen).code == 0
    export(verify(tiny, check_loads), Path("two.onnx"), finding="erosion", group="MCP")
    assert Path("one.onnx").read_bytes() == Path("two.onnx").read_bytes()
    assert sharp("models", "export", tiny, "--onnx", "one.onnx").code == 2


def test_alone_it_lists(sharp: Sharp) -> None:
    done = sharp("models")
    assert done.code == 0
    assert done.out.startswith(b"kind,name,version,size,sha256,validated_on_patients,terms\n")
