"""A node that scores what it is sent, and sends the results on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.batch.lock import locked
from sharp_cli.fileio.output import make_folder
from sharp_cli.pacs.forward import forwarding
from sharp_cli.pacs.node import listening
from sharp_cli.pacs.spool import QueueError, Spool
from sharp_cli.results.dicom.files import to_bytes

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydicom import Dataset

    from sharp_cli.pacs.destination import Destination

_EVERY: Final = 0.5  # s, from one look for complete studies to the next
_PAUSE: Final = 30.0  # s, after the disk was full


@dataclass(frozen=True, slots=True)
class Scored:
    """What a study gave.

    Attributes:
        results: The objects; none if it failed.
        problems: Why an image or a study of it gave none, and what may be wrong with the others.
    """

    results: Sequence[Dataset]
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Service:
    """How a node works.

    Attributes:
        port: Where it listens.
        title: Its application entity title.
        callers: The titles of those that may send.
        queue: Folder in which everything is kept until it is done.
        quiet: Seconds without a new image after which a study is complete.
        destination: Where results are sent.
        score: Scores the images in a folder, which is called by their study's identifier; a
            KeyboardInterrupt must leave it.
        report: Called with what happens.
    """

    port: int
    title: str
    callers: Sequence[str]
    queue: Path
    quiet: float
    destination: Destination
    score: Callable[[Path], Scored]
    report: Callable[[str], None]

    def run(self) -> None:
        """Work until a KeyboardInterrupt.

        Raises:
            UsageError: Another process works with the queue.
            OutputError: The queue or the port cannot be used.
        """
        make_folder(self.queue)
        with locked(self.queue):
            spool = Spool(self.queue)
            with (
                forwarding(spool, self.destination, self.report) as news,
                listening(self.port, self.title, self.callers, spool, self.report),
            ):
                self.report(f"{self.title} listens at port {self.port}")
                while True:
                    self._step(spool, news)

    def _step(self, spool: Spool, news: threading.Event) -> None:
        """Score a study that is complete, or wait a moment."""
        try:
            study = spool.claim(self.quiet)
            if study is None:
                time.sleep(_EVERY)
                return
            self._score(spool, study)
            news.set()
        except QueueError as error:
            self.report(f"{error}; tried again in {_PAUSE:.0f} s")
            time.sleep(_PAUSE)

    def _score(self, spool: Spool, study: Path) -> None:
        try:
            content, problems = self._results(study)
            for problem in problems:
                self.report(problem)
            if content:
                spool.finish(study, content)
                self.report(f"{study.name}: scored, objects: {len(content)}")
            else:
                spool.fail(study, "\n".join(problems))
                self.report(f"{study.name}: failed")
        except (KeyboardInterrupt, QueueError):
            spool.release(study)
            raise

    def _results(self, study: Path) -> tuple[dict[str, bytes], Sequence[str]]:
        """The files of a study's objects by their identifiers, and what went wrong."""
        try:
            scored = self.score(study)
            return {
                str(one.SOPInstanceUID): to_bytes(one) for one in scored.results
            }, scored.problems
        except Exception as error:  # noqa: BLE001 - no study must end the node
            # The type only: a library's message may quote what the file says of a patient.
            return {}, [f"{study}: unexpected {type(error).__name__}; please report this"]
