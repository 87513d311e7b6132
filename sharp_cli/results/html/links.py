"""How pages refer to their pictures: inside them, or as files beside them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path


class Place(Protocol):
    """Where the pictures of a page go.

    Attributes:
        source: The same for the page's Content-Security-Policy.
    """

    @property
    def source(self) -> str: ...  # noqa: D102

    def url(self, jpeg: bytes) -> str:
        """The address of a picture on the page."""
        ...


class _Embedded:
    """In the page itself."""

    source = "data:"

    def url(self, jpeg: bytes) -> str:
        """A data URL."""
        return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


EMBEDDED: Final[Place] = _Embedded()


@dataclass(frozen=True, slots=True)
class Linked:
    """In a folder beside the page, named as browsers do that save one.

    Attributes:
        page: The file of the page.
        files: The pictures so far by their files.
    """

    page: Path
    files: dict[Path, bytes] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """Where the page is from."""
        return "'self'"

    def url(self, jpeg: bytes) -> str:
        """A relative URL."""
        name = f"{len(self.files) + 1}.jpg"
        folder = self.page.with_name(f"{self.page.stem}_files")
        self.files[folder / name] = jpeg
        return quote(f"{folder.name}/{name}", errors="surrogateescape")
