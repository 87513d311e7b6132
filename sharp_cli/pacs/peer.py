"""An archive that is reached over the DICOM protocol (C-STORE)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pynetdicom import AE

from sharp_cli.core.errors import UsageError
from sharp_cli.pacs.errors import RefusedError, ServerError, refused

if TYPE_CHECKING:
    from pydicom import Dataset

_ADDRESS: Final = re.compile(r"([\x21-\x5b\x5d-\x7e]{1,16})@([^@:\s]+):(\d{1,5})", re.ASCII)
"""Application entity title (DICOM PS3.5 section 6.2), host, port."""

_TIMEOUT: Final = 30.0  # s, to connect and of each answer
_PORTS: Final = range(1, 1 << 16)
_STORED: Final = (0x0000, 0xB000, 0xB006, 0xB007)
"""Success, and the warnings of DICOM PS3.4 table B.2-1, with which an object is stored as well."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A node that objects are sent to.

    Attributes:
        title: Its application entity title.
        host: Its name or address.
        port: Its port.
        caller: The title that it knows this node by.
    """

    title: str
    host: str
    port: int
    caller: str

    def send(self, result: Dataset) -> None:
        """Store an object.

        Raises:
            RefusedError: The node does not want it.
            ServerError: It cannot be stored now.
        """
        name = str(result.SOPInstanceUID)
        where = f"{self.title}@{self.host}:{self.port}"
        entity = AE(self.caller)
        entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = _TIMEOUT
        entity.add_requested_context(result.SOPClassUID, result.file_meta.TransferSyntaxUID)
        association = entity.associate(self.host, self.port, ae_title=self.title)
        if not association.is_established:
            if association.rejected_contexts:
                message = f"{name}: {where} does not take its kind ({result.SOPClassUID.name})"
                raise RefusedError(message)
            message = f"{name}: {where} cannot be reached, or refuses {self.caller}"
            raise ServerError(message)
        try:
            status = association.send_c_store(result).get("Status")
        finally:
            association.release()
        if status not in _STORED:
            raise refused(name, status)


def peer(address: str, caller: str) -> Peer:
    """The node at an address like `TITLE@host:port`.

    Raises:
        UsageError: It is none.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match[3]) not in _PORTS:
        message = f"{address}: no address of an archive; give https://… or TITLE@host:port"
        raise UsageError(message)
    return Peer(match[1], match[2], int(match[3]), caller)
