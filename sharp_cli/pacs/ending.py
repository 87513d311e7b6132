"""The end of a process within seconds, whatever its threads are at."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS: Final = 4.0
"""From the signal to the end, less than the 10 s that init systems and containers wait."""

_LAST: Final = 0.5  # s


@contextmanager
def ending(last: Callable[[], None]) -> Iterator[None]:
    """Let SIGTERM interrupt the main thread as Ctrl-C does, and neither wait for ever.

    Python acts on a signal once its main thread is back from C: an image that takes minutes to
    decode, or a network that hangs, would keep the process. After `SECONDS` it ends regardless,
    with exit code 0. To be used where what is on the disk is always enough to go on.

    Args:
        last: Called before an end by force; it has half a second.
    """
    handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
    hears, speaks = socket.socketpair()
    speaks.setblocking(False)
    # The one thing that the interpreter does at once.
    before = signal.set_wakeup_fd(speaks.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_end, args=(hears, last), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGTERM, handler)
        speaks.close()


def _end(hears: socket.socket, last: Callable[[], None]) -> None:
    while (heard := hears.recv(1)) and heard[0] not in (signal.SIGTERM, signal.SIGINT):
        pass
    if not heard:
        return
    threading.Event().wait(SECONDS - _LAST)
    final = threading.Thread(target=last, daemon=True)
    final.start()
    final.join(_LAST)
    os._exit(0)
