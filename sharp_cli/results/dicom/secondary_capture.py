"""The overlay of each radiograph of a study as a DICOM secondary capture.

Not a presentation state: every viewer shows an image, in grey or colour, and its notice cannot be
hidden. The report has the boxes as coordinates.
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
from sharp_cli.results.dicom.files import as_they_are

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.results.dicom.source_study import SourceStudy
    from sharp_cli.results.document import Document, InputRow

_SERIES: Final = 9902
"""As `report` has it."""


def make_overlays(study: Document, source: SourceStudy) -> list[Dataset]:
    """A secondary capture for each radiograph of one study, in the order of its inputs.

    Args:
        study: The document of one study; its radiographs are read again.
        source: The same radiographs, see `read_source`.

    Returns:
        8-bit colour, losslessly compressed, the panels of `sharp_cli.results.overlay`.

    Raises:
        InputError: A radiograph is no longer there, or was replaced.
    """
    return [_capture(study, row, number, source) for number, row in enumerate(study.inputs, 1)]


def _capture(study: Document, row: InputRow, number: int, source: SourceStudy) -> Dataset:
    drawn = np.asarray(overlay.draw(study, row))
    with as_they_are():
        return _secondary_capture(study, drawn, number, source, source.references[row.file])


def _secondary_capture(
    study: Document,
    drawn: NDArray[np.uint8],
    number: int,
    source: SourceStudy,
    reference: Dataset,
) -> Dataset:
    made = SCImage.from_ref_dataset(
        reference,
        drawn,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        transfer_syntax_uid=JPEGLSLossless,
        **source.identity("overlay", _SERIES, number),
    )
    # highdicom requires an orientation, which a radiograph need not have.
    made.PatientOrientation = []
    made.Laterality = ""
    made.DerivationDescription = "Boxes and labels of joints drawn on the radiograph"
    if not study.validated_on_patients:
        made.ImageComments = NOTICE
    made.SourceImageSequence = [_source(reference)]
    source.join(made)
    return made


def _source(reference: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.SOPClassUID
    item.ReferencedSOPInstanceUID = reference.SOPInstanceUID
    purpose = codes.DCM.SourceImageForImageProcessingOperation
    item.PurposeOfReferenceCodeSequence = [CodedConcept.from_code(purpose)]
    return item
