"""What is handed on is the bundle, whole, and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.core.errors import ModelError, OutputError, UsageError
from tests.bundles.transfer.conftest import TRUNK_FILE, Site, contents, hidden, pull, push, verify

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    monkeypatch.setattr("sharp_cli.fileio.output.write", half)
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


@pytest.mark.parametrize("name", ["a.zip", "b.tar.gz"])
def test_a_server_stores_what_is_pulled_again(
    site: Site, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    push(bundle, f"{site.url}/{name}?key=1")
    assert site.known == {f"127.0.0.1/tiny/{name}": "Basic YWRhOnNlY3JldA=="}
    push(bundle, str(tmp_path / name))
    assert site.files[f"tiny/{name}"] == (tmp_path / name).read_bytes()
    pull(f"{site.url}/{name}", tmp_path / "back")
    assert contents(tmp_path / "back") == contents(bundle)


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "401 Unauthorized; .*netrc"), (413, "413 Request Entity Too Large"), (507, "507")],
)
def test_a_server_that_refuses_is_quoted(site: Site, bundle: Path, status: int, told: str) -> None:
    site.refused = status
    with pytest.raises(OutputError, match=rf"^{site.url}/a\.zip: the server says {told}"):
        push(bundle, f"{site.url}/a.zip?key=secret")


@pytest.mark.parametrize("to", ["{}/b.zip", "http://example.org/a.zip"])
def test_a_file_is_not_stored_elsewhere(site: Site, bundle: Path, to: str) -> None:
    site.moved["tiny/a.zip"] = to.format(site.url)
    before = dict(site.files)
    with pytest.raises(OutputError, match=r"a\.zip: .*(302|not https)"):
        push(bundle, f"{site.url}/a.zip")
    assert site.files == before


def test_a_server_that_is_not_there_is_reported(bundle: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.zip: cannot be stored .*check the network"):
        push(bundle, "http://127.0.0.1:9/a.zip")


@pytest.mark.parametrize(
    "target",
    ["https://example.org/a", "https://example.org/a?b.zip", "http://example.org/a.zip",
     "ftp://example.org/a.zip", "https://u:p@example.org/a.zip", "hf://a", "hf://a/b/c"],
)  # fmt: skip
def test_other_addresses_are_wrong_usage(bundle: Path, target: str) -> None:
    with pytest.raises(UsageError):
        push(bundle, target)


@dataclass
class Hub:
    """A stand-in for the hub: who reached it where, and the commits it took."""

    reached: list[tuple[str, str | None]] = field(default_factory=list)
    commits: list[tuple[str, str, dict[str, bytes]]] = field(default_factory=list)
    error: Exception | None = None


@pytest.fixture
def the_hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    taken = Hub()

    class Api:
        def __init__(self, *, endpoint: str, token: str | None) -> None:
            taken.reached.append((endpoint, token))

        def create_commit(
            self, name: str, operations: Sequence[Any], *, commit_message: str, revision: str
        ) -> None:
            assert commit_message
            if taken.error is not None:
                raise taken.error
            files = {one.path_in_repo: one.path_or_fileobj for one in operations}
            taken.commits.append((name, revision, files))

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "0")
    return taken


def test_the_hub_gets_the_files_in_one_commit(
    the_hub: Hub, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(copy)
    (copy / "notes.txt").touch()
    push(copy, "hf://owner/name")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    push(copy, "hf://owner/name@next")
    assert the_hub.commits == [("owner/name", "main", whole), ("owner/name", "next", whole)]
    assert the_hub.reached == [
        ("https://huggingface.co", None),
        ("https://huggingface.co", "hf_secret"),
    ]
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_a_hub_that_refuses_is_quoted(the_hub: Hub, bundle: Path) -> None:
    the_hub.error = OSError("401 Client Error.\n\nRepository Not Found for url")
    with pytest.raises(OutputError, match=r"^hf://o/n: .*\(401 Client Error\.\); .*HF_TOKEN"):
        push(bundle, "hf://o/n")


def test_without_the_hubs_library_the_message_says_so(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharp_cli.bundles.transfer.hub.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="pip install huggingface_hub"):
        push(bundle, "hf://owner/name")


def test_a_damaged_bundle_is_not_pushed(copy: Path, tmp_path: Path) -> None:
    (copy / TRUNK_FILE).write_bytes(b"")
    with pytest.raises(ModelError, match=TRUNK_FILE):
        push(copy, str(tmp_path / "a.zip"))
    assert not (tmp_path / "a.zip").exists()
