"""`python -m tests.pacs.bare_node PORT HEALTH_PORT FOLDER`: a node without models.

A report of each study lands in FOLDER/archive. The study that SHARP_TEST_ENDLESS names is never
done.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.cli.terminal import log
from sharp_cli.pacs.callers import Caller, parse_address
from sharp_cli.pacs.node import Endpoint
from sharp_cli.pacs.service import Scored, Service
from sharp_cli.results.dicom.files import to_bytes
from tests.dicom_files import report

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True)
class Shelf:
    """An archive that is a folder."""

    folder: Path

    def send(self, result: Dataset) -> None:
        with (self.folder / str(result.StudyInstanceUID)).open("ab") as file:
            file.write(to_bytes(result))


def score(folder: Path) -> Scored:
    if folder.name == os.environ.get("SHARP_TEST_ENDLESS"):
        # Of the kind that no signal interrupts: in C, for an hour.
        hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
    return Scored([report(folder.name)], [])


if __name__ == "__main__":
    port, health_port, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    shelf = folder / "archive"
    shelf.mkdir(exist_ok=True)
    Service(
        Endpoint(parse_address("127.0.0.1"), port, "SHARP", [Caller("SENDER")]),
        health_port,
        folder / "queue",
        0.2,
        Shelf(shelf),
        score,
        lambda text: log("note", text),
    ).run()
