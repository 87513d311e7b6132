"""The radiographs of a document, read again for what needs their pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli import radiograph
from sharp_cli.core.errors import DocumentError

if TYPE_CHECKING:
    from sharp_cli.core.records import Radiograph
    from sharp_cli.results.document import InputRow


def reread(row: InputRow) -> Radiograph:
    """Read the radiograph of a row again.

    Raises:
        InputError: It is no longer there, or is another one.
    """
    picture = radiograph.read(row.file)
    require_same(row, picture.sha256)
    return picture


def require_same(row: InputRow, sha256: str) -> None:
    """Check that a file is the radiograph of a row, given its hash.

    Raises:
        DocumentError: It is another one.
    """
    if sha256 != row.sha256:
        message = (
            f"{row.file}: not the radiograph that was scored, it was replaced since; score it "
            "again, or put back the one that was scored"
        )
        raise DocumentError(message)
