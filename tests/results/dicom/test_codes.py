"""Codes: each joint has one, and no two the same."""

from __future__ import annotations

from highdicom.sr import CodedConcept

from sharp_cli.core.joints import POINTS
from sharp_cli.results.dicom.codes import SITES


def test_every_joint_has_a_code_of_its_own() -> None:
    assert set(SITES) == set(POINTS)
    assert len(set(SITES.values())) == len(POINTS)


def test_the_codes_are_of_the_length_that_dicom_allows() -> None:
    for code in (code for site in SITES.values() for code in site if code is not None):
        CodedConcept.from_code(code)
