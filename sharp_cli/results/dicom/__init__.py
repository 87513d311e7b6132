"""Results as DICOM objects of the radiographs' own study: a report, and overlays.

Nothing here talks to an archive.
"""

# Loads Pillow before highdicom loads pydicom; see there.
import sharp_cli.radiograph  # noqa: F401
