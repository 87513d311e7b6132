"""The page of one study."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sharp_cli.core.about import NOTICE, __version__
from sharp_cli.core.joints import GRADES
from sharp_cli.results.document import counts
from sharp_cli.results.formats import to_json
from sharp_cli.results.html.rendering import render
from sharp_cli.results.sens import sens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.results.document import Document, JointRow
    from sharp_cli.results.html.explanations import Explanations
    from sharp_cli.results.html.pictures import Pictures
    from sharp_cli.results.html.truth import Truth


def study_page(
    name: str,
    study: Document,
    pictures: Sequence[Pictures],
    truth: Truth,
    explanations: Explanations | None = None,
) -> bytes:
    """The page of a study as HTML.

    Args:
        name: The study's.
        study: The study.
        pictures: Of each of its inputs, see `pictures.draw`.
        truth: Labels to compare with.
        explanations: Of its answers; None if they are not requested.
    """
    # A picture that two findings share is in the page once.
    drawn = {
        (row.file, *key): jpeg
        for row, shown in zip(study.inputs, pictures, strict=True)
        for key, jpeg in shown.patches.items()
    }
    patches = {jpeg: number for number, jpeg in enumerate(dict.fromkeys(drawn.values()))}
    files = [row.file for row in study.inputs]
    joints = []
    for row in study.joints:
        jpeg = drawn.get((row.file, row.hand, row.finding, row.joint))
        shown = {
            "film": files.index(row.file),
            "threshold": study.threshold_of(row),
            "patch": None if jpeg is None else patches[jpeg],
            "maps": (explanations or {}).get((row.hand, row.finding, row.joint)),
        }
        joints.append(_joint(row, truth) | shown)
    data = {
        # By this a browser recognises the corrections of these results that it stored.
        "id": hashlib.sha256(to_json(study)).hexdigest(),
        "study": name,
        "patient": study.inputs[0].patient,
        "date": study.inputs[0].date,
        "notice": None if study.validated_on_patients else NOTICE,
        "version": __version__,
        "model": study.model,
        "threshold": study.threshold,
        "prevalence": study.prevalence,
        "bundles": [{"kind": kind} | asdict(row) for kind, row in study.models.items()],
        "films": [
            {
                "file": row.file,
                "image": truth.image(row.file),
                "width": row.width,
                "height": row.height,
                "aspect": row.pixel_aspect,
                "picture": None if shown.radiograph is None else _url(shown.radiograph),
                "problem": shown.problem,
            }
            for row, shown in zip(study.inputs, pictures, strict=True)
        ],
        "joints": joints,
        "explained": explanations is not None,
        "patches": [_url(jpeg) for jpeg in patches],
        "counts": [asdict(row) for row in counts(study)],
        "sens": [asdict(row) for row in sens(study)],
        "warnings": [asdict(row) for row in study.warnings],
        "grades": {finding: list(grades) for finding, grades in GRADES.items()},
    }
    return render("study", name, data)


def _joint(row: JointRow, truth: Truth) -> dict[str, Any]:
    said = truth.of(row)
    known = None
    if said is not None:
        known = {"label": "non-intact" if said.damaged else "intact", "grade": said.grade}
    shown = asdict(row)
    del shown["study"], shown["file"]
    return shown | {"truth": known}


def _url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
