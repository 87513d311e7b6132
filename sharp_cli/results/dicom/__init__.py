"""Results as DICOM objects: a structured report, and overlays as secondary captures.

They join the study of the radiographs that they are derived from.
"""

# Loads Pillow before highdicom loads pydicom; see there.
import sharp_cli.radiograph  # noqa: F401
