"""`sharp score --out`: study by study into a folder, unattended."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from sharp_cli.batch.ledger import Ledger, opened
from sharp_cli.cli.terminal import exit_code, say, tell
from sharp_cli.results.assemble import assemble, with_results
from sharp_cli.results.document import Document, ModelRow
from sharp_cli.results.layout import FAILURES
from sharp_cli.results.run import Run
from sharp_cli.scoring import pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sharp_cli.batch.engine import Engine
    from sharp_cli.cli.results import Outputs
    from sharp_cli.core.records import Precision
    from sharp_cli.scoring.loading import Models
    from sharp_cli.scoring.plan import Plan

_EVERY: Final = 60.0
"""Seconds between two lines of progress where no terminal shows it."""

_RATED: Final = 600.0
"""Seconds of which the rate is shown: files differ in size."""


def settings(
    files: Sequence[str],
    manifest: str | None,
    scoring: pipeline.Scoring,
    device: str,
    precision: Precision,
) -> dict[str, Any]:
    """What decides the results beside the models: a run goes on only with the same.

    The hash tells apart folders that are called the same from where they are seen, without
    naming those above them.
    """
    places = "\0".join(map(os.path.realpath, files)).encode(errors="surrogateescape")
    return {
        "files": list(files),
        "files_sha256": hashlib.sha256(places).hexdigest(),
        "manifest": manifest,
        "manifest_sha256": hashlib.sha256(Path(manifest).read_bytes()).hexdigest()
        if manifest
        else None,
        "model": scoring.model,
        "threshold": scoring.threshold,
        "strict": scoring.strict,
        "device": device,
        "precision": precision,
    }


@dataclass(slots=True)
class Archive:
    """A folder of results, and how to fill it.

    Attributes:
        folder: The folder.
        settings: See `settings`.
        models: With what it is filled.
        scoring: How to score with them.
        engine: What does it.
        run: Notes what fails.
    """

    folder: Path
    settings: Mapping[str, Any]
    models: Models
    scoring: pipeline.Scoring
    engine: Engine
    run: Run
    _told: int = 0

    def score(self, work: Plan, outputs: Outputs) -> int:
        """Score what is not done yet, write whatever else was asked for, give the exit code.

        Raises:
            UsageError: The folder holds something else, or another process works there.
            OutputError: Something cannot be written.
        """
        models = {str(one.kind): ModelRow(one.name, one.sha256) for one in self.models.bundles}
        self.run.failures += work.failures
        self._tell(())
        with opened(self.folder, self.settings, models) as ledger:
            self._fill(ledger, work)
            failed = len({failure.file for failure in self.run.failures})
            start = assemble((), work.warnings, self.run.failures)
            start = with_results(start, {}, self.scoring.model, self.scoring.threshold)
            start = self.models.named_in(start)
            if outputs.asked:
                outputs.deliver(pipeline.joined(start, ledger.documents()), self.run)
                self._tell(())
            studies = len(ledger.studies)
        tell(start, Run(interrupted=self.run.interrupted))
        where = f"; {failed} files failed, see {self.folder / FAILURES}" if failed else ""
        say("done", f"{studies} studies in {self.folder}{where}")
        return exit_code(self.run)

    def _fill(self, ledger: Ledger, work: Plan) -> None:
        counts = {"files": len(work.files), "other_files": work.others}
        left = ledger.left(work)
        if ledger.studies:
            say("note", f"studies done before: {len(ledger.studies)}, left: {len(left)}")
        ledger.close(self.run.failures, counts, finished=False)
        files = sum(len(group.files) for group in left)
        with (
            _progress(files) as self.run.on_progress,
            self.run.interruptible(),
            closing(self.engine.score(left, ledger.todo(work), work.names, self.run)) as finished,
        ):
            for group, studies, made in finished:
                self.run.failures += made.failures
                with self.run.guard(*group.files):
                    if made.studies:
                        ledger.add(group, made.studies)
                self._tell(studies)
                ledger.update(self.run.failures, counts)
        ledger.close(self.run.failures, counts, finished=not self.run.interrupted)

    def _tell(self, studies: Sequence[Document]) -> None:
        """Print the warnings of some studies, and what failed since the last ones."""
        for study in studies:
            for warning in study.warnings:
                say("warning", f"{warning.file}: {warning.message}")
        for failure in self.run.failures[self._told :]:
            say("error", failure.reason)
        self._told = len(self.run.failures)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show how far the run is: on a terminal's stderr in one place, else in a line now and then.

    What it gives is to be told of each file that work begins on.
    """
    if not sys.stderr.isatty():
        yield _Lines(total).tell
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=_RATED) as progress:
        task = progress.add_task("", total=total)
        begun = 0

        def update(file: str) -> None:
            nonlocal begun
            progress.update(task, completed=begun, description=file)
            begun += 1

        yield update


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{60 * task.speed:.1f} a minute" if task.speed else "")


class _Lines:
    """Prints a line of progress now and then."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = -1
        self.start = self.last = time.monotonic()

    def tell(self, _: str) -> None:
        """Count a file that work begins on."""
        self.begun += 1
        now = time.monotonic()
        if now - self.last < _EVERY or not self.begun:
            return
        self.last = now
        a_minute = 60 * self.begun / (now - self.start)
        minutes = round((self.total - self.begun) / a_minute)
        left = f"{minutes // 60} h {minutes % 60} min left"
        say("note", f"{self.begun} of {self.total} files, {a_minute:.1f} a minute, {left}")
