"""An archive that is reached over the DICOM protocol (C-STORE)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE

from sharp_cli.core.errors import UsageError
from sharp_cli.pacs.errors import RefusedError, ServerError, refused
from sharp_cli.pacs.objects import decompressed, describe

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association

    from sharp_cli.pacs.tls import Tls

_ADDRESS: Final = re.compile(r"([\x21-\x5b\x5d-\x7e]{1,16})@([^@:\s]+):(\d{1,5})", re.ASCII)
"""Application entity title (DICOM PS3.5 section 6.2), host, port."""

_TIMEOUT: Final = 30.0  # s, to connect and of each answer
_PORTS: Final = range(1, 1 << 16)
_PLAIN: Final = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
"""Transfer syntaxes of which any archive takes one; pynetdicom turns one into the other."""

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
        tls: The certificates with which it is called; None for no encryption.
    """

    title: str
    host: str
    port: int
    caller: str
    tls: Tls | None = None

    def send(self, result: Dataset) -> None:
        """Store an object, decompressed if the node does not take it as it is.

        Raises:
            RefusedError: The node does not want it.
            ServerError: It cannot be stored now.
        """
        syntax = result.file_meta.TransferSyntaxUID
        entity = AE(self.caller)
        entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = _TIMEOUT
        if syntax not in _PLAIN:
            entity.add_requested_context(result.SOPClassUID, syntax)
        entity.add_requested_context(result.SOPClassUID, [*_PLAIN])
        association = entity.associate(
            self.host,
            self.port,
            ae_title=self.title,
            tls_args=(self.tls.as_client(), self.host) if self.tls else None,
        )
        if not association.is_established:
            raise self._closed(association, result)
        try:
            taken = {context.transfer_syntax[0] for context in association.accepted_contexts}
            if syntax not in _PLAIN and syntax not in taken:
                result = decompressed(result)
            status = association.send_c_store(result).get("Status")
        finally:
            association.release()
        if status not in _STORED:
            raise refused(result, str(self), status)

    def __str__(self) -> str:
        """Its address."""
        return f"{self.title}@{self.host}:{self.port}"

    def _closed(self, association: Association, result: Dataset) -> ServerError:
        """Why there is no association."""
        if association.rejected_contexts:
            message = (
                f"{describe(result)}: {self} takes no such objects, in "
                f"{' or '.join(one.name for one in _PLAIN)} neither; see its settings"
            )
            return RefusedError(message)
        encryption = ", takes no TLS or not these certificates" if self.tls else ""
        message = (
            f"{describe(result)}: {self} cannot be reached{encryption}, or refuses {self.caller}; "
            "check its address and that it knows this node"
        )
        return ServerError(message)


def peer(address: str, caller: str, tls: Tls | None = None) -> Peer:
    """The node at an address like `TITLE@host:port`; for the others see `Peer`.

    Raises:
        UsageError: It is none.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match[3]) not in _PORTS:
        message = f"{address}: no address of an archive; give https://… or TITLE@host:port"
        raise UsageError(message)
    return Peer(match[1], match[2], int(match[3]), caller, tls)
