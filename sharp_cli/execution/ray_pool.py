"""A pool of processes on the machines of a Ray cluster: results come in the order of the items.

They are plain actors, which this module itself hands work to and begins anew. Ray Data and Ray's
own restarts would repeat without end what ends its process, or let an item wait for a machine that
is gone while others have nothing to do.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections import deque
from concurrent.futures import Future
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from sharp_cli.core.about import __version__
from sharp_cli.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from sharp_cli.execution.devices import Device
    from sharp_cli.execution.process_pool import Limit

_State = TypeVar("_State")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_TRIES: Final = 3
"""How often an item is begun: its process may have ended because the machine did."""

_LOOK: Final = 10.0
"""Seconds between two looks for machines that came, where nothing else happens."""


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Join a cluster, for as long as the block lasts.

    Args:
        address: Of its head, such as `10.0.0.1:6379`, or `auto` for the cluster that this machine
            belongs to. None for that of the environment (`RAY_ADDRESS`), or else a new one of this
            machine alone, which ends with the block.

    Raises:
        UsageError: Ray is not installed, or does not answer there.
    """
    # Ray would report its use to its maker, over the network.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray  # noqa: PLC0415 - half a second, and not everybody has it
    except ImportError as error:
        message = "--engine ray: Ray is not installed; pip install 'sharp-cli[ray]'"
        raise UsageError(message) from error
    address = address or os.environ.get("RAY_ADDRESS")
    # Ray prints on stdout what happens to processes; that is for data.
    with (
        redirect_stdout(sys.stderr),
        TemporaryDirectory(prefix="sharp-", ignore_cleanup_errors=True) as folder,
    ):
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if address is None:
            options |= {"include_dashboard": False, "_temp_dir": folder}
        try:
            ray.init(address or "local", **options)
        except (ConnectionError, ValueError, RuntimeError) as error:
            message = (
                f"--address {address}: no Ray cluster answers there ({error}); check the address, "
                "and set RAY_AUTH_MODE=token if the cluster asks for a token"
            )
            raise UsageError(message) from error
        try:
            yield
        finally:
            ray.shutdown()


def cluster_device(device: Device) -> Literal["cpu", "cuda"]:
    """What processes of the cluster compute on; `auto` is a GPU where it has one.

    Raises:
        UsageError: Ray hands out no such devices.
    """
    if device == "mps":
        message = "--device mps: not on a Ray cluster; use cpu, cuda or auto"
        raise UsageError(message)
    import ray  # noqa: PLC0415

    there = device == "auto" and ray.cluster_resources().get("GPU", 0) > 0
    return "cuda" if there or device == "cuda" else "cpu"


@dataclass(frozen=True, slots=True)
class Driver:
    """The process that those of the cluster work for, whose files and version they need.

    Attributes:
        folder: Its working folder, which names of files are relative to.
        version: Of its Sharp.
    """

    folder: str
    version: str

    @classmethod
    def here(cls) -> Driver:
        """This process."""
        return cls(os.getcwd(), __version__)  # noqa: PTH109 - as it is: the others change to it

    def join(self, file: str) -> None:
        """Let this process of the cluster work as the driver would, in the driver's folder.

        Args:
            file: A file that must be there.

        Raises:
            UsageError: This machine has other files, or another Sharp.
        """
        machine = socket.gethostname()
        try:
            os.chdir(self.folder)
            os.stat(file)  # noqa: PTH116 - Path.stat would say the same
        except OSError as error:
            message = (
                f"{error.filename}: is not there on {machine} ({error.strerror}); all machines of "
                "a cluster need the same files under the same names"
            )
            raise UsageError(message) from error
        if __version__ != self.version:
            message = f"{machine}: has Sharp {__version__}, not {self.version}; install the same"
            raise UsageError(message)


@dataclass(slots=True)
class _Task(Generic[_Item, _Result]):
    """An item and what becomes of it."""

    item: _Item
    future: Future[_Result] = field(default_factory=Future)
    tries: int = 0
    begun: float = 0.0


class _Process:
    """What runs on some machine."""

    def prepare(self, prepare: Callable[[], Any]) -> None:
        self._state = prepare()

    def work(self, work: Callable[[Any, Any], Any], item: Any) -> Any:
        return work(self._state, item)


