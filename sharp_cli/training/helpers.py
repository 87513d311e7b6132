"""The processes of a Ray cluster that help with a training.

They leave their results in its folder, which all machines must share. The training then resumes as
if it had been interrupted after that, and finds them done.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from sharp_cli.core.errors import UsageError
from sharp_cli.execution.ray_pool import Driver, RayPool
from sharp_cli.training.run import set_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

LOGGER: Final = logging.getLogger(__name__)

_State = TypeVar("_State")
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
        work: Callable[[_State, _Item], object],
        items: Mapping[str, _Item],
        *,
        prepare: Callable[[], _State],
    ) -> None:
        """Have all items worked on, each by some process, and wait for that.

        An item whose machine goes is begun again on another one.

        Args:
            folder: Of the training.
            work: A function of a module or a class, called with what `prepare` gave, and an item;
                what it gives is lost.
            items: By their names, for messages.
            prepare: Called first in each process, for the state that it works with; a function of
                a module, or a `functools.partial` of one.

        Raises:
            UsageError: No machine is large enough or shares the folder, or processes end.
            SharpError: What `prepare` or `work` raises.
        """
        if not items:
            return

        def fail(item: _Item) -> None:
            name = next(name for name, one in items.items() if one is item)
            message = (
                f"--engine ray: {name}: every process ended that worked on it; there may not be "
                "enough memory, see Ray's logs; run the same command to resume"
            )
            raise UsageError(message)

        # Only where the folder is this one is there such a file in it.
        with NamedTemporaryFile(prefix=".sharp-", dir=folder) as mark:
            pool = RayPool(
                partial(_prepare, Driver.here(), mark.name, self.threads, prepare),
                cpus=self.threads,
                gpus=float(self.device == "cuda"),
            )
            with closing(pool.map(work, items.values(), on_crash=fail)) as done:
                for number, (name, _) in enumerate(zip(items, done, strict=True), 1):
                    LOGGER.info("%s: done; %d of %d", name, number, len(items))


def _prepare(driver: Driver, file: str, threads: int, prepare: Callable[[], _State]) -> _State:
    driver.join(file)
    set_threads(threads)
    return prepare()
