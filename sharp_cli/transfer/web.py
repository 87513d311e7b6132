"""Downloads that go on where they were cut off."""

from __future__ import annotations

import os
import re
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, TYPE_CHECKING, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sharp_cli.errors import ModelError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HUB: Final = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", re.ASCII)
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_TIMEOUT: Final = 30.0  # s, of each answer
_CHUNK: Final = 1 << 20


class UnreachableError(ModelError):
    """A download failed; what has come so far is kept, and the next one goes on from there."""


def address(source: str) -> str:
    """The https address of a source; of `hf://owner/name[@revision]`, its folder on the hub.

    HF_ENDPOINT names another hub than https://huggingface.co, as for huggingface_hub.

    Raises:
        UsageError: It is none that is fetched from: only https, or http from this machine.
    """
    if source.startswith("hf://"):
        match = _HUB.fullmatch(source)
        if match is None:
            message = f"{source}: not hf://owner/name or hf://owner/name@revision"
            raise UsageError(message)
        name, revision = match.groups(default="main")
        hub = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
        source = f"{hub.rstrip('/')}/{name}/resolve/{quote(revision, safe='')}"
    if not _is_allowed(source):
        message = f"{shown(source)}: bundles are pulled over https only"
        raise UsageError(message)
    return source


def inside(folder: str, name: str) -> str:
    """The address of a file in a folder."""
    parts = urlsplit(folder)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def shown(url: str) -> str:
    """An address without its query, which may be secret."""
    return url.partition("?")[0]


def download(url: str, part: Path) -> bytes:
    """Fetch a file.

    Args:
        url: Its address, as `address` gives it.
        part: Where it is kept until all of it is there; what lies there already is not fetched
            again, if the server can send parts.

    Raises:
        OutputError: `part` cannot be written.
        UnreachableError: The server cannot be reached, does not have it, or sent a part of it.
    """
    have = part.stat().st_size if part.is_file() else 0
    try:
        with _answer(url, have) as response:
            resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            with part.open("ab" if resumed else "wb") as file:
                _save(response, file, url)
        content = part.read_bytes()
        part.unlink()
    except OSError as error:
        message = f"{part}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error
    return content


def _answer(url: str, start: int) -> HTTPResponse:
    request = Request(url, headers={"User-Agent": "sharp-cli"})  # noqa: S310 - see `address`
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response: HTTPResponse = build_opener(_Redirects).open(request, timeout=_TIMEOUT)
    except HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return _answer(url, 0)
        message = f"{shown(url)}: the server says {error.code} {error.reason}; check the address"
        raise UnreachableError(message) from error
    except (OSError, HTTPException) as error:
        raise _failed(url, getattr(error, "reason", error)) from error
    return response


def _save(response: HTTPResponse, file: IO[bytes], url: str) -> None:
    length = response.headers.get("Content-Length")
    came = 0
    for chunk in _chunks(response, url):
        came += len(chunk)
        file.write(chunk)
    if length is not None and came != int(length):
        raise _failed(url, f"cut off after {came} of {length} bytes")


def _chunks(response: HTTPResponse, url: str) -> Iterator[bytes]:
    try:
        while chunk := response.read(_CHUNK):
            yield chunk
    except (OSError, HTTPException) as error:
        raise _failed(url, error) from error


def _failed(url: str, why: object) -> UnreachableError:
    message = (
        f"{shown(url)}: cannot be fetched ({why}); check the network and run it again, which goes "
        "on from where it stopped"
    )
    return UnreachableError(message)


def _is_allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    )


class _Redirects(HTTPRedirectHandler):
    """Follows to what is allowed only."""

    def redirect_request(  # noqa: PLR0917 - urllib's
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request that follows.

        Raises:
            ModelError: It would leave https.
        """
        # Nor does a server elsewhere reach into this machine.
        if not _is_allowed(newurl) or (req.type == "https" and not newurl.startswith("https:")):
            message = f"{shown(req.full_url)}: sends on to {shown(newurl)}, which is not https"
            raise ModelError(message)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
