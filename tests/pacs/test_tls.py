"""DICOM over TLS: who has no certificate of the authority gets nothing."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pynetdicom import AE

from sharp_cli.core.errors import UsageError
from sharp_cli.pacs import node, server
from sharp_cli.pacs.callers import Caller, parse_address
from sharp_cli.pacs.errors import ServerError
from sharp_cli.pacs.health import Health
from sharp_cli.pacs.peer import Peer
from sharp_cli.pacs.spool import Spool
from tests.pacs import attacks, certificates
from tests.pacs.archive import free_port
from tests.pacs.senders import film, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sharp_cli.pacs.tls import Tls


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return certificates.made_in(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture
def port(tls: Tls, tmp_path: Path) -> Iterator[int]:
    """That of a node with TLS."""
    callers = [Caller("SENDER"), Caller("ECHOSCU")]
    endpoint = node.Endpoint(parse_address("127.0.0.1"), free_port(), "SHARP", callers, tls)
    with node.listening(endpoint, Spool(tmp_path / "queue"), Health(), print):
        yield endpoint.port


def test_both_sides_prove_who_they_are(tls: Tls, port: int, tmp_path: Path) -> None:
    made = film("one")
    Peer("SHARP", "127.0.0.1", port, "SENDER", tls).send(made)
    kept = tmp_path / f"queue/received/{made.StudyInstanceUID}/{made.SOPInstanceUID}.dcm"
    assert kept.is_file()


def test_without_a_certificate_there_is_no_association(
    tls: Tls, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(port, film("one")) == [None]
    bare = ssl.create_default_context(cafile=tls.authority)
    entity = AE("SENDER")
    entity.acse_timeout = 5
    entity.add_requested_context("1.2.840.10008.1.1")
    one = entity.associate("127.0.0.1", port, ae_title="SHARP", tls_args=(bare, "127.0.0.1"))
    assert not one.is_established
    others = certificates.made_in(tmp_path / "others")
    for stranger in (others, replace(others, authority=tls.authority)):
        with pytest.raises(ServerError, match="not these certificates"):
            Peer("SHARP", "127.0.0.1", port, "SENDER", stranger).send(film("one"))
    # Who says nothing at all keeps nobody out, and is ended.
    monkeypatch.setattr(server, "PDU_SECONDS", 0.1)
    silent = attacks.connect(port)
    Peer("SHARP", "127.0.0.1", port, "SENDER", tls).send(film("one"))
    assert attacks.flood(silent, [], seconds=5) == 0


def test_another_implementation(tls: Tls, port: int) -> None:
    program = shutil.which("echoscu", path="/usr/bin:/usr/local/bin")  # pynetdicom has one, too
    if program is None:
        pytest.skip("DCMTK is not installed")
    ours = ("+tls", tls.key, tls.certificate, "+cf", tls.authority)
    command = [program, *map(str, ours), "-aec", "SHARP", "127.0.0.1", str(port)]
    subprocess.run(command, check=True, timeout=30)


def test_files_that_cannot_be_used(tls: Tls, tmp_path: Path) -> None:
    (odd := tmp_path / "odd.pem").write_text("no certificate", encoding="ascii")
    for change in ("certificate", "key", "authority"):
        with pytest.raises(UsageError, match=r"odd\.pem.*cannot be used"):
            replace(tls, **{change: odd}).as_server()
        with pytest.raises(UsageError, match=r"missing\.pem: no such file"):
            replace(tls, **{change: tmp_path / "missing.pem"}).as_client()
