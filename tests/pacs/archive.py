"""A real archive, Orthanc, on this machine."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import requests

PLUGIN: Final = "libOrthancDicomWeb.so*"
_PLACES: Final = (
    "/usr/lib/orthanc",
    "/usr/share/orthanc/plugins",
    "/usr/local/share/orthanc/plugins",
)
USER, PASSWORD = "reader", "secret-word"


def program() -> str | None:
    """Orthanc, which Debian installs where not every user's PATH leads."""
    return shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


def plugin() -> Path | None:
    """Its plugin for DICOMweb."""
    return next((found for place in _PLACES for found in Path(place).glob(PLUGIN)), None)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Orthanc:
    """An archive that can be stopped and started again."""

    folder: Path
    web_port: int = field(default_factory=free_port)
    dicom_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def url(self) -> str:
        return f"{self.root}/dicom-web"

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        configuration = {
            "StorageDirectory": str(self.folder / "db"),
            "IndexDirectory": str(self.folder / "db"),
            "HttpPort": self.web_port,
            "DicomPort": self.dicom_port,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "RegisteredUsers": {USER: PASSWORD},
            "AuthenticationEnabled": True,
            "Plugins": [str(plugin())],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            "DicomAlwaysAllowStore": True,
            "StorageCompression": False,
        }
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(configuration), encoding="utf-8")
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen([str(program()), str(path)], stdout=log, stderr=log)
        end = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def ask(self, path: str) -> Any:
        answer = requests.get(self.root + path, auth=(USER, PASSWORD), timeout=10)
        answer.raise_for_status()
        return answer.json() if "json" in answer.headers["Content-Type"] else answer.content

    def put(self, content: bytes) -> None:
        """Store an object, past all that is tested."""
        answer = requests.post(f"{self.root}/instances", content, auth=(USER, PASSWORD), timeout=10)
        answer.raise_for_status()

    def objects(self) -> list[dict[str, str]]:
        """Modality, study and identifier of each object."""
        wanted = ("Modality", "StudyInstanceUID", "SOPInstanceUID")
        found = []
        for name in self.ask("/instances"):
            tags = self.ask(f"/instances/{name}/simplified-tags")
            found.append({tag: tags[tag] for tag in wanted})
        return found

    def _answers(self) -> bool:
        try:
            self.ask("/system")
        except requests.ConnectionError:
            return False
        return True
