"""Where results are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pydicom import Dataset

    from sharp_cli.pacs.tls import Tls


class Destination(Protocol):
    """Stores objects, as `dicomweb.DicomWeb` and `peer.Peer` do."""

    def send(self, result: Dataset) -> None:
        """Store an object.

        Raises:
            RefusedError: It is not wanted.
            ServerError: It cannot be stored now.
        """


def destination(address: str, caller: str, tls: Tls | None = None) -> Destination:
    """What an address leads to: `https://…` to DICOMweb, `TITLE@host:port` to a DICOM node.

    Args:
        address: The address.
        caller: The application entity title that a DICOM node is called by.
        tls: The certificates with which a DICOM node is called; None for no encryption.

    Raises:
        UsageError: It is no such address.
    """
    if "://" in address:
        from sharp_cli.pacs.dicomweb import DicomWeb  # noqa: PLC0415 - only what is used is loaded

        return DicomWeb(address, retries=0)
    from sharp_cli.pacs.peer import peer  # noqa: PLC0415

    return peer(address, caller, tls)
