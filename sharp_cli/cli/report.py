"""`sharp report`: results as pages."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli.terminal import guarded, progress, say
from sharp_cli.core.errors import UsageError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.document import Document

_SUFFIX: Final = ".html"

Sources = Annotated[
    list[Path],
    typer.Argument(
        metavar="RESULTS",
        exists=True,
        help="JSON that sharp score wrote with --json, or a folder of it, as --out writes it.",
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        show_default=False,
        help="FILE.html, for one study; or a folder, for index.html and a folder a study.",
    ),
]
TruthFile = Annotated[
    Path | None,
    typer.Option(
        "--truth",
        metavar="LABELS",
        exists=True,
        dir_okay=False,
        help="Compare with a table of labels, as sharp train classifier reads it.",
    ),
]
Explain = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Show where each answer came from (Grad-CAM); needs torch, as sharp-cli[gpu] has it.",
    ),
]
FindingsBundle = Annotated[
    str | None,
    typer.Option(
        "--models", metavar="BUNDLE", help="The classification models that made the results."
    ),
]


@guarded
def report(
    results: Sources,
    *,
    out: Out,
    truth: TruthFile = None,
    explain: Explain = False,
    models: FindingsBundle = None,
) -> int:
    """Show results as pages for a browser, on which a reader can correct them.

    A page shows the radiograph with every joint's box, each joint beside the other hand's, and a
    table. It needs nothing but its file: no network, no program. The radiographs are read anew
    from where sharp score found them. What the reader says is saved as a table of labels, which
    sharp train classifier reads.
    """
    from sharp_cli.results import overlays
    from sharp_cli.results.html import explanations, index, page, pictures, sources
    from sharp_cli.results.html.truth import NO_TRUTH, read_truth

    if models and not explain:
        message = f"--models {models}: only --explain needs models; give both, or neither"
        raise UsageError(message)
    found = sources.read_results(results)
    single = out.suffix.lower() == _SUFFIX and not out.is_dir()
    if single and len(found.studies) > 1:
        message = f"--out {out}: one page, and there are {len(found.studies)} studies; name a "
        raise UsageError(message + "folder")
    known = read_truth(truth, found.studies.values()) if truth else NO_TRUTH
    saliency = _load(found.studies, models) if explain else None
    pages = {name: f"{name}/report{_SUFFIX}" for name in found.studies}
    for place in (out,) if single else (out / "index.html", *map(out.joinpath, pages.values())):
        output.prepare(place)
    problems: dict[str, int] = {}
    with progress(len(found.studies)) as tell:
        for name, study in found.studies.items():
            tell(name)
            shown = pictures.draw(study, overlays.reread)
            explained = explanations.explain(study, shown, saliency) if saliency else None
            content = page.study_page(name, study, shown, known, explained)
            output.write(out if single else out / pages[name], content)
            unread = [one.problem for one in shown if one.problem]
            for problem in unread:
                say("error", problem)
            problems[name] = len(unread)
    if not single:
        output.write(out / "index.html", index.index_page(found, pages, problems))
    say("done", f"open {out if single else out / 'index.html'} in a browser")
    return int(any(problems.values()))


def _load(studies: Mapping[str, Document], models: str | None) -> Saliency:
    """What explains results: the bundle that made them."""
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.html.explanations import require_maker

    bundle = open_bundle("findings", models)
    require_maker(studies, bundle)
    return Saliency(bundle)
