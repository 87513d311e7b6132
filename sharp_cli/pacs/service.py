"""A node that scores what it is sent, and sends the results on."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.batch.lock import locked
from sharp_cli.fileio.output import make_folder
from sharp_cli.pacs.ending import ending
from sharp_cli.pacs.forward import forwarding
from sharp_cli.pacs.health import Health, answering
from sharp_cli.pacs.node import listening
from sharp_cli.pacs.spool import QueueError, Spool
from sharp_cli.results.dicom.files import to_bytes

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydicom import Dataset

    from sharp_cli.pacs.destination import Destination
    from sharp_cli.pacs.node import Endpoint

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
        endpoint: Where it listens, and to whom.
        health_port: Where monitors ask for its health, at the same address; None for nowhere.
        queue: Folder in which everything is kept until it is done.
        quiet: Seconds without a new image after which a study is complete.
        destination: Where results are sent.
        score: Scores the images in a folder, which is called by their study's identifier; a
            KeyboardInterrupt must leave it.
        report: Called with what happens.
    """

    endpoint: Endpoint
    health_port: int | None
    queue: Path
    quiet: float
    destination: Destination
    score: Callable[[Path], Scored]
    report: Callable[[str], None]

    def run(self) -> None:
        """Work until SIGTERM or Ctrl-C, and end within seconds of it.

        Raises:
            UsageError: Another process works with the queue.
            OutputError: The queue or the port cannot be used.
        """
        make_folder(self.queue)
        with locked(self.queue):
            spool, health = Spool(self.queue), Health()
            with ExitStack() as stack:
                stack.enter_context(ending(spool.release))
                if self.health_port is not None:
                    stack.enter_context(
                        answering(self.endpoint.address, self.health_port, health, spool)
                    )
                news = stack.enter_context(forwarding(spool, self.destination, health, self.report))
                stack.enter_context(listening(self.endpoint, spool, health, self.report))
                self.report(f"{self.endpoint} listens")
                with suppress(KeyboardInterrupt):
                    while True:
                        self._step(spool, health, news)

    def _step(self, spool: Spool, health: Health, news: threading.Event) -> None:
        """Score a study that is complete, or wait a moment."""
        try:
            study = spool.claim(self.quiet)
            if study is None:
                time.sleep(_EVERY)
                return
            with health.scoring():
                self._score(spool, study)
            health.works("queue")
            news.set()
        except QueueError as error:
            health.fails("queue")
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
            spool.release()
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
