"""`sharp score --out`: study by study into a folder, unattended."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sharp_cli.batch.moved import moved_study
from sharp_cli.batch.result_store import ResultStore, opened
from sharp_cli.batch.resume import moved_from, read_contents, remaining
from sharp_cli.cli.progress import rated_progress
from sharp_cli.cli.terminal import count, log, log_problems, log_warnings
from sharp_cli.core.errors import DocumentError
from sharp_cli.fileio.tables import list_places
from sharp_cli.results.assemble import with_studies
from sharp_cli.results.document import Document, ModelRow
from sharp_cli.results.layout import FAILURES
from sharp_cli.results.run import Run
from sharp_cli.scoring.joints import ANATOMY_ALONE
from sharp_cli.scoring.score import start_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sharp_cli.batch.engine import Engine
    from sharp_cli.cli.outputs import Outputs
    from sharp_cli.core.errors import ExitCode
    from sharp_cli.execution.questions import Asker
    from sharp_cli.fileio.tables import Table
    from sharp_cli.scoring.groups import Group
    from sharp_cli.scoring.not_assessable import NotAssessable
    from sharp_cli.scoring.plan import Plan
    from sharp_cli.scoring.stages import Scoring


def settings(
    files: Sequence[str],
    manifest: Table | None,
    scoring: Scoring,
    device: str,
) -> dict[str, Any]:
    """The settings that decide the results beside the models: only with the same is a run resumed.

    The hash distinguishes folders of the same name in different places, without naming those above
    them.
    """
    places = "\0".join(map(os.path.realpath, files)).encode(errors="surrogateescape")
    return {
        "files": list(files),
        "files_sha256": hashlib.sha256(places).hexdigest(),
        "manifest": manifest and manifest.name,
        "manifest_sha256": manifest and hashlib.sha256(manifest.content).hexdigest(),
        "model": scoring.model,
        "threshold": scoring.threshold,
        "prevalence": scoring.prevalence
        and ", ".join(f"{'/'.join(head)} {one:g}" for head, one in scoring.prevalence.items()),
        "strict": scoring.strict,
        "missing": scoring.missing,
        "not_assessable": _checksum(scoring.not_assessable),
        "mask_annotations": scoring.mask_annotations,
        "trusted": ", ".join(one.kind for one in scoring.bundles if one.validated_on_patients)
        or None,
        "device": device,
        "precision": scoring.precision,
    }


def _checksum(left_out: NotAssessable) -> str | None:
    """That of the joints that are left out; None for none."""
    if not left_out.joints:
        return None
    return hashlib.sha256(repr(sorted(left_out.joints)).encode()).hexdigest()


@dataclass(slots=True)
class ResultsFolder:
    """A folder of results, and how to fill it.

    Attributes:
        folder: The folder.
        settings: See `settings`.
        scoring: How to score.
        engine: What scores the studies.
        run: Notes what fails.
        asker: Asks about radiographs.
    """

    folder: Path
    settings: Mapping[str, Any]
    scoring: Scoring
    engine: Engine
    run: Run
    asker: Asker
    _logged: int = 0
    _said: set[str] = field(default_factory=set)

    def score(self, work: Plan, outputs: Outputs) -> ExitCode:
        """Score what is not done yet, write further outputs, give the exit code.

        Raises:
            UsageError: The folder holds something else, or another process works there.
            OutputError: Something cannot be written.
        """
        models = {str(one.kind): ModelRow(one.name, one.sha256) for one in self.scoring.bundles}
        self.run.failures += work.failures
        self._log(())
        with opened(self.folder, self.settings, models) as store:
            self._fill(store, work)
            failed = len({failure.file for failure in self.run.failures})
            start = start_document(work, self.scoring, self.run)
            if not self.run.interrupted and any(group.day for group in work.groups):
                store.write_changes()
            if outputs.requested:
                outputs.deliver(with_studies(start, store.documents()), self.run)
                self._log(())
            studies = len(store.journal.studies)
            scored = sum(map(store.journal.has, work.files))
        log_problems(start, Run())
        where = f"; {count(failed, 'file')} failed, see {self.folder / FAILURES}" if failed else ""
        if self.run.interrupted:
            of = f"{scored} of {count(len(work.files), 'file')} scored"
            log("stopped", f"{of}, in {self.folder}{where}; the same command goes on")
        else:
            log("done", f"{count(studies, 'study')} in {self.folder}{where}")
        return self.run.exit_code

    def _fill(self, store: ResultStore, work: Plan) -> None:
        counts = {"files": len(work.files), "other_files": work.others, "skipped_files": 0}
        left = self._left(store, work)
        store.close(self.run.failures, counts, finished=False)
        total = sum(len(group.files) for group in left)
        with (
            rated_progress(total) as self.run.on_progress,
            self.run.interruptible(),
            closing(self.engine.score(left, self.run)) as finished,
        ):
            for group, studies, files in finished:
                self.run.failures += files.failures
                with self.run.guard(*group.files):
                    held = [row.sha256 for study in studies for row in study.inputs]
                    store.journal.add(group.files, files.studies, held)
                counts["skipped_files"] += len(self._skipped(group, studies))
                self._log(studies)
                store.update(self.run.failures, counts)
        store.close(self.run.failures, counts, finished=not self.run.interrupted)

    def _left(self, store: ResultStore, work: Plan) -> list[Group]:
        """The groups to score; what was only moved gets its new paths and names."""
        journal = store.journal
        if journal.removed:
            named = list_places(journal.removed)
            log("warning", f"{named}: not whole, as a power cut leaves studies; done again")
        if not journal.studies:
            return list(work.groups)
        contents = read_contents(work.groups, journal, self.asker)
        before, left, moved = len(journal.studies), [], 0
        anew: set[tuple[str, ...]] = set()
        for group in remaining(work.groups, journal, contents):
            source = moved_from(group, journal, contents)
            if source is None or (group.before is not None and group.before.files in anew):
                left.append(group)
                anew.add(group.files)
                continue
            paths = {contents[file]: file for file in group.files}
            try:
                files = moved_study(self.folder / source, group.name, paths)
            except (DocumentError, OSError):  # somebody has changed it: it is done again
                left.append(group)
                continue
            journal.add(group.files, {group.name: files}, paths)
            moved += 1
        also = f", moved since: {moved}" if moved else ""
        log("note", f"studies done before: {before}{also}, left: {len(left)}")
        return left

    def _skipped(self, group: Group, studies: Sequence[Document]) -> list[str]:
        """The files of a group that have neither a result nor failed: no hand beside hands."""
        known = {failure.file for failure in self.run.failures[self._logged :]}
        known |= {row.file for study in studies for row in study.inputs}
        return [file for file in group.files if file not in known]

    def _log(self, studies: Sequence[Document]) -> None:
        """Print the warnings of some studies, and what failed since the last ones."""
        for study in studies:
            log_warnings([row for row in study.warnings if row.message not in self._said])
            self._said |= {row.message for row in study.warnings} & {ANATOMY_ALONE}
        for failure in self.run.failures[self._logged :]:
            log("error", failure.reason)
        self._logged = len(self.run.failures)
