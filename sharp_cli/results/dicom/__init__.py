"""Results as DICOM objects, which go back to the archive beside the films they are about."""

# Loads Pillow before highdicom loads pydicom; see there.
import sharp_cli.radiograph  # noqa: F401
