"""Small DICOM files and hand-like pictures for tests."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, BasicTextSRStorage, ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CR = "1.2.840.10008.5.1.4.1.1.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def hand(height: int = 96, width: int = 80) -> NDArray[np.float64]:
    """A picture like a hand: bright bars on a mid-grey palm with fingers, on dark air, 0…1."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    pixels = 0.08 + 0.02 * y
    palm = (np.hypot((y - 0.72) / 0.3, (x - 0.5) / 0.28) < 1) | ((y > 0.9) & (abs(x - 0.5) < 0.15))
    soft = palm.copy()
    bones = (y > 0.8) & ((abs(x - 0.45) < 0.03) | (abs(x - 0.56) < 0.03))
    for centre in (0.3, 0.43, 0.56, 0.69):
        soft |= (abs(x - centre) < 0.05) & (y > 0.12) & (y < 0.7)
        bones |= (abs(x - centre) < 0.02) & (y > 0.15) & (y < 0.78) & (abs(y - 0.45) > 0.015)
    pixels = np.where(soft, 0.4 + 0.05 * np.sin(9 * x), pixels)
    pixels = np.where(bones, 0.75 + 0.1 * np.cos(17 * y), pixels)
    return np.asarray(pixels, dtype=np.float64)


def stored(bits: int = 12, *, signed: bool = False) -> NDArray[Any]:
    """The hand as stored values that use all bits."""
    values = np.rint(hand() * (2**bits - 1)).astype(np.int64)
    if signed:
        values -= 2 ** (bits - 1)
    kind = "int" if signed else "uint"
    return np.asarray(values, dtype=f"{kind}{8 if bits <= 8 else 16}")


def dataset(pixels: NDArray[Any], bits: int = 12, **tags: Any) -> FileDataset:
    """A computed radiograph, uncompressed, with `tags` over the usual ones (None: without)."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.MediaStorageSOPClassUID = tags.get("SOPClassUID", CR)
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    colours = 1 if pixels.ndim == 2 else 3
    usual = {
        "SOPClassUID": CR,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "Modality": "CR",
        "PatientID": "SECRET-ID",
        "PatientName": "Secret^Name",
        "StudyInstanceUID": "1.2.3",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": colours,
        "PhotometricInterpretation": "MONOCHROME2" if colours == 1 else "RGB",
        "BitsAllocated": 8 * pixels.itemsize,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if colours == 3:
        usual["PlanarConfiguration"] = 0
    for keyword, value in (usual | tags).items():
        if value is not None:
            setattr(made, keyword, value)
    made.PixelData = pixels.tobytes()
    made["PixelData"].VR = "OW" if pixels.itemsize == 2 else "OB"
    return made


def report(study: str) -> Dataset:
    """A report that says nothing but which study it is about."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = BasicTextSRStorage
    made.SOPInstanceUID = generate_uid(entropy_srcs=[study, "report"])
    made.StudyInstanceUID = study
    made.SeriesInstanceUID = generate_uid(entropy_srcs=[study, "reports"])
    made.PatientID = "SECRET-ID"
    made.Modality = "SR"
    return made


def table(first: int, entries: list[int], bits: int) -> Dataset:
    """An item of a look-up table sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries) % 65536, first, bits])
    item.add_new("LUTData", "OW", np.array(entries, dtype="<u2").tobytes())
    return item


def as_jpeg(made: FileDataset, syntax: str, quality: int = 95) -> FileDataset:
    """8-bit pixels as a JPEG baseline stream (which is a stream of JPEG extended, too)."""
    image = made.pixel_array
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    made.PixelData = encapsulate([buffer.getvalue()])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = UID(syntax)
    if image.ndim == 3:
        made.PhotometricInterpretation = "YBR_FULL_422"
    return made


def change_syntax(path: Path, kind: int) -> None:
    """Write a file anew in one of gdcm's transfer syntaxes."""
    import gdcm  # noqa: PLC0415 - must not be loaded before zlib

    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(kind))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
