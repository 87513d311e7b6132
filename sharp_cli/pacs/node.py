"""The DICOM node that images are sent to (C-ECHO, C-STORE)."""

from __future__ import annotations

import io
from contextlib import contextmanager
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
from sharp_cli.pacs.limits import MAX_OBJECT_BYTES, RADIOGRAPHY
from sharp_cli.pacs.spool import QueueError
from sharp_cli.radiograph.stored import SYNTAXES
from sharp_cli.radiograph.tags import is_uid, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pynetdicom.association import Association
    from pynetdicom.events import Event, EventHandlerType

    from sharp_cli.pacs.spool import Spool

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


@contextmanager
def listening(
    port: int, title: str, callers: Sequence[str], spool: Spool, report: Callable[[str], None]
) -> Iterator[None]:
    """Take images, in threads of its own, while the context lasts.

    An image is on the disk before its receipt is acknowledged to the sender.

    Args:
        port: Where to listen, on all of the machine's addresses.
        title: The node's application entity title; who calls another is turned away.
        callers: The titles of those who may call.
        spool: Keeps the images.
        report: Called with what is refused.

    Raises:
        OutputError: The port cannot be listened at.
    """
    entity = AE(title)
    entity.require_called_aet = True
    entity.require_calling_aet = list(callers)
    entity.add_supported_context(Verification)
    for kind in _IMAGES:
        entity.add_supported_context(kind, list(SYNTAXES))
    desk = _Desk(spool, report)
    handlers: list[EventHandlerType] = [
        (evt.EVT_C_STORE, desk.store),
        (evt.EVT_DATA_RECV, desk.count),
        (evt.EVT_DIMSE_RECV, desk.begin_anew),
        (evt.EVT_CONN_CLOSE, desk.begin_anew),
        (evt.EVT_REJECTED, desk.rejected),
    ]
    try:
        entity.start_server(("", port), block=False, evt_handlers=handlers)
    except OSError as error:
        message = f"port {port}: cannot be listened at ({error.strerror}); choose another"
        raise OutputError(message) from error
    try:
        yield
    finally:
        entity.shutdown()


class _Desk:
    """Answers what is sent."""

    def __init__(self, spool: Spool, report: Callable[[str], None]) -> None:
        self.spool = spool
        self.report = report
        self.came: dict[Association, int] = {}

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
            self.report(f"refused an image: {error}")
            return _OUT_OF_RESOURCES
        return _SUCCESS

    def count(self, event: Event) -> None:
        """End an association that sends more than an object may have; it is held in memory."""
        before = self.came.get(event.assoc, 0)
        self.came[event.assoc] = before + len(event.data)
        if before <= MAX_OBJECT_BYTES < self.came[event.assoc]:
            self.report(f"refused an image of more than {MAX_OBJECT_BYTES >> 20} MiB")
            event.assoc.abort()

    def begin_anew(self, event: Event) -> None:
        """Begin to count the next object."""
        self.came.pop(event.assoc, None)

    def rejected(self, event: Event) -> None:
        """Tell of a caller that was turned away."""
        caller = event.assoc.requestor.ae_title
        self.report(
            f"turned {caller!r} away: it is not among --allow, called another title, or too many "
            "call at once"
        )


def _about(content: bytes) -> dict[str, str]:
    """The identifiers and the Modality of an image, by keyword; none where they cannot be read."""
    tags = [*_IDENTIFIERS, "Modality"]
    try:
        header = dcmread(io.BytesIO(content), stop_before_pixels=True, specific_tags=tags)
        return {keyword: text(header, keyword) for keyword in tags}
    except Exception:  # noqa: BLE001 - damaged files make pydicom raise just anything
        return {}
