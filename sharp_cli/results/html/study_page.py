"""The page of one study, or of the visits of one patient."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sharp_cli.core.about import NOTICE, __version__
from sharp_cli.core.joints import GRADES
from sharp_cli.results.changes import changes
from sharp_cli.results.console import MISSING
from sharp_cli.results.document import counts
from sharp_cli.results.html.links import EMBEDDED
from sharp_cli.results.html.rendering import render
from sharp_cli.results.html.truth import NO_TRUTH
from sharp_cli.results.sens import sens
from sharp_cli.results.totals import totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.results.document import Document, JointRow
    from sharp_cli.results.html.explanations import Explanations
    from sharp_cli.results.html.links import Place
    from sharp_cli.results.html.pictures import Pictures
    from sharp_cli.results.html.truth import Truth


@dataclass(frozen=True, slots=True)
class Visit:
    """A study as a page shows it.

    Attributes:
        study: The study.
        pictures: Of each of its inputs, see `pictures.draw`.
        explanations: Of its answers; None if they are not requested.
    """

    study: Document
    pictures: Sequence[Pictures]
    explanations: Explanations | None = None


def study_page(
    name: str,
    visits: Sequence[Visit],
    truth: Truth = NO_TRUTH,
    place: Place = EMBEDDED,
    *,
    ways: Mapping[str, str] | None = None,
    blind: bool = False,
) -> bytes:
    """The page as HTML.

    Args:
        name: What it is called: the study's name, or that of the patient of several.
        visits: At least one study.
        truth: Labels to compare with.
        place: Where its pictures go.
        ways: Addresses of other pages, by what they are called.
        blind: Show no dates and no names of files and studies, unless the reader asks for them.
    """
    # A picture that two findings share is in the page once.
    jpegs = dict.fromkeys(
        jpeg for visit in visits for shown in visit.pictures for jpeg in shown.patches.values()
    )
    patches = {jpeg: number for number, jpeg in enumerate(jpegs)}
    validated = all(visit.study.validated_on_patients for visit in visits)
    data = {
        "name": name,
        "notice": None if validated else NOTICE,
        "version": __version__,
        "blind": blind,
        "ways": [*(ways or {}).items()],
        "visits": [_visit(visit, truth, place, patches) for visit in visits],
        "explained": any(visit.explanations is not None for visit in visits),
        "patches": [place.url(jpeg) for jpeg in patches],
        "changes": [asdict(row) for row in changes(visit.study for visit in visits)],
        "grades": {finding: list(grades) for finding, grades in GRADES.items()},
    }
    return render("study", name, data, place.source)


def _visit(
    visit: Visit, truth: Truth, place: Place, patches: Mapping[bytes, int]
) -> dict[str, Any]:
    """What a page holds of a visit; `patches` are the numbers of its pictures of joints."""
    study = visit.study
    drawn = {
        (row.file, *key): jpeg
        for row, shown in zip(study.inputs, visit.pictures, strict=True)
        for key, jpeg in shown.patches.items()
    }
    files = [row.file for row in study.inputs]
    joints = []
    for row in study.joints:
        jpeg = drawn.get((row.file, row.hand, row.finding, row.joint))
        shown = {
            "film": files.index(row.file),
            "threshold": study.threshold_of(row),
            "patch": None if jpeg is None else patches[jpeg],
            "maps": (visit.explanations or {}).get((row.hand, row.finding, row.joint)),
        }
        joints.append(_joint(row, truth) | shown)
    return {
        "study": study.inputs[0].study,
        "patient": study.inputs[0].patient,
        "date": study.inputs[0].date,
        "day": study.inputs[0].day,
        "model": study.model,
        "threshold": study.threshold,
        "prevalence": study.prevalence,
        "bundles": [{"kind": kind} | asdict(row) for kind, row in study.models.items()],
        "films": [
            {
                "file": row.file,
                "image": truth.image(row.file),
                # By this a browser recognises what readers said of it.
                "sha256": row.sha256,
                "width": row.width,
                "height": row.height,
                "aspect": row.pixel_aspect,
                "picture": place.url(shown.radiograph),
            }
            for row, shown in zip(study.inputs, visit.pictures, strict=True)
        ],
        "joints": joints,
        "counts": [asdict(row) for row in counts(study)],
        "sens": [asdict(row) for row in sens(study)],
        "totals": [asdict(row) for row in totals(study)],
        "missing": MISSING[study.missing],
        "warnings": [asdict(row) for row in study.warnings],
    }


def _joint(row: JointRow, truth: Truth) -> dict[str, Any]:
    said = truth.of(row)
    known = None
    if said is not None:
        known = {"label": "non-intact" if said.damaged else "intact", "grade": said.grade}
    shown = asdict(row)
    del shown["study"], shown["file"]
    return shown | {"truth": known}
