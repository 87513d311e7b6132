"""`--engine`: on which machines `sharp score --out` works."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharp_cli import __version__
from sharp_cli.cli import options
from sharp_cli.errors import UsageError

if TYPE_CHECKING:
    from sharp_cli.archive.engine import Engine
    from sharp_cli.classify import Device
    from sharp_cli.loading import Models
    from sharp_cli.pipeline import Scoring


@dataclass(frozen=True, slots=True)
class Machines:
    """The machines that were asked for.

    Attributes:
        engine: This one, or a Ray cluster.
        address: Of the cluster; see `cluster.connected`.
        device: Where to classify on each.
        threads: CPU threads; None if that was not said.
    """

    engine: options.Engine
    address: str | None
    device: Device
    threads: int | None

    def check(self, *, out: str | None, precision: options.Precision) -> None:
        """See that the options fit together.

        Raises:
            UsageError: They do not.
        """
        if self.engine is options.Engine.LOCAL:
            if self.address is not None:
                message = "--address: of a Ray cluster; add --engine ray"
                raise UsageError(message)
            return
        if out is None:
            message = "--engine ray: fills a folder; name it with --out DIR"
            raise UsageError(message)
        if precision is options.Precision.AUTO:
            message = (
                "--engine ray: machines may differ in what --precision auto is; name fp32 or bf16"
            )
            raise UsageError(message)

    @property
    def own_device(self) -> Device:
        """Where this machine would classify: it needs no GPU to have others work."""
        return self.device if self.engine is options.Engine.LOCAL else "cpu"

    def score_with(
        self, models: Models, scoring: Scoring, bundles: tuple[str | None, str | None, str | None]
    ) -> Engine:
        """What scores on them.

        Args:
            models: Those of `scoring`.
            scoring: How to score.
            bundles: What the models were asked for by.
        """
        if self.engine is options.Engine.LOCAL:
            from sharp_cli.archive.local import Local

            return Local(models, scoring)
        from sharp_cli.archive.clustered import Clustered
        from sharp_cli.archive.replica import Kit

        kit = Kit(
            folder=os.getcwd(),  # noqa: PTH109 - as it is: the others change to it
            bundles=bundles,
            version=__version__,
            checksums=tuple(bundle.sha256 for bundle in models.bundles),
            model=scoring.model,
            threshold=scoring.threshold,
            strict=scoring.strict,
            device=self.device,
            precision=models.classifier.precision,
            threads=self.threads or 1,
        )
        return Clustered(kit, self.address)
