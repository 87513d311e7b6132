"""The DICOM node that images are sent to (C-ECHO, C-STORE)."""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom import dcmread
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from sharp_cli.core.errors import OutputError
from sharp_cli.pacs.limits import RADIOGRAPHY
from sharp_cli.pacs.server import MAX_CONNECTIONS, PDU_SECONDS, Server
from sharp_cli.pacs.spool import QueueError
from sharp_cli.radiograph.deflated import opened
from sharp_cli.radiograph.stored import SYNTAXES
from sharp_cli.radiograph.tags import is_uid, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pynetdicom.events import Event

    from sharp_cli.pacs.callers import Address, Caller
    from sharp_cli.pacs.health import Health
    from sharp_cli.pacs.spool import Spool
    from sharp_cli.pacs.tls import Tls

_IMAGES: Final = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SecondaryCaptureImageStorage,
)
_IDENTIFIERS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
# Of C-STORE: DICOM PS3.4 table B.2-1.
_SUCCESS: Final = 0x0000
_OUT_OF_RESOURCES: Final = 0xA700
_CANNOT_UNDERSTAND: Final = 0xC000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and as whom a node listens.

    Attributes:
        address: Of this machine: connections to its other addresses are not taken.
        port: Of this address.
        title: Its application entity title; who calls another is turned away.
        callers: Those who may call.
        tls: Its certificates; None where nothing is encrypted.
    """

    address: Address
    port: int
    title: str
    callers: Sequence[Caller]
    tls: Tls | None = None

    def __str__(self) -> str:
        """As its callers know it."""
        return f"{self.title}@{self.address}:{self.port}"


@contextmanager
def listening(
    endpoint: Endpoint, spool: Spool, health: Health, report: Callable[[str], None]
) -> Iterator[None]:
    """Take images, in threads of its own, while the context lasts.

    An image is on the disk before its receipt is acknowledged to the sender.

    Args:
        endpoint: Where to listen, and to whom.
        spool: Keeps the images.
        health: Is told whether they can be kept.
        report: Called with what is refused.

    Raises:
        OutputError: The port cannot be listened at.
        UsageError: Its certificates cannot be used.
    """
    entity = AE(endpoint.title)
    entity.maximum_associations = MAX_CONNECTIONS  # the server sees to that
    entity.acse_timeout = PDU_SECONDS
    entity.add_supported_context(Verification)
    for kind in _IMAGES:
        entity.add_supported_context(kind, list(SYNTAXES))
    tls = endpoint.tls.as_server() if endpoint.tls else None
    try:
        server = Server(
            entity,
            (str(endpoint.address), endpoint.port),
            [(evt.EVT_C_STORE, _Desk(spool, health, report).store)],
            callers=endpoint.callers,
            tls=tls,
            report=report,
        )
    except OSError as error:
        message = (
            f"{endpoint.address}, port {endpoint.port}: cannot be listened at ({error.strerror}); "
            "choose another"
        )
        raise OutputError(message) from error
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield
    finally:
        server.end()


class _Desk:
    """Answers what is sent."""

    def __init__(self, spool: Spool, health: Health, report: Callable[[str], None]) -> None:
        self.spool = spool
        self.health = health
        self.report = report

    def store(self, event: Event) -> int:
        """Keep an image, and give the status of the answer."""
        content = event.encoded_dataset()
        name = str(event.file_meta.MediaStorageSOPInstanceUID)
        about = _about(content)
        invalid = [keyword for keyword in _IDENTIFIERS if not is_uid(about.get(keyword, ""))]
        if invalid or not is_uid(name):
            what = ", ".join(invalid or _IDENTIFIERS[-1:])
            self.report(f"refused an image without a valid {what}, which a result must name")
            return _CANNOT_UNDERSTAND
        if about["Modality"] not in RADIOGRAPHY:
            self.report(f"{name}: refused, its Modality is none of {', '.join(RADIOGRAPHY)}")
            return _CANNOT_UNDERSTAND
        try:
            self.spool.receive(about["StudyInstanceUID"], name, content)
        except QueueError as error:
            self.health.fails("queue")
            self.report(f"refused an image: {error}")
            return _OUT_OF_RESOURCES
        self.health.works("queue")
        return _SUCCESS


def _about(content: bytes) -> dict[str, str]:
    """The identifiers and the Modality of an image, by keyword; none where they cannot be read."""
    tags = [*_IDENTIFIERS, "Modality"]
    try:
        header = dcmread(opened(io.BytesIO(content)), stop_before_pixels=True, specific_tags=tags)
        return {keyword: text(header, keyword) for keyword in tags}
    except Exception:  # noqa: BLE001 - damaged files make pydicom raise just anything
        return {}
