"""Downloads from and uploads to the web; interrupted downloads are resumed.

User name and password of a server are taken from netrc, the hub's token from HF_TOKEN; both go to
that server alone.
"""

from __future__ import annotations

import base64
import io
import re
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, TYPE_CHECKING, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from requests.utils import get_netrc_auth

from sharp_cli.bundles.transfer import hub
from sharp_cli.bundles.transfer.archives import MAX_BUNDLE_BYTES
from sharp_cli.core.errors import ModelError, OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_USER: Final = re.compile(r"(?<=://)[^/?#]*@")
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_TIMEOUT: Final = 30.0  # s, of each answer
_CHUNK: Final = 1 << 20
_NO_ACCESS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class UnreachableError(ModelError):
    """A download failed; the part that arrived is kept, and the next call resumes it."""


def address(source: str) -> str:
    """The https address of a source; of `hf://owner/name[@revision]`, its folder on the hub.

    Raises:
        UsageError: It is neither https nor, on this machine, http; or it holds a user name or
            password.
    """
    if source.startswith(hub.SCHEME):
        source = hub.folder(source)
    if not _is_allowed(source):
        message = f"{shown(source)}: bundles go over https only"
        raise UsageError(message)
    if _USER.search(source):
        message = f"{shown(source)}: holds a user name or password; put them into netrc instead"
        raise UsageError(message)
    return source


def inside(folder: str, name: str) -> str:
    """The address of a file in a folder."""
    parts = urlsplit(folder)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def shown(url: str) -> str:
    """An address without user, password and query, which may be secret."""
    return _USER.sub("", url).partition("?")[0]


def download(url: str, part: Path) -> bytes:
    """Fetch a file.

    Args:
        url: Its address, as `address` gives it.
        part: Where it is kept until it is complete; a part that is there already is not fetched
            again, if the server can send ranges.

    Raises:
        ModelError: It is larger than a bundle may be.
        OutputError: `part` cannot be written.
        UnreachableError: The server cannot be reached, does not have it, or sent only part of it.
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


def upload(content: bytes, url: str) -> None:
    """Store a file by HTTP PUT (RFC 9110, section 9.3.4); an existing one is overwritten.

    Args:
        content: The file's.
        url: Its address, as `address` gives it.

    Raises:
        OutputError: The server cannot be reached, redirects, or does not accept it.
    """
    # In pieces, as the time limit is that of each; all at once is one piece.
    request = Request(url, io.BytesIO(content), method="PUT")  # noqa: S310 - see `address`
    request.add_header("Content-Type", "application/octet-stream")
    request.add_header("Content-Length", str(len(content)))
    try:
        _open(request).close()
    except HTTPError as error:
        raise OutputError(_refusal(url, error)) from error
    except (OSError, HTTPException, ModelError) as error:
        message = (
            f"{shown(url)}: cannot be stored ({getattr(error, 'reason', error)}); check the "
            "network, and that the server takes files of this size from you"
        )
        raise OutputError(message) from error


def _answer(url: str, start: int) -> HTTPResponse:
    request = Request(url)  # noqa: S310 - see `address`
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        return _open(request)
    except HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            return _answer(url, 0)
        raise UnreachableError(_refusal(url, error)) from error
    except (OSError, HTTPException) as error:
        raise _failed(url, getattr(error, "reason", error)) from error


def _open(request: Request) -> HTTPResponse:
    request.add_header("User-Agent", "sharp-cli")
    if known := _authorization(request.full_url):
        # Such a header is not redirected; see `_Redirects`.
        request.add_unredirected_header("Authorization", known)
    response: HTTPResponse = build_opener(_Redirects).open(request, timeout=_TIMEOUT)
    return response


def _authorization(url: str) -> str | None:
    """The credentials: a bearer token (RFC 6750) for the hub, basic ones (RFC 7617) for others."""
    if _origin(url) == _origin(hub.endpoint()) and (token := hub.token()):
        return f"Bearer {token}"
    known = get_netrc_auth(url)
    return known and f"Basic {base64.b64encode(':'.join(known).encode()).decode()}"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _refusal(url: str, error: HTTPError) -> str:
    """The message for a server that refuses."""
    remedy = "check the address"
    if error.code in _NO_ACCESS:
        remedy += f", or give user name and password in netrc, or for the hub {hub.TOKEN}"
    return f"{shown(url)}: the server says {error.code} {error.reason}; {remedy}"


def _save(response: HTTPResponse, file: IO[bytes], url: str) -> None:
    length = response.headers.get("Content-Length")
    came, before = 0, file.tell()
    for chunk in _chunks(response, url):
        came += len(chunk)
        if before + came > MAX_BUNDLE_BYTES:
            message = (
                f"{shown(url)}: has more than the {MAX_BUNDLE_BYTES >> 20} MiB that a bundle may "
                "have; get it from elsewhere"
            )
            raise ModelError(message)
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
        f"{shown(url)}: cannot be fetched ({why}); check the network and run it again, which "
        "resumes where it stopped"
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
    """Follows redirects of downloads to allowed addresses only, and none of uploads."""

    def redirect_request(  # noqa: PLR0917 - urllib's
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The redirected request, with credentials for the same server only.

        Raises:
            ModelError: It would leave https.
        """
        # Nor does a server elsewhere reach into this machine.
        if not _is_allowed(newurl) or (req.type == "https" and not newurl.startswith("https:")):
            message = f"{shown(req.full_url)}: sends on to {shown(newurl)}, which is not https"
            raise ModelError(message)
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        known = req.unredirected_hdrs.get("Authorization")
        if following and known and _origin(newurl) == _origin(req.full_url):
            following.add_unredirected_header("Authorization", known)
        return following
