"""An archive that is reached over DICOMweb (DICOM PS3.18): a study is fetched, results are stored.

User name and password are taken from the environment or from netrc; trust in a server's certificate
is requests' affair: the file that REQUESTS_CA_BUNDLE names holds other authorities than the usual.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from dicomweb_client.web import DICOMwebClient
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian
from requests.adapters import HTTPAdapter
from requests.utils import get_netrc_auth
from urllib3 import Retry
from urllib3.exceptions import HTTPError as BrokenBodyError

from sharp_cli.core.errors import InputError, UsageError
from sharp_cli.fileio import output
from sharp_cli.pacs.errors import RefusedError, ServerError, refused
from sharp_cli.pacs.limits import MAX_OBJECT_BYTES, RADIOGRAPHY
from sharp_cli.pacs.objects import decompressed, describe
from sharp_cli.radiograph.tags import is_uid
from sharp_cli.results.dicom.files import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER: Final = "SHARP_DICOMWEB_USER"
PASSWORD: Final = "SHARP_DICOMWEB_PASSWORD"  # noqa: S105 - the name of the variable
_CERTIFICATES: Final = "REQUESTS_CA_BUNDLE"

_MODALITY, _INSTANCE, _SERIES = "00080060", "00080018", "0020000E"
_MOST: Final = 100
"""Radiographs of a study, a choice: more are not one visit."""

_TIMEOUTS: Final = (10.0, 60.0)  # s, to connect and of each answer
_RETRIED: Final = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_UNWANTED: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


class _TooLargeError(Exception):
    """An answer is larger than an object may be."""


class _DeflatedError(Exception):
    """An answer is a deflated object, which the client would inflate without a limit."""


_DEFLATED: Final = re.compile(
    rb"\x02\0\x10\0.{4}" + re.escape(DeflatedExplicitVRLittleEndian.encode()), re.DOTALL
)
"""The transfer syntax of a deflated object, wherever it is in an answer of several parts."""


_ODD: Final = "its answer is not that of a DICOMweb server; check the address"
_PROBLEMS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (
        _TooLargeError,
        f"an answer has more than {MAX_OBJECT_BYTES >> 20} MiB; see what the study holds",
    ),
    (
        _DeflatedError,
        "an object is deflated, which nobody asked for; export it, and score the file",
    ),
    (requests.TooManyRedirects, "it sends on to another address; give that one"),
    (
        requests.exceptions.SSLError,
        f"its certificate is not trusted; let {_CERTIFICATES} name its authority's file",
    ),
    (
        (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
            BrokenBodyError,
        ),
        "cannot be reached, or is too slow; check the address and the network",
    ),
    (requests.exceptions.InvalidJSONError, _ODD),
    (OSError, f"no certificates can be read; check the file that {_CERTIFICATES} names"),
    (Exception, _ODD),
)
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class DicomWeb:
    """A DICOMweb server.

    Attributes:
        url: The address of its service.
    """

    def __init__(self, url: str, *, retries: int) -> None:
        """Say where the server is; nothing is asked yet.

        Args:
            url: The address that `/studies` is added to.
            retries: How often to ask again where it cannot be reached or is busy.

        Raises:
            UsageError: It is no such address, or the password would be readable on the way.
        """
        self.url = url.rstrip("/")
        session = requests.Session()
        session.auth = _credentials(self.url)
        # A redirected store would become a question, and look like a success.
        session.max_redirects = 0
        session.headers["Accept"] = "application/dicom+json"  # of answers to what is stored
        retry = Retry(
            total=retries,
            other=0,  # a certificate that is not trusted
            backoff_factor=1,
            status_forcelist=_RETRIED,
            allowed_methods=None,  # storing the same object once more changes nothing
            raise_on_status=False,
            respect_retry_after_header=False,  # it may ask for an hour
        )
        session.mount(self.url, HTTPAdapter(max_retries=retry))
        self._client = DICOMwebClient(
            self.url,
            session,
            callback=_bounded,
            # Larger bodies are sent by a generator, which a retry would find empty.
            chunk_size=MAX_OBJECT_BYTES,
            permissive_uid=True,
            timeout=_TIMEOUTS,
        )
        self._client.set_http_retry_params(retry=False)

    def fetch(self, study: str, folder: Path) -> list[str]:
        """Write the radiographs of a study into a folder, each called by its identifier.

        Args:
            study: Its StudyInstanceUID.
            folder: It is made.

        Returns:
            The modalities of the series that were skipped, as they hold no radiographs.

        Raises:
            InputError: The server cannot be asked, or has no such study, or no radiographs of it.
            OutputError: The folder cannot be written.
        """
        if not is_uid(study):
            message = f"{study}: no StudyInstanceUID; give numbers with dots between them"
            raise InputError(message)
        with self._asked(study):
            series = self._client.search_for_series(study)
            wanted = [one for one in series if _value(one, _MODALITY) in RADIOGRAPHY]
            images = [
                (_value(one, _SERIES), _value(image, _INSTANCE))
                for one in wanted
                for image in self._client.search_for_instances(study, _value(one, _SERIES))
            ]
        others = sorted({_value(one, _MODALITY) or "none" for one in series} - {*RADIOGRAPHY})
        if not images:
            what = f"no radiographs (but {', '.join(others)})" if others else "no such study"
            message = f"{study}: {what} at {self.url}; check the identifier"
            raise InputError(message)
        if len(images) > _MOST:
            message = f"{study}: {len(images)} radiographs, and at most {_MOST} are fetched; "
            raise InputError(message + "export those of the hands, and score the files")
        for place, name in images:
            if not is_uid(name):
                message = (
                    f"{study}: an image has no valid identifier; export it, and score the file"
                )
                raise InputError(message)
            with self._asked(study):
                content = to_bytes(self._client.retrieve_instance(study, place, name))
            output.write(folder / f"{name}.dcm", content)
        return others

    def send(self, result: Dataset) -> None:
        """Store an object; one that is there already stays as it is.

        What is compressed is offered decompressed, too, before it counts as refused.

        Raises:
            RefusedError: The server does not want it.
            ServerError: It cannot be stored now.
        """
        try:
            self._store(result)
        except RefusedError:
            if not result.file_meta.TransferSyntaxUID.is_compressed:
                raise
            self._store(decompressed(result))

    def _store(self, result: Dataset) -> None:
        with self._asked(describe(result)):
            try:
                answer = self._client.store_instances([result])
            except requests.HTTPError as error:
                answer = _answer(error.response)
                if not _reasons(answer):
                    raise
            stored = {
                one.ReferencedSOPInstanceUID for one in answer.get("ReferencedSOPSequence", ())
            }
            reasons = _reasons(answer)
        if result.SOPInstanceUID not in stored:
            raise refused(result, self.url, reasons[0] if reasons else None)

    @contextmanager
    def _asked(self, about: str) -> Iterator[None]:
        """Ask the server; whatever goes wrong is explained, without what it may quote."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the client raises just anything at odd answers
            answer = error.response if isinstance(error, requests.HTTPError) else None
            code = answer.status_code if answer is not None else None
            kind = RefusedError if code in _UNWANTED else ServerError
            message = f"{about}: {self.url}: {_problem(error, code)}"
            raise kind(message) from None


