"""DICOM archives (PACS): fetching studies, receiving them as a node, and storing results.

Nothing here knows how a study is scored, and nothing logs what identifies a patient.
"""
