"""What is fuzzed: each target reads bytes as Sharp reads a file of the kind."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from sharp_cli import radiograph
from sharp_cli.bundles.store import BUNDLE_FILE, open_bundle
from sharp_cli.bundles.transfer.archives import members, pack
from sharp_cli.core.errors import SharpError
from sharp_cli.datasets.annotations import csv_file
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.labels import read_labels
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.radiograph.headers import read_header
from sharp_cli.results.formats import from_csv, from_json, to_csv, to_json, to_summary
from sharp_cli.scoring.manifest import read_manifest
from tests.datasets.annotations import pictures
from tests.dicom_files import dataset, stored
from tests.fakes import paint, score_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

SEEDS: Final = Path(__file__).parent / "seeds"
"""What was found once and mended, in a folder for each target."""


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of file.

    Attributes:
        read: Reads one, given its content and a folder of the target's own.
        write: Writes what `read` needs beside it into that folder, and gives files that are as they
            should be, from which others are made.
    """

    read: Callable[[bytes, Path], object]
    write: Callable[[Path], Iterable[bytes]]

    def check(self, content: bytes, folder: Path) -> None:
        """Read a file; that it is refused is as good as that it is read.

        Raises:
            Exception: Any that is not meant for users: a finding.
        """
        try:
            self.read(content, folder)
        except SharpError as error:
            str(error).encode(errors="surrogateescape")


def found_before(name: str) -> list[bytes]:
    """The kept findings of a target."""
    return [path.read_bytes() for path in sorted((SEEDS / name).glob("*"))]


def _radiograph(suffix: str) -> Callable[[bytes, Path], object]:
    def read(content: bytes, folder: Path) -> None:
        path = folder / f"input{suffix}"
        path.write_bytes(content)
        read_header(str(path))
        found = radiograph.read(path)
        assert found.pixels.dtype == np.float32  # noqa: S101 - a finding
        assert np.isfinite(found.pixels).all()  # noqa: S101

    return read


def _dicom_files(_: Path) -> Iterable[bytes]:
    for bits, signed in ((12, False), (8, False), (16, True)):
        yield _saved(dataset(stored(bits, signed=signed), bits))
    for syntax in (RLELossless, JPEG2000Lossless, JPEGLSLossless):
        packed = dataset(stored())
        packed.compress(syntax)
        yield _saved(packed)
    deflated = dataset(stored())
    deflated.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    yield _saved(deflated)


def _saved(tags: object) -> bytes:
    file = io.BytesIO()
    tags.save_as(file, enforce_file_format=True)  # type: ignore[attr-defined]
    return file.getvalue()


def _rasters(_: Path) -> Iterable[bytes]:
    grey = stored(8)
    deep = (grey.astype(np.uint16) << 8) + 7
    for pixels, kinds in (
        (grey, ("PNG", "JPEG", "TIFF", "BMP")),
        (np.stack([grey] * 3, axis=-1), ("PNG", "JPEG", "TIFF")),
        (deep, ("PNG", "TIFF")),
        (deep.astype(np.float32), ("TIFF",)),
    ):
        for kind in kinds:
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, kind)
            yield file.getvalue()
    file = io.BytesIO()
    Image.fromarray(deep).save(file, "TIFF", compression="tiff_lzw")
    yield file.getvalue()


def _table(read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    def work(content: bytes, folder: Path) -> None:
        path = folder / "input.csv"
        path.write_bytes(content)
        read(path)

    return work


def _manifests(_: Path) -> Iterable[bytes]:
    yield b"study,patient,hand,path\nS,P,left,a.png\nS,P,right,b.png\n"
    yield b'study,patient,hand,path,date\n"S,1",P,,c.dcm,2020-01-01\n'


def _label_tables(_: Path) -> Iterable[bytes]:
    yield b"image,hand,finding,joint,patient,study,label\na.png,left,erosion,MCP1,p,s,intact\n"
    yield b"image,hand,finding,joint,patient,study,score\na.png,left,jsn,MCP2,p,s,3\n"


def _position_tables(_: Path) -> Iterable[bytes]:
    yield pictures.table(("a_L.png", "left", pictures.points())).encode()


def _documents(folder: Path) -> Iterable[bytes]:
    for name in ("odd_L.png", "gap_R.png"):  # small, so that many are read
        yield to_json(score_files(paint(folder / name)))


def _read_document(content: bytes, _: Path) -> None:
    document = from_json(content, "input.json")
    assert from_json(to_json(document), "again") == document  # noqa: S101 - a finding
    from_csv(to_csv(document), "again")
    to_summary(document)


def _result_tables(folder: Path) -> Iterable[bytes]:
    return [to_csv(score_files(paint(folder / name))) for name in ("two.png", "odd_L.png")]


def _bundles(folder: Path) -> Iterable[bytes]:
    from tests import tiny_findings  # noqa: PLC0415 - it loads torch, which takes many seconds

    tiny_findings.write(folder / "bundle")
    return [(folder / "bundle" / BUNDLE_FILE).read_bytes()]


def _read_bundle(content: bytes, folder: Path) -> None:
    (folder / "bundle" / BUNDLE_FILE).write_bytes(content)
    read_weights(open_bundle("findings", folder / "bundle"))


def _archives(_: Path) -> Iterable[bytes]:
    files = {BUNDLE_FILE: b"{}", "weights.safetensors": b"weights"}
    return [pack(files, name) for name in ("x.zip", "x.tar.gz")]


def _read_archive(content: bytes, _: Path) -> None:
    for read in members(content, "input").values():
        read()


def _coco_files(folder: Path) -> Iterable[bytes]:
    pictures.paint(folder, pictures.IMAGE)
    hand = (pictures.IMAGE, pictures.points(), {"hand": "left"})
    return [json.dumps(pictures.coco(hand)).encode()]


def _read_coco(content: bytes, folder: Path) -> None:
    (folder / "hands.json").write_bytes(content)
    read_checked(folder / "hands.json", folder)


def _project(folder: Path) -> bytes:
    pictures.paint(folder, pictures.IMAGE)
    text = pictures.labels({pictures.IMAGE: {"left": pictures.points()}}, multi=True)
    pictures.write_project(folder, text)
    return text.encode()


def _read_project(part: str) -> Callable[[bytes, Path], object]:
    def read(content: bytes, folder: Path) -> None:
        (folder / part).write_bytes(content)
        read_checked(folder, folder)

    return read


def _configurations(folder: Path) -> Iterable[bytes]:
    _project(folder)
    return [(folder / "config.yaml").read_bytes()]


TARGETS: Final[Mapping[str, Target]] = {
    "dicom": Target(_radiograph(".dcm"), _dicom_files),
    "raster": Target(_radiograph(".png"), _rasters),
    "manifest": Target(_table(read_manifest), _manifests),
    "labels": Target(_table(read_labels), _label_tables),
    "positions": Target(_table(csv_file.read_annotations), _position_tables),
    "result-json": Target(_read_document, _documents),
    "result-csv": Target(lambda content, _: from_csv(content, "input.csv"), _result_tables),
    "bundle": Target(_read_bundle, _bundles),
    "archive": Target(_read_archive, _archives),
    "coco": Target(_read_coco, _coco_files),
    "deeplabcut-labels": Target(
        _read_project("labeled-data/clinic/CollectedData_alice.csv"),
        lambda folder: [_project(folder)],
    ),
    "deeplabcut-config": Target(_read_project("config.yaml"), _configurations),
}
