"""DICOM over TLS, where both sides prove who they are (DICOM PS3.15 annex B)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharp_cli.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM format.

    Attributes:
        certificate: This node's, with those between it and its authority.
        key: Its key, without a password.
        authority: Certificates of the authorities that the other side's must come from.
    """

    certificate: Path
    key: Path
    authority: Path

    def as_server(self) -> ssl.SSLContext:
        """For those who call: they must have a certificate.

        Raises:
            UsageError: A file cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        return self._loaded(context)

    def as_client(self) -> ssl.SSLContext:
        """For calls: the certificate of who is called must name its host.

        Raises:
            UsageError: A file cannot be used.
        """
        return self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # BCP 195, as PS3.15 B.12 asks for
        for path in (self.certificate, self.key, self.authority):
            if not path.is_file():
                message = f"{path}: no such file; give certificates and key in PEM format"
                raise UsageError(message)
        try:
            # An empty password lets a key that has one fail, and not ask for it.
            context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError) as error:
            message = (
                f"{self.certificate} and {self.key}: cannot be used ({_reason(error)}); give a "
                "certificate and its own key in PEM format, without a password"
            )
            raise UsageError(message) from error
        try:
            context.load_verify_locations(self.authority)
        except (OSError, ValueError) as error:
            message = f"{self.authority}: cannot be used ({_reason(error)}); give PEM certificates"
            raise UsageError(message) from error
        return context


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
