"""`sharp report`: results as pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log, log_form
from sharp_cli.core.errors import ExitCode, InputError, UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.document import Document
    from sharp_cli.results.html.sources import Results
    from sharp_cli.results.html.truth import Truth
    from sharp_cli.results.locate import Radiographs

_SUFFIX: Final = ".html"

EXAMPLES: Final = """\
# a study
sharp score hands.dcm --json result.json
sharp report result.json --out report.html
# a folder of studies, beside the labels of a reader
sharp report results --out pages --truth labels.csv
# on another machine
sharp report results --out pages --images radiographs
# a reading session that hides the order of visits
sharp report results --out session --blind-order
"""

Out = Annotated[
    Path,
    typer.Option(
        "-o",
        "--out",
        metavar="FILE.html|DIR",
        show_default=False,
        help="A page for one study; or a folder, for index.html and one folder per study.",
    ),
]
TruthFile = Annotated[
    Path | None,
    typer.Option(
        "--truth",
        metavar="LABELS",
        exists=True,
        dir_okay=False,
        help="Compare with these labels, a table as for sharp train classifier.",
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Show which parts of each patch the answer depends on (Grad-CAM); needs torch, which "
        "sharp-cli[gpu] installs.",
    ),
]
FindingsBundle = Annotated[
    str | None,
    typer.Option(
        "--models", metavar="BUNDLE", help="For --explain: the classifiers that made the results."
    ),
]
Images = Annotated[
    Path | None,
    typer.Option(
        "--images",
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Where the radiographs are now, in whatever folders; without it their paths are "
        "followed, from the results and the folders above them.",
    ),
]
Embed = Annotated[
    bool,
    typer.Option(
        "--embed/--link",
        help="Put pictures into the page; or beside it, in a folder, with all pixels of the "
        "radiographs.",
    ),
]
BlindOrder = Annotated[
    bool,
    typer.Option(
        "--blind-order",
        help="For a reading session: shuffle the visits of each patient, and hide dates and names "
        "of files and studies.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, report, EXAMPLES)


def report(
    results: options.ResultDocuments,
    *,
    out: Out,
    images: Images = None,
    truth: TruthFile = None,
    embed: Embed = True,
    blind_order: BlindOrder = False,
    explain: Explain = False,
    mask_annotations: options.MaskAnnotations = False,
    models: FindingsBundle = None,
) -> ExitCode:
    """Show results as web pages on which readers can correct them.

    A page shows the radiograph with the box of every joint, each joint beside that of the other
    hand, and a table. The visits of one patient, whom a manifest gave a date each, share a page and
    stand side by side. A page is a single file that needs no network and no other program. The
    radiographs are read again; without them no page is written. What readers say is saved as a
    table of labels, which sharp train classifier reads. What was scored with
    --mask-annotations is shown so here, too.
    """
    from sharp_cli.results.html.index_page import index_page, ways_from
    from sharp_cli.results.html.sources import read_results
    from sharp_cli.results.html.truth import NO_TRUTH, read_truth
    from sharp_cli.results.html.visits import by_page
    from sharp_cli.results.locate import Radiographs

    if models and not explain:
        message = f"--models {models}: only --explain needs models; give both, or neither"
        raise UsageError(message)
    found = read_results(results)
    if mask_annotations:
        hidden = {key: replace(one, mask_annotations=True) for key, one in found.studies.items()}
        found = replace(found, studies=hidden)
    pages = by_page(found.studies, blind=blind_order)
    single = out.suffix.lower() == _SUFFIX and not out.is_dir()
    if single and len(pages) > 1:
        message = f"--out {out}: one page, and there are {len(pages)} studies; name a "
        raise UsageError(message + "folder")
    log_form(truth)
    drawing = _Drawing(
        found,
        Radiographs(images),
        read_truth(truth, found.studies.values()) if truth else NO_TRUTH,
        _load_saliency(found.studies, models) if explain else None,
        embed=embed,
        blind=blind_order,
    )
    files = {name: out if single else out / name / f"report{_SUFFIX}" for name in pages}
    for place in (*files.values(), *([] if single else [out / "index.html"])):
        output.prepare(place)
    problems: dict[str, str] = {}
    with progress(len(pages)) as on_progress:
        for name, studies in pages.items():
            on_progress(name)
            try:
                drawing.write(
                    name, studies, files[name], {} if single else ways_from(name, [*pages])
                )
            except InputError as error:
                log("error", str(error))
                problems[name] = str(error)
    if len(problems) == len(pages):
        return ExitCode.FAILED_INPUT
    first = out
    if not single:
        first = out / "index.html"
        output.write(first, index_page(found, pages, problems, blind=blind_order))
    log("done", f"open {first} in a browser")
    return ExitCode.FAILED_INPUT if problems else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What all pages are made of."""

    results: Results
    radiographs: Radiographs
    truth: Truth
    saliency: Saliency | None
    embed: bool
    blind: bool

    def write(self, name: str, studies: Sequence[str], file: Path, ways: Mapping[str, str]) -> None:
        """Write the page of some studies, which leads to others."""
        from sharp_cli.results.html.explanations import explain
        from sharp_cli.results.html.links import EMBEDDED, Linked
        from sharp_cli.results.html.pictures import draw
        from sharp_cli.results.html.study_page import Visit, study_page

        shown = {}
        for key in studies:
            read = partial(self.radiographs.read, results=self.results.folders[key])
            shown[key] = draw(self.results.studies[key], read, whole=not self.embed)
        by_name = {
            self.results.studies[key].inputs[0].manifest_study: pictures
            for key, pictures in shown.items()
        }
        visits = []
        for key, pictures in shown.items():
            study = self.results.studies[key]
            earlier = study.inputs[0].earlier_study
            before = by_name.get(earlier) if earlier else None
            explained = explain(study, pictures, self.saliency, before) if self.saliency else None
            visits.append(Visit(study, pictures, explained))
        linked = Linked(file)
        place = EMBEDDED if self.embed else linked
        content = study_page(name, visits, self.truth, place, ways=ways, blind=self.blind)
        for picture, jpeg in linked.files.items():
            output.write(picture, jpeg)
        output.write(file, content)


def _load_saliency(studies: Mapping[str, Document], models: str | None) -> Saliency:
    """Load the bundle that made the results."""
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.html.explanations import require_maker

    bundle = open_bundle("findings", models)
    require_maker(studies, bundle)
    return Saliency(bundle)