class RayPool(Generic[_State]):
    """As many processes as the cluster has room for, also when machines come and go.

    Machines that come are used, and what a machine had begun when it went is begun again elsewhere.
    """

    def __init__(self, prepare: Callable[[], _State], *, cpus: int, gpus: float = 0) -> None:
        """Begin none yet; see `map`.

        Args:
            prepare: Called first in each, for the state that it works with; a function of a
                module, or a `functools.partial` of one.
            cpus: Cores that each takes.
            gpus: GPUs that each takes.

        Raises:
            UsageError: No machine has so many.
        """
        import ray  # noqa: PLC0415

        # Once for all: it may hold much.
        self._prepare = ray.put(prepare)
        self._needs = {"CPU": float(cpus), "GPU": gpus}
        self._actor = ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0)(_Process)
        self._starting: dict[Any, Any] = {}
        self._idle: list[Any] = []
        self._running: dict[Any, tuple[Any, _Task[Any, Any]]] = {}
        self._waiting: deque[_Task[Any, Any]] = deque()
        self._fruitless = 0
        if not self._room():
            needs = " and ".join(f"{need:g} {name}" for name, need in self._needs.items() if need)
            message = f"--engine ray: no machine of the cluster has {needs} for a process"
            raise UsageError(message)

    def map(
        self,
        work: Callable[[_State, _Item], _Result],
        items: Iterable[_Item],
        *,
        on_crash: Callable[[_Item], _Result],
        limit: Limit[_Item, _Result] | None = None,
    ) -> Generator[_Result]:
        """The result of each item, in order; twice as many as there is room for are under way.

        Processes begin as they are needed, and end with the generator, which must be closed before
        the cluster is left.

        Args:
            work: A function of a module or a class, called in a process with what `prepare` gave
                there, and an item.
            items: Taken when there is room for another.
            on_crash: Gives the result of an item that ended every process that it was begun in.
            limit: How long an item may take, on any machine.
        """
        line: deque[_Task[_Item, _Result]] = deque()

        def first() -> _Result:
            task = line.popleft()
            while not task.future.done():
                self._step(work, on_crash)
                if limit is not None:
                    self._end_late(limit)
            return task.future.result()

        try:
            for item in items:
                line.append(_Task(item))
                self._waiting.append(line[-1])
                if len(line) > 2 * self._room():
                    yield first()
            while line:
                yield first()
        finally:
            self._end()

    def _step(self, work: Callable[[Any, Any], Any], on_crash: Callable[[Any], Any]) -> None:
        """Hand out what there is to do, and wait until something is done."""
        import ray  # noqa: PLC0415

        self._begin()
        while self._idle and self._waiting:
            actor, task = self._idle.pop(), self._waiting.popleft()
            task.tries += 1
            task.begun = time.monotonic()
            self._running[actor.work.remote(work, task.item)] = actor, task
        done, _ = ray.wait([*self._starting, *self._running], timeout=_LOOK)
        for ref in done:
            if ref in self._starting:
                self._started(ref)
            else:
                self._finished(ref, on_crash)

    def _end_late(self, limit: Limit[Any, Any]) -> None:
        """End the processes that have worked too long on what they are at."""
        import ray  # noqa: PLC0415

        now = time.monotonic()
        for ref, (actor, task) in [*self._running.items()]:
            if now - task.begun > limit.seconds(task.item):
                del self._running[ref]
                ray.kill(actor)
                task.future.set_result(limit.on_late(task.item))

    def _begin(self) -> None:
        """Begin as many processes as there is room and work for, and one in any case."""
        there = len(self._starting) + len(self._idle) + len(self._running)
        wanted = min(max(self._room(), 1), len(self._waiting) + len(self._running))
        for _ in range(there, wanted):
            actor = self._actor.remote()
            self._starting[actor.prepare.remote(self._prepare)] = actor

    def _started(self, ref: Any) -> None:
        import ray  # noqa: PLC0415

        actor = self._starting.pop(ref)
        try:
            ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            ray.kill(actor)
            raise error.cause from None
        except ray.exceptions.RayError as error:
            ray.kill(actor)
            self._fruitless += 1
            # All those of a machine that went end at once.
            if self._fruitless > _TRIES * max(self._room(), 1):
                message = (
                    "--engine ray: processes of the cluster end before they are ready; there may "
                    "not be enough memory, see Ray's logs"
                )
                raise UsageError(message) from error
        else:
            self._fruitless = 0
            self._idle.append(actor)

    def _finished(self, ref: Any, on_crash: Callable[[Any], Any]) -> None:
        import ray  # noqa: PLC0415

        actor, task = self._running.pop(ref)
        try:
            task.future.set_result(ray.get(ref))
        except ray.exceptions.RayTaskError as error:
            task.future.set_exception(error.cause)
        except ray.exceptions.RayError:  # the process or its machine is gone, or out of reach
            ray.kill(actor)
            if task.tries < _TRIES:
                self._waiting.appendleft(task)
            else:
                task.future.set_result(on_crash(task.item))
            return
        self._idle.append(actor)

    def _end(self) -> None:
        import ray  # noqa: PLC0415

        running = (actor for actor, _ in self._running.values())
        for actor in (*self._starting.values(), *self._idle, *running):
            ray.kill(actor)
        for part in (self._starting, self._idle, self._running, self._waiting):
            part.clear()

    def _room(self) -> int:
        """For how many processes the machines that are there now have room."""
        import ray  # noqa: PLC0415

        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return sum(
            min(int(there.get(name, 0) // need) for name, need in self._needs.items() if need)
            for there in machines
        )
