"""Certificates of an authority of one's own, for this machine."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from sharp_cli.pacs.tls import Tls

if TYPE_CHECKING:
    from pathlib import Path


def made_in(folder: Path) -> Tls:
    """A certificate for 127.0.0.1, its key and its authority; skips the test without openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("no certificates: openssl is not installed")
    folder.mkdir()
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n", encoding="ascii")
    for command in (
        ("req", "-x509", *new, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"),
        ("req", *new, "-subj", "/CN=node", "-keyout", "node.key", "-out", "node.csr"),
        (
            "x509",
            "-req",
            "-in",
            "node.csr",
            *authority,
            "-extfile",
            "extensions",
            "-out",
            "node.pem",
        ),
    ):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return Tls(folder / "node.pem", folder / "node.key", folder / "ca.pem")
