"""`--engine`: the machines that `sharp score --out` and trainings run on."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharp_cli.cli import options
from sharp_cli.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sharp_cli.batch.engine import Engine
    from sharp_cli.execution.devices import Device
    from sharp_cli.execution.questions import Asker
    from sharp_cli.scoring.loading import Models
    from sharp_cli.scoring.stages import Scoring
    from sharp_cli.training.helpers import Helpers


@dataclass(frozen=True, slots=True)
class Machines:
    """The machines that were requested.

    Attributes:
        engine: This one, or a Ray cluster.
        address: Of the cluster; see `ray_pool.connected`.
        device: Device to classify on, on each machine.
        threads: CPU threads; None for the default.
        timeout: Seconds that a radiograph may take; None for the default.
    """

    engine: options.Engine
    address: str | None
    device: Device
    threads: int | None
    timeout: float | None = None

    def check(self, *, out: str | None, precision: options.Precision) -> None:
        """Check that the options fit together.

        Raises:
            UsageError: They do not.
        """
        _check(self.engine, self.address)
        if self.timeout is not None and out is None:
            message = "--timeout: of a run into a folder; name it with --out DIR"
            raise UsageError(message)
        if self.engine is options.Engine.LOCAL:
            return
        if out is None:
            message = "--engine ray: writes to a folder; name it with --out DIR"
            raise UsageError(message)
        if precision is options.Precision.AUTO:
            message = (
                "--engine ray: --precision auto may differ between machines; name fp32 or bf16"
            )
            raise UsageError(message)

    def asker(self, *, out: str | None) -> AbstractContextManager[Asker]:
        """What asks about files: for a run into a folder other processes, which may be late."""
        from sharp_cli.batch.engine import TIMEOUT
        from sharp_cli.execution.questions import HERE, asking

        return nullcontext(HERE) if out is None else asking(self.timeout or TIMEOUT)

    @property
    def own_device(self) -> Device:
        """The device of this machine, which needs no GPU if others do the work."""
        return self.device if self.engine is options.Engine.LOCAL else "cpu"

    def load(
        self,
        bundles: tuple[str | None, str | None, str | None],
        trust: Sequence[str],
        precision: options.Precision,
        *,
        out: str | None,
    ) -> Models:
        """Load the networks of the bundles that the options name; see `loading.load`."""
        from sharp_cli.scoring.loading import load, open_bundles

        return load(
            open_bundles(*bundles, trust),
            device=self.own_device,
            precision=precision.value,
            threads=self.threads,
            throughput=out is not None,
        )

    def score_with(
        self, models: Models, scoring: Scoring, bundles: tuple[str | None, str | None, str | None]
    ) -> Engine:
        """The engine that scores on them.

        Args:
            models: Those of `scoring`.
            scoring: How to score.
            bundles: The options that named the models.
        """
        if self.engine is options.Engine.LOCAL:
            from sharp_cli.batch.local_engine import LocalEngine

            return LocalEngine(models, scoring, self.timeout)
        from sharp_cli.batch.ray_engine import RayEngine
        from sharp_cli.batch.ray_worker import Setup
        from sharp_cli.execution.ray_pool import Driver

        setup = Setup(
            driver=Driver.here(),
            bundles=bundles,
            checksums=tuple(bundle.sha256 for bundle in models.bundles),
            trust=tuple(one.sha256 for one in models.bundles if one.validated_on_patients),
            model=scoring.model,
            threshold=scoring.threshold,
            prevalence=scoring.prevalence,
            strict=scoring.strict,
            missing=scoring.missing,
            not_assessable=scoring.not_assessable,
            mask_annotations=scoring.mask_annotations,
            device=self.device,
            precision=models.classifier.precision,
            threads=self.threads or 1,
        )
        return RayEngine(setup, self.address, self.timeout)


@contextmanager
def training_helpers(
    engine: options.Engine, address: str | None, *, device: options.Device, threads: int | None
) -> Iterator[tuple[Helpers | None, Device]]:
    """The helpers of a training as long as the block lasts, and the device of this process.

    There are none on this machine alone. A process with helpers needs no GPU itself.

    Args:
        engine: This machine, or a Ray cluster.
        address: Of the cluster; see `ray_pool.connected`.
        device: Device of each process.
        threads: CPU threads of each process; None for one.

    Raises:
        UsageError: The options do not fit together, or no cluster is there.
    """
    _check(engine, address)
    if engine is options.Engine.LOCAL:
        yield None, device.value
        return
    from sharp_cli.execution.ray_pool import cluster_device, connected
    from sharp_cli.training.helpers import Helpers

    own = options.Device.AUTO if device is options.Device.CUDA else device
    with connected(address):
        yield Helpers(cluster_device(device.value), threads or 1), own.value


def _check(engine: options.Engine, address: str | None) -> None:
    if engine is options.Engine.LOCAL and address is not None:
        message = "--address: belongs to a Ray cluster; add --engine ray"
        raise UsageError(message)
