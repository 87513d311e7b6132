"""What was found, as documents, tables, pictures, pages and DICOM objects.

Nothing is computed from pixels or models here.
"""
