"""DICOMweb: whom it trusts with what, and what it says of servers that do odd things."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGLSLossless

from sharp_cli.core.errors import InputError, UsageError
from sharp_cli.pacs import dicomweb
from sharp_cli.pacs.destination import destination
from sharp_cli.pacs.dicomweb import PASSWORD, USER, DicomWeb
from sharp_cli.pacs.errors import RefusedError, ServerError
from sharp_cli.pacs.peer import Peer
from sharp_cli.results.dicom.files import to_bytes
from tests.pacs.senders import film

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUDY = "1.2.3"


class Server:
    """A server that says what it is told to, one answer after another, the last for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.bodies: list[bytes] = []
        self.url = ""
        self.listener: ThreadingHTTPServer

    def encrypt(self, certificate: Path, key: Path) -> None:
        """Speak TLS from now on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")

    def says(self, code: int, content: Any = None, **headers: str) -> None:
        """Say this next; what is no bytes is said in JSON."""
        kind = {"Content-Type": "application/dicom+json"}
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.answers.append((code, kind | headers, body))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NETRC", "/dev/null")
    monkeypatch.delenv(USER, raising=False)
    monkeypatch.delenv(PASSWORD, raising=False)
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.bodies.append(self.rfile.read(int(self.headers["Content-Length"] or 0)))
            told.asked.append((self.command, self.path, self.headers["Authorization"]))
            code, headers, content = told.answers.pop(0) if told.answers[1:] else told.answers[0]
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    listener = told.listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{listener.server_port}/web"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield told
    listener.shutdown()
    thread.join()
    listener.server_close()


def series(modality: str, uid: str = "1.2.3.4") -> dict[str, Any]:
    return {
        "00080060": {"vr": "CS", "Value": [modality]},
        "0020000E": {"vr": "UI", "Value": [uid]},
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, b""), "the server says 500"),
        ((401, b""), "no access"),
        ((302, b""), "sends on to another address"),
        ((200, b"<html>Welcome"), "not that of a DICOMweb server"),
        ((200, ["odd"]), "not that of a DICOMweb server"),
        ((200, []), "no such study"),
        ((204, b""), "no such study"),
        ((200, [series("MR"), series("SR")]), "no radiographs \\(but MR, SR\\)"),
    ],
)
def test_it_says_what_is_wrong(
    server: Server, tmp_path: Path, answer: tuple[int, Any], said: str
) -> None:
    code, content = answer
    server.says(code, content, Location=f"{server.url}/elsewhere")
    with pytest.raises(InputError, match=said) as raised:
        DicomWeb(server.url, retries=0).fetch(STUDY, tmp_path / STUDY)
    assert str(raised.value).startswith(f"{STUDY}: ")
    assert not (tmp_path / STUDY).exists()


def test_nobody_there(tmp_path: Path, server: Server) -> None:
    with pytest.raises(ServerError, match="cannot be reached"):
        DicomWeb("http://127.0.0.1:9/", retries=0).fetch(STUDY, tmp_path)
    assert server.asked == []


def test_a_busy_server_is_asked_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib3.Retry.sleep", lambda *_: None)
    server.says(503, b"", Retry_After="3600")
    server.says(503, b"")
    server.says(200, [])
    with pytest.raises(InputError, match="no such study"):
        DicomWeb(server.url, retries=2).fetch(STUDY, tmp_path)
    assert len(server.asked) == 3


def test_an_answer_that_is_too_large(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicomweb, "MAX_OBJECT_BYTES", 100)
    server.says(200, b" " * 101)
    with pytest.raises(InputError, match="an answer has more than"):
        DicomWeb(server.url, retries=0).fetch(STUDY, tmp_path)


def test_a_deflated_object_is_not_inflated(server: Server, tmp_path: Path) -> None:
    made = film("bomb")
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    server.says(200, [series("CR")])
    server.says(200, [{"00080018": {"vr": "UI", "Value": ["1.2.3.4.5"]}}])
    part = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + to_bytes(made) + b"\r\n--x--"
    kind = 'multipart/related; type="application/dicom"; boundary=x'
    server.says(200, part, **{"Content-Type": kind})
    with pytest.raises(InputError, match="is deflated, which nobody asked for"):
        DicomWeb(server.url, retries=0).fetch(STUDY, tmp_path / STUDY)


def test_an_image_cannot_choose_its_place(server: Server, tmp_path: Path) -> None:
    server.says(200, [series("CR")])
    server.says(200, [{"00080018": {"vr": "UI", "Value": ["../../evil"]}}])
    with pytest.raises(InputError, match="no valid identifier"):
        DicomWeb(server.url, retries=0).fetch(STUDY, tmp_path / STUDY)


def test_no_more_than_one_visit(server: Server, tmp_path: Path) -> None:
    server.says(200, [series("CR")])
    server.says(200, [{"00080018": {"Value": [f"1.{at}"]}} for at in range(101)])
    with pytest.raises(InputError, match="101 radiographs, and at most 100"):
        DicomWeb(server.url, retries=0).fetch(STUDY, tmp_path / STUDY)


def test_a_certificate_must_be_trusted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no certificate: openssl is not installed")
    pem = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "key.pem", "-out", pem],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    server.encrypt(pem, tmp_path / "key.pem")
    server.says(200, [])
    archive = DicomWeb(server.url, retries=4)
    with pytest.raises(ServerError, match="certificate is not trusted"):
        archive.fetch(STUDY, tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    with pytest.raises(InputError, match="no such study"):
        archive.fetch(STUDY, tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    with pytest.raises(InputError, match="no certificates can be read"):
        archive.fetch(STUDY, tmp_path)


@pytest.mark.parametrize(
    ("code", "content", "kind"),
    [
        (200, {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xC000]}}]}},
         RefusedError),
        (202, {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xA700]}}]}},
         ServerError),
        (200, {}, ServerError),
        (409, b"", RefusedError),
        (409, {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xA700]}}]}},
         ServerError),
        (400, {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xA7FF]}}]}},
         ServerError),
        (409, {"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xA900]}}]}},
         RefusedError),
        (409, {"0008119A": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0x0110]}}]}},
         ServerError),
        (400, b"<html>no", RefusedError),
        (507, b"", ServerError),
        (503, b"", ServerError),
        (302, b"", ServerError),
    ],
)  # fmt: skip
def test_only_what_the_server_says_it_stored_is_stored(
    server: Server, code: int, content: Any, kind: type[ServerError]
) -> None:
    server.says(code, content, Location=f"{server.url}/elsewhere")
    with pytest.raises(ServerError) as raised:
        DicomWeb(server.url, retries=0).send(film("one"))
    assert type(raised.value) is kind
    assert [method for method, *_ in server.asked] == ["POST"]
    said = str(raised.value)
    assert "Computed Radiography Image Storage, Explicit VR Little Endian" in said


def test_what_is_refused_compressed_is_offered_decompressed(server: Server) -> None:
    reason = {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [0xC122]}}]}
    made = film("one")
    plain = made.PixelData
    made.compress(JPEGLSLossless, generate_instance_uid=False)
    server.says(409, {"00081198": reason})
    stored = {"00081155": {"vr": "UI", "Value": [made.SOPInstanceUID]}}
    server.says(
        200,
        {"00081199": {"vr": "SQ", "Value": [stored]}},
        **{"Content-Type": "application/dicom+json; charset=utf-8"},
    )
    DicomWeb(server.url, retries=0).send(made)
    first, second = server.bodies
    assert plain not in first
    assert plain in second


def test_the_password_comes_from_the_environment_or_netrc(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.says(200, [])
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login file password from-netrc\n", encoding="utf-8")
    netrc.chmod(0o600)
    for variables in ({}, {"NETRC": str(netrc)}, {USER: "a", PASSWORD: "from-environment"}):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(InputError, match="no such study"):
            DicomWeb(server.url, retries=0).fetch(STUDY, tmp_path)
    assert [asked for *_, asked in server.asked] == [
        None,
        "Basic ZmlsZTpmcm9tLW5ldHJj",
        "Basic YTpmcm9tLWVudmlyb25tZW50",
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://user:secret@host/web", "holds a user name or password"),
        ("https://host/web?x=1", "no address"),
        ("ftp://host/web", "no address"),
        ("https://[host/web", "no address"),
        ("host", "no address"),
        ("http://archive.example/web", "could read the password"),
    ],
)
def test_addresses_that_are_not_asked(url: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USER, "user")
    monkeypatch.setenv(PASSWORD, "secret")
    with pytest.raises(UsageError, match=said) as raised:
        DicomWeb(url, retries=0)
    assert "secret" not in str(raised.value)
    monkeypatch.delenv(USER)
    with pytest.raises(UsageError, match="only one of"):
        DicomWeb("https://host/web", retries=0)


def test_where_results_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", "/dev/null")
    assert isinstance(destination("https://archive.example/web", "SHARP"), DicomWeb)
    assert destination("PACS@archive:104", "SHARP") == Peer("PACS", "archive", 104, "SHARP")
    for address in ("archive:104", "PACS@archive", "PACS@archive:0", "A LONG TITLE OF 17@a:104"):
        with pytest.raises(UsageError, match=r"TITLE@host:port"):
            destination(address, "SHARP")
