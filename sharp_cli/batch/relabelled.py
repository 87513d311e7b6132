"""A folder of results with other labels: what `sharp score --out` writes, from stored results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sharp_cli.batch.result_store import opened
from sharp_cli.batch.worker import overlay_names, study_files
from sharp_cli.results import overlay

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sharp_cli.results.document import Document
    from sharp_cli.results.html.sources import Results
    from sharp_cli.results.locate import Radiographs
    from sharp_cli.results.run import Run


def write_relabelled(
    folder: Path,
    results: Results,
    settings: Mapping[str, Any],
    radiographs: Radiographs,
    run: Run,
) -> int:
    """Write results as a folder.

    Args:
        folder: A new one, or one that was made with the same settings.
        results: All made with the same models, and where they were before.
        settings: What their labels were decided by, as JSON can hold it.
        radiographs: Finds what overlays are drawn on.
        run: Notes the radiographs that are not found; their studies are left out.

    Returns:
        How many studies the folder holds.

    Raises:
        UsageError: The folder holds something else, or another process works there.
        OutputError: It cannot be written.
    """
    studies = results.studies.values()
    with opened(folder, settings, next(iter(studies)).models) as store:
        for name, study in results.studies.items():
            with run.guard(*(row.file for row in study.inputs)):
                pictures = _overlays(study, results.folders[name], radiographs, run)
                store.journal.add((), {name: study_files(study, pictures)})
        if any(row.day for study in studies for row in study.inputs):
            store.write_changes()
        counts = {"files": sum(len(study.inputs) for study in studies)}
        store.close([*results.failures, *run.failures], counts, finished=True)
        return len(store.journal.studies)


def _overlays(
    study: Document, folder: Path, radiographs: Radiographs, run: Run
) -> dict[str, bytes]:
    """The overlays of a study, whose results were in a folder."""
    names = overlay_names([row.file for row in study.inputs])
    found = {}
    for row, name in zip(study.inputs, names, strict=True):
        run.on_progress(row.file)
        grey = overlay.to_grey(radiographs.read(row, folder).pixels)
        found[name] = overlay.to_png(overlay.draw(study, row, grey))
    return found
