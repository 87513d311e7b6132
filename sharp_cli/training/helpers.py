"""The processes of a Ray cluster that help with a training.

They leave what they make in its folder, which all machines must share. Then the training goes on
as if it had been cut short after that: it finds all of it done.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from sharp_cli.core.errors import UsageError
from sharp_cli.execution.ray_pool import Origin, Replicas
from sharp_cli.training.run import set_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LOGGER: Final = logging.getLogger(__name__)

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Helpers:
    """Processes of the cluster that this one is connected to.

    Attributes:
        device: Where they compute; each has a GPU of its own.
        threads: CPU threads of each.
    """

    device: Literal["cpu", "cuda"]
    threads: int

    def work(
        self,
        folder: Path,
        work: Callable[[_Item], object],
        items: Mapping[str, _Item],
        *,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """Have all items worked on, each by some process, and wait for that.

        An item whose machine goes is begun again on another one.

        Args:
            folder: Of the training.
            work: A function of a module, or a `functools.partial` of one; what it gives is lost.
            items: By their names, for messages.
            prepare: Likewise; called first in each process.

        Raises:
            UsageError: No machine is large enough or shares the folder, or processes end.
            SharpError: What `prepare` or `work` raises.
        """
        if not items:
            return

        def lost(item: _Item) -> None:
            name = next(name for name, one in items.items() if one is item)
            message = (
                f"--engine ray: {name}: every process ended that worked on it; there may not be "
                "enough memory, see Ray's logs; the same command goes on"
            )
            raise UsageError(message)

        # Only where the folder is this one is there such a file in it.
        with NamedTemporaryFile(prefix=".sharp-", dir=folder) as mark:
            replicas = Replicas(
                partial(_prepare, Origin.here(), mark.name, self.threads, prepare),
                cpus=self.threads,
                gpus=float(self.device == "cuda"),
            )
            with closing(replicas.map(work, items.values(), lost=lost)) as done:
                for number, (name, _) in enumerate(zip(items, done, strict=True), 1):
                    LOGGER.info("%s: done; %d of %d", name, number, len(items))


def _prepare(origin: Origin, file: str, threads: int, prepare: Callable[[], None] | None) -> None:
    origin.enter(file)
    set_threads(threads)
    if prepare is not None:
        prepare()