def _problem(error: Exception, code: int | None) -> str:
    if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return f"no access ({code}); set {USER} and {PASSWORD}, or see to netrc"
    if code is not None:
        return f"the server says {code}; check the address, or see the server's log"
    return next(text for kinds, text in _PROBLEMS if isinstance(error, kinds))


def _answer(response: requests.Response | None) -> Dataset:
    """What a server that stores nothing says about that; empty where it says nothing."""
    try:
        return Dataset.from_json({} if response is None else response.json())
    except Exception:  # noqa: BLE001 - pydicom raises just anything at odd answers
        return Dataset()


def _reasons(answer: Dataset) -> list[int]:
    """Why objects were not stored (DICOM PS3.18 table I.2-1)."""
    failed = (*answer.get("FailedSOPSequence", ()), *answer.get("OtherFailuresSequence", ()))
    return [int(one.FailureReason) for one in failed if one.get("FailureReason") is not None]


def _value(found: dict[str, Any], tag: str) -> str:
    """The first value of a tag in an object of the DICOM JSON model; empty if it has none."""
    return str(next(iter(found.get(tag, {}).get("Value", ())), ""))


def _credentials(url: str) -> tuple[str, str] | None:
    """User name and password, if they are given.

    Raises:
        UsageError: See `DicomWeb`.
    """
    try:
        parts = urlsplit(url)
        secret, host = parts.username or parts.password, parts.hostname
    except ValueError:
        secret, host = None, None
    if secret:
        message = f"the address holds a user name or password; set {USER} and {PASSWORD} instead"
        raise UsageError(message)
    if not host or parts.scheme not in ("https", "http") or parts.query or parts.fragment:
        message = f"{url}: no address of a DICOMweb server; give one like https://host/dicom-web"
        raise UsageError(message)
    user, password = os.environ.get(USER), os.environ.get(PASSWORD)
    if bool(user) != bool(password):
        message = f"only one of {USER} and {PASSWORD} is set; set both, or none"
        raise UsageError(message)
    known = (user, password) if user and password else get_netrc_auth(url)
    if known and parts.scheme == "http" and host not in _LOOPBACK:
        message = f"{url}: anybody on the way could read the password; use https"
        raise UsageError(message)
    return known


def _bounded(response: requests.Response, *_: object, **__: Any) -> None:
    """Read an answer, and no more than an object may have.

    What the client would not recognise goes from its type, such as a charset.
    """
    kind = response.headers.get("Content-Type", "")
    if "json" in kind:
        response.headers["Content-Type"] = kind.partition(";")[0].strip()
    content = io.BytesIO()
    for chunk in response.raw.stream(1 << 20, decode_content=True):
        if content.tell() + len(chunk) > MAX_OBJECT_BYTES:
            response.close()
            raise _TooLargeError
        content.write(chunk)
    if kind.startswith("multipart") and _DEFLATED.search(content.getbuffer()):
        raise _DeflatedError
    content.seek(0)
    response.raw = content
