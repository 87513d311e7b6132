"""Films as DICOM objects, and who sends them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from pydicom import dcmread
from pydicom.uid import UID, generate_uid
from pynetdicom import AE

from sharp_cli.core.template import TEMPLATE
from sharp_cli.results.dicom.files import to_bytes
from tests.dicom_files import dataset
from tests.fakes import HEIGHT, WIDTH, frame

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset


def film(name: str, seed: int = 0, **tags: Any) -> FileDataset:
    """A film with bones where the stand-ins for the stages find the right hand's.

    Args:
        name: What its identifiers follow from.
        seed: Of the brightness of its bones.
        tags: Others than the usual.
    """
    rng = np.random.default_rng(seed)
    pixels = np.full((HEIGHT, WIDTH), 250, np.uint16)
    for x, y in frame("right")(TEMPLATE):
        cv2.circle(pixels, (round(x), round(y)), 18, int(rng.integers(1250, 4000)), -1)
    study = generate_uid(entropy_srcs=[name])
    made = dataset(
        pixels,
        StudyInstanceUID=study,
        SeriesInstanceUID=f"{study[:60]}.1",
        SOPInstanceUID=f"{study[:60]}.1.1",
        StudyDate="20200102",
        **tags,
    )
    made.file_meta.MediaStorageSOPInstanceUID = UID(made.SOPInstanceUID)
    return dcmread(io.BytesIO(to_bytes(made)))


def send(
    port: int, *objects: FileDataset, caller: str = "SENDER", called: str = "SHARP"
) -> list[int | None]:
    """Send objects over one association; the status of each, None where there was no answer."""
    entity = AE(caller)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
    for one in objects:
        entity.add_requested_context(one.SOPClassUID, one.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        return [None] * len(objects)
    statuses = [association.send_c_store(one).get("Status") for one in objects]
    association.release()
    return statuses


def is_listening(port: int) -> bool:
    """Whether the node answers an echo."""
    entity = AE("SENDER")
    entity.connection_timeout = 1
    entity.add_requested_context("1.2.840.10008.1.1")
    association = entity.associate("127.0.0.1", port, ae_title="SHARP")
    answers = association.is_established and association.send_c_echo().get("Status") == 0
    association.release()
    return bool(answers)
