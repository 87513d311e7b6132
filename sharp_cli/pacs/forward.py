"""Sending results on, for as long as it takes."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pydicom import dcmread

from sharp_cli.pacs.errors import RefusedError, ServerError
from sharp_cli.pacs.spool import QueueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sharp_cli.pacs.destination import Destination
    from sharp_cli.pacs.health import Health
    from sharp_cli.pacs.spool import Spool

_SHORTEST: Final = 1.0
_LONGEST: Final = 60.0
"""Seconds from one try to the next: twice as long each time, while it fails."""


_PATIENCE: Final = 1.0  # s


@contextmanager
def forwarding(
    spool: Spool, destination: Destination, health: Health, report: Callable[[str], None]
) -> Iterator[threading.Event]:
    """Send what the queue holds and will hold, in a thread of its own, while the context lasts.

    Args:
        spool: The queue.
        destination: Where to.
        health: Is told whether that takes them.
        report: Called with what becomes of it.

    Yields:
        What is to be set once there is something new to send.
    """
    sender = _Sender(spool, destination, health, report)
    thread = threading.Thread(target=sender.run, daemon=True)
    thread.start()
    try:
        yield sender.news
    finally:
        sender.ended.set()
        sender.news.set()
        # What is being sent is in the queue still, so there is no need to wait for it.
        thread.join(_PATIENCE)


class _Sender:
    def __init__(
        self,
        spool: Spool,
        destination: Destination,
        health: Health,
        report: Callable[[str], None],
    ) -> None:
        self.spool = spool
        self.destination = destination
        self.health = health
        self.report = report
        self.news = threading.Event()
        self.ended = threading.Event()

    def run(self) -> None:
        pause = _SHORTEST
        while not self.ended.is_set():
            failed = self._send_all()
            if failed:
                self.health.fails("archive")
                self.report(f"{failed}; tried again in {pause:.0f} s")
                self.ended.wait(pause)
                pause = min(2 * pause, _LONGEST)
            else:
                self.health.works("archive")
                self.news.wait()
                self.news.clear()
                pause = _SHORTEST

    def _send_all(self) -> str:
        """Send what there is until one cannot be sent; the reason, or nothing."""
        try:
            for path in self.spool.outgoing():
                if self.ended.is_set():
                    break
                self._send(path)
        except (ServerError, QueueError) as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - nothing must end this thread
            return f"unexpected {type(error).__name__}; please report this"
        return ""

    def _send(self, path: Path) -> None:
        try:
            self.destination.send(dcmread(path))
        except RefusedError as error:
            self.report(f"{error}; it is in failed")
            self.spool.refuse(path, str(error))
        except Exception:
            self.spool.postpone(path)
            raise
        else:
            self.spool.sent(path)
            self.report(f"{path.stem}: stored")
