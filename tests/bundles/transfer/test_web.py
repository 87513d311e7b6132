"""Downloads, and what a server or the network may do to them."""

from __future__ import annotations

import base64
import io
import sys
import threading
from http.client import HTTPMessage
from typing import TYPE_CHECKING
from urllib.request import Request

import pytest

from sharp_cli.bundles.store import BUNDLE_FILE
from sharp_cli.bundles.transfer import web
from sharp_cli.bundles.transfer.archives import SUFFIXES, pack
from sharp_cli.core.errors import ModelError, OutputError, UsageError
from tests.bundles.transfer.conftest import HEADS_FILE, TRUNK_FILE, Site, contents, hidden, pull

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suffix", ["", "/", "?token=secret"])
def test_a_folder_on_the_web(site: Site, bundle: Path, tmp_path: Path, suffix: str) -> None:
    pull(site.url + suffix, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(bundle)
    assert hidden(tmp_path) == []
    assert b"secret" not in (tmp_path / "out" / ".source").read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_on_the_web_resumes_where_it_stopped(
    site: Site, bundle: Path, tmp_path: Path, suffix: str
) -> None:
    site.files[f"tiny/a{suffix}"] = pack(contents(bundle), suffix)
    site.cut[f"tiny/a{suffix}"] = 1000
    with pytest.raises(ModelError, match="cut off after 1000 of"):
        pull(f"{site.url}/a{suffix}", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    pull(f"{site.url}/a{suffix}", tmp_path / "out")
    assert site.asked == [(f"tiny/a{suffix}", None), (f"tiny/a{suffix}", "bytes=1000-")]
    assert contents(tmp_path / "out") == contents(bundle)
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_resumes_where_it_stopped(
    site: Site, bundle: Path, tmp_path: Path, *, ranges: bool
) -> None:
    site.ranges = ranges
    site.cut[f"tiny/{TRUNK_FILE}"] = 100
    with pytest.raises(ModelError, match=f"{TRUNK_FILE}.*cut off after 100 of"):
        pull(site.url, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    site.asked.clear()
    pull(site.url, tmp_path / "out")
    # What was whole is not fetched again; bundle.json is, as it may have changed.
    assert site.asked == [(f"tiny/{BUNDLE_FILE}", None), (f"tiny/{TRUNK_FILE}", "bytes=100-")]
    assert contents(tmp_path / "out") == contents(bundle)


def test_a_part_that_is_too_long_is_begun_anew(site: Site, bundle: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"0" * 10**6)
    url = f"{site.url}/{TRUNK_FILE}"
    assert web.download(url, part) == (bundle / TRUNK_FILE).read_bytes()
    assert [wanted for _, wanted in site.asked] == ["bytes=1000000-", None]
    assert not part.exists()


def test_a_part_of_an_older_file_is_refused_and_then_begun_anew(
    site: Site, bundle: Path, tmp_path: Path
) -> None:
    name = f"tiny/{TRUNK_FILE}"
    right = site.files[name]
    site.files[name] = b"0" * len(right)
    site.cut[name] = 100
    with pytest.raises(ModelError, match="cut off"):
        pull(site.url, tmp_path / "out")
    site.files[name] = right
    with pytest.raises(ModelError, match="not the file"):
        pull(site.url, tmp_path / "out")
    pull(site.url, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(bundle)


def test_half_of_an_older_manifest_is_forgotten(site: Site, tmp_path: Path) -> None:
    name = f"tiny/{BUNDLE_FILE}"
    site.cut[name] = 100
    with pytest.raises(ModelError, match="cut off"):
        pull(site.url, tmp_path / "out")
    site.files[name] = b" " * 100 + site.files[name]
    pull(site.url, tmp_path / "out")
    assert (tmp_path / "out" / BUNDLE_FILE).read_bytes() == site.files[name]


def test_a_changed_byte_on_the_web_is_refused(site: Site, tmp_path: Path) -> None:
    name = f"tiny/{HEADS_FILE}"
    site.files[name] = site.files[name][:-1] + b"?"
    with pytest.raises(ModelError, match=HEADS_FILE):
        pull(site.url, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_reported(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none/bundle\.json: the server says 404"):
        pull(f"{site.url}/none", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_needs_no_network(site: Site, tmp_path: Path) -> None:
    first = pull(site.url, tmp_path / "out")
    site.asked.clear()
    assert pull(site.url, tmp_path / "out") == first
    assert site.asked == []
    with pytest.raises(OutputError, match="something else"):
        pull(f"{site.url}?another", tmp_path / "out")


def test_offline_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be fetched .*check the network"):
        pull("http://127.0.0.1:9", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_falls_silent_is_reported(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_TIMEOUT", 0.1)
    site.stall = threading.Event()
    with pytest.raises(ModelError, match="timed out"):
        pull(site.url, tmp_path / "out")
    site.stall.set()


def test_the_hub(site: Site, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = site.url.removesuffix("/tiny")
    monkeypatch.setenv("HF_ENDPOINT", f"{host}/")
    for source, path in {
        "hf://owner/name": "owner/name/resolve/main",
        "hf://owner/name@v1": "owner/name/resolve/v1",
        "hf://owner/name@refs/pr/1": "owner/name/resolve/refs%2Fpr%2F1",
    }.items():
        site.files = {f"{path}/{name}": each for name, each in contents(bundle).items()}
        # The hub sends on to where large files are.
        site.files["store"] = site.files.pop(f"{path}/{TRUNK_FILE}")
        site.moved = {f"{path}/{TRUNK_FILE}": f"{host}/store"}
        out = tmp_path / path.replace("/", "-")
        pull(source, out)
        assert contents(out) == contents(bundle)


def test_a_private_repository_is_asked_for_with_the_token(
    site: Site, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = site.url.removesuffix("/tiny")
    monkeypatch.setenv("HF_ENDPOINT", host)
    monkeypatch.setenv("HF_TOKEN", " hf_secret\n")
    path = "owner/name/resolve/main"
    site.files = {f"{path}/{name}": each for name, each in contents(bundle).items()}
    # Small files the hub sends on to another path of its own, large ones to another host.
    site.files["cache"] = site.files.pop(f"{path}/{HEADS_FILE}")
    site.files["store"] = site.files.pop(f"{path}/{TRUNK_FILE}")
    site.moved = {
        f"{path}/{HEADS_FILE}": "/cache",
        f"{path}/{TRUNK_FILE}": host.replace("127.0.0.1", "localhost") + "/store",
    }
    pull("hf://owner/name", tmp_path / "out")
    assert contents(tmp_path / "out") == contents(bundle)
    assert site.known.pop("localhost/store") is None
    assert len(site.known) == len(contents(bundle)) + 1
    assert set(site.known.values()) == {"Bearer hf_secret"}
    assert all(b"hf_secret" not in p.read_bytes() for p in (tmp_path / "out").iterdir())


def test_other_servers_do_not_get_the_token(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pull(site.url, tmp_path / "out")
    assert set(site.known.values()) == {None}


def test_what_is_no_token_is_not_quoted(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    monkeypatch.setenv("HF_TOKEN", "hf_secret\nX: y")
    with pytest.raises(UsageError, match=r"^HF_TOKEN: ") as caught:
        pull("hf://owner/name", tmp_path / "out")
    assert "secret" not in str(caught.value)
    assert site.known == {}
    assert list(tmp_path.iterdir()) == []


NETRC_IS_ASCII = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Python 3.10 reads no other passwords in netrc"
)


@pytest.mark.parametrize("password", ["s3cret!", pytest.param("söze", marks=NETRC_IS_ASCII)])
def test_a_server_is_told_who_asks(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login ada password {password}\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    pull(site.url, tmp_path / "out")
    basic = base64.b64encode(f"ada:{password}".encode()).decode()
    assert set(site.known.values()) == {f"Basic {basic}"}


def test_a_password_in_an_address_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^https://example\.org/a: holds .* netrc") as caught:
        pull("https://ada:secret@example.org/a?key=secret", tmp_path / "out")
    assert "secret" not in str(caught.value)


def test_the_hub_is_hugging_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert web.address("hf://a/b@c") == "https://huggingface.co/a/b/resolve/c"


@pytest.mark.parametrize(
    "source",
    ["http://example.org/a", "ftp://example.org/a", "file:///etc", "https://", "hf://a", "hf://a/b/c",
     "hf://a/b@", "http://127.0.0.1@example.org/a", "http://[a/b"],
)  # fmt: skip
def test_other_addresses_are_wrong_usage(source: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        pull(source, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "target", ["http://example.org/a", "ftp://example.org/a", "file:///etc/passwd"]
)
def test_nobody_is_sent_on_to_them(site: Site, tmp_path: Path, target: str) -> None:
    site.moved[f"tiny/{BUNDLE_FILE}"] = target
    with pytest.raises(ModelError, match=target):
        pull(site.url, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_sent_from_elsewhere_to_this_machine() -> None:
    request = Request("https://example.org/a")
    response = io.BytesIO(), 302, "Found", HTTPMessage()
    assert web._Redirects().redirect_request(request, *response, "https://example.org/b")
    with pytest.raises(ModelError, match="sends on to"):
        web._Redirects().redirect_request(request, *response, "http://127.0.0.1/b")


def test_what_an_older_bundle_left_is_not_kept(site: Site, bundle: Path, tmp_path: Path) -> None:
    site.cut[f"tiny/{TRUNK_FILE}"] = 100
    with pytest.raises(ModelError, match="cut off"):
        pull(site.url, tmp_path / "out")
    (stage,) = tmp_path.glob(".out-*")
    (stage / "bundle" / "heads-0.safetensors").touch()
    pull(site.url, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(bundle)
