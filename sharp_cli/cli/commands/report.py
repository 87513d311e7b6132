"""`sharp report`: results as pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log, log_form
from sharp_cli.core.errors import ExitCode, UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.document import Document

_SUFFIX: Final = ".html"

EXAMPLES: Final = """\
# a study
sharp score hands.dcm --json result.json
sharp report result.json --out report.html
# a folder of studies, beside the labels of a reader
sharp report results --out pages --truth labels.csv
"""

Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="RESULTS",
        exists=True,
        help="JSON of sharp score --json, or a folder of it, such as that of --out.",
    ),
]
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


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, report, EXAMPLES)


def report(
    results: Sources,
    *,
    out: Out,
    truth: TruthFile = None,
    explain: Explain = False,
    models: FindingsBundle = None,
) -> ExitCode:
    """Show results as web pages on which a reader can correct them.

    A page shows the radiograph with the box of every joint, each joint beside that of the other
    hand, and a table. It is a single file that needs no network and no other program. The
    radiographs are read again from the paths in the results. A reader's corrections are saved as a
    table of labels, which sharp train classifier reads.
    """
    from sharp_cli.results.html import explanations, pictures, sources
    from sharp_cli.results.html.index_page import index_page
    from sharp_cli.results.html.study_page import study_page
    from sharp_cli.results.html.truth import NO_TRUTH, read_truth
    from sharp_cli.results.inputs import reread

    if models and not explain:
        message = f"--models {models}: only --explain needs models; give both, or neither"
        raise UsageError(message)
    found = sources.read_results(results)
    single = out.suffix.lower() == _SUFFIX and not out.is_dir()
    if single and len(found.studies) > 1:
        message = f"--out {out}: one page, and there are {len(found.studies)} studies; name a "
        raise UsageError(message + "folder")
    log_form(truth)
    known = read_truth(truth, found.studies.values()) if truth else NO_TRUTH
    saliency = _load_saliency(found.studies, models) if explain else None
    pages = {name: f"{name}/report{_SUFFIX}" for name in found.studies}
    for place in (out,) if single else (out / "index.html", *map(out.joinpath, pages.values())):
        output.prepare(place)
    problems: dict[str, int] = {}
    with progress(len(found.studies)) as on_progress:
        for name, study in found.studies.items():
            on_progress(name)
            shown = pictures.draw(study, reread)
            explained = explanations.explain(study, shown, saliency) if saliency else None
            content = study_page(name, study, shown, known, explained)
            output.write(out if single else out / pages[name], content)
            unread = [one.problem for one in shown if one.problem]
            for problem in unread:
                log("error", problem)
            problems[name] = len(unread)
    if not single:
        output.write(out / "index.html", index_page(found, pages, problems))
    log("done", f"open {out if single else out / 'index.html'} in a browser")
    return ExitCode.FAILED_INPUT if any(problems.values()) else ExitCode.DONE


def _load_saliency(studies: Mapping[str, Document], models: str | None) -> Saliency:
    """Load the bundle that made the results."""
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.html.explanations import require_maker

    bundle = open_bundle("findings", models)
    require_maker(studies, bundle)
    return Saliency(bundle)
