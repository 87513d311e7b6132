"""What is burned in beside the hands is not shown where that is asked for."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from sharp_cli import radiograph
from sharp_cli.inference.crop import crop
from sharp_cli.results import overlay
from sharp_cli.results.assemble import points_of
from sharp_cli.results.formats import from_json, to_json
from sharp_cli.results.html import pictures
from sharp_cli.results.inputs import reread
from sharp_cli.results.masking import masked
from tests.fakes import paint, score_files

if TYPE_CHECKING:
    from sharp_cli.results.document import Document


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """Both hands, and white lines in a corner as if of a name."""
    file = paint(tmp_path_factory.mktemp("named") / "two.png")
    pixels = np.array(Image.open(file))
    pixels[496:516:2, 2:40] = pixels.max()
    Image.fromarray(pixels).save(file)
    return replace(score_files(file, model="siso"), mask_annotations=True)


def test_it_is_black_beside_the_hands_and_the_same_in_them(study: Document) -> None:
    (row,) = study.inputs
    pixels = radiograph.read(row.file).pixels
    shown = masked(pixels, study, row)
    assert pixels[490:, :42].max() == 1
    assert shown[490:, :42].max() == 0
    assert pixels is masked(pixels, replace(study, mask_annotations=False), row)
    blank = replace(radiograph.read(row.file), pixels=shown)
    for hand in study.hands:
        points = points_of(study, hand)
        cut = zip(
            crop(radiograph.read(row.file), hand.record, points),
            crop(blank, hand.record, points),
            strict=True,
        )
        assert all(np.array_equal(one.pixels, other.pixels) for one, other in cut)


def test_no_picture_shows_it(study: Document) -> None:
    (row,) = study.inputs
    clear = replace(study, mask_annotations=False)
    plain, hidden = (np.asarray(overlay.draw(one, row)) for one in (clear, study))
    given = overlay.draw(study, row, overlay.to_grey(reread(row).pixels))
    assert np.array_equal(hidden, np.asarray(given))
    assert (plain > hidden).any()
    assert not (plain < hidden).any()
    (page,) = pictures.draw(study, reread)
    (before,) = pictures.draw(clear, reread)
    assert page.radiograph is not None
    assert before.radiograph is not None
    corner, there = (
        np.array(Image.open(io.BytesIO(one)))[490:, :42]
        for one in (page.radiograph, before.radiograph)
    )
    assert there.max() > 200
    assert corner.max() < 20
    assert page.patches == before.patches


def test_the_document_keeps_it(study: Document) -> None:
    assert from_json(to_json(study), "x").mask_annotations
    assert study.split()["two"].mask_annotations
    older = to_json(study).replace(b'  "mask_annotations": true,\n', b"")
    assert not from_json(older, "x").mask_annotations
