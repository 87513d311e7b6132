"""The overlay of each film of a study as a DICOM secondary capture.

Not a presentation state: every viewer shows a picture, of grey films and of coloured ones, and the
notice cannot be hidden. The boxes as coordinates are in the report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from highdicom.sc import SCImage
from highdicom.sr import CodedConcept
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import JPEGLSLossless

from sharp_cli.core.about import NOTICE
from sharp_cli.results import overlay
from sharp_cli.results.dicom import origin

if TYPE_CHECKING:
    from sharp_cli.results.dicom.origin import Origin
    from sharp_cli.results.document import Document, InputRow

_SERIES: Final = 9902
"""As `report` has it."""


def make_overlays(study: Document) -> list[Dataset]:
    """A secondary capture for each film of one study, in the order of its inputs.

    Args:
        study: The document of one study; its films are read anew.

    Returns:
        8-bit colour, losslessly compressed, the panels of `sharp_cli.results.overlay`.

    Raises:
        InputError: A film cannot be had in DICOM, see `origin.read`, or is not what it was.
    """
    known = origin.read(study)
    return [_capture(study, row, number, known) for number, row in enumerate(study.inputs, 1)]


def _capture(study: Document, row: InputRow, number: int, known: Origin) -> Dataset:
    reference = known.references[row.file]
    made = SCImage.from_ref_dataset(
        reference,
        np.asarray(overlay.draw(study, row)),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        transfer_syntax_uid=JPEGLSLossless,
        **known.identity("overlay", _SERIES, number),
    )
    # highdicom wants an orientation, and the film need not tell one; each may be of another side.
    made.PatientOrientation = []
    made.Laterality = ""
    made.DerivationDescription = "Boxes and labels of joints drawn on the film"
    if not study.validated_on_patients:
        made.ImageComments = NOTICE
    made.SourceImageSequence = [_source(reference)]
    known.join(made)
    return made


def _source(reference: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.SOPClassUID
    item.ReferencedSOPInstanceUID = reference.SOPInstanceUID
    purpose = codes.DCM.SourceImageForImageProcessingOperation
    item.PurposeOfReferenceCodeSequence = [CodedConcept.from_code(purpose)]
    return item
