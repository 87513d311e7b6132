"""Loading what scores radiographs: from the folders of bundles to networks that are ready to run.

This module itself loads nothing heavy.
"""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sharp_cli.execution.limits import cores, memory
from sharp_cli.scoring.not_assessable import NONE, NotAssessable
from sharp_cli.scoring.stages import Scoring

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import MissingRule, Precision
    from sharp_cli.execution.devices import Device
    from sharp_cli.inference.classifier import Classifier
    from sharp_cli.inference.hand_finder import HandFinder
    from sharp_cli.inference.joint_detector import JointDetector

    Bundles: TypeAlias = tuple[Bundle, Bundle, Bundle]
    """A hand finder, a joint detector, classification models."""


_A_PROCESS: Final = 1 << 30
"""Bytes of memory that each process should have: twice what one takes with ordinary radiographs
(docs/speed.md); a choice."""


@dataclass(frozen=True, slots=True)
class Models:
    """What scores radiographs, ready to run.

    Attributes:
        bundles: What it was loaded from.
        finder: Finds hands.
        detector: Detects joints.
        classifier: Classifies patches.
        workers: How many processes should read radiographs while this one classifies.
    """

    bundles: Bundles
    finder: HandFinder
    detector: JointDetector
    classifier: Classifier
    workers: int

    def scoring(
        self,
        model: ModelName | None = None,
        *,
        visits: bool = False,
        threshold: float | None = None,
        prevalence: Prevalence | None = None,
        strict: bool = False,
        missing: MissingRule = "scale",
        not_assessable: NotAssessable = NONE,
        mask_annotations: bool = False,
    ) -> Scoring:
        """How to score with these models; see `stages.Scoring` and `Classifier.choose`.

        Raises:
            UsageError: The bundle does not hold the model asked for, or a prevalence is asked for
                and it is not calibrated.
        """
        chosen = self.classifier.choose(model, visits=visits)
        return Scoring(
            self.finder,
            self.detector,
            self.classifier,
            chosen,
            threshold=threshold,
            prevalence=self.classifier.choose_prevalence(prevalence),
            strict=strict,
            mask_annotations=mask_annotations,
            bundles=self.bundles,
            precision=self.classifier.precision,
            missing=missing,
            not_assessable=not_assessable,
        )


def open_bundles(
    hands: str | Path | None = None,
    detector: str | Path | None = None,
    models: str | Path | None = None,
    trust: Collection[str] = (),
) -> Bundles:
    """Open and check the bundles.

    Args:
        hands: Folder of a hand finder; None for the bundled one.
        detector: Folder of a joint detector; None for the bundled one.
        models: Folder of classification models, or `lite`; None for the bundled ones.
        trust: See `store.open_bundle`.

    Raises:
        ModelError: One is not what it should be; see `store.open_bundle`.
        UsageError: What is to be trusted is no sha256.
    """
    from sharp_cli.bundles.store import open_bundle

    return (
        open_bundle("hands", hands, trust),
        open_bundle("joints", detector, trust),
        open_bundle("findings", models, trust),
    )


def load(
    bundles: Bundles,
    *,
    device: Device = "auto",
    precision: Precision | Literal["auto"] = "fp32",
    threads: int | None = None,
    throughput: bool = False,
) -> Models:
    """Load the networks.

    Args:
        bundles: Of which.
        device: Where to classify; see `classifier.Classifier`.
        precision: What to classify in; see there.
        threads: CPU threads; None for all cores that this process may use.
        throughput: Whether to be quick with many studies, not with one. Joints are then detected
            with one thread each, wherever that is: the last digits depend on their number.

    Raises:
        ModelError: A bundle lacks what it should hold.
        UsageError: This machine lacks the device or the precision.
    """
    from sharp_cli.inference.classifier import Classifier
    from sharp_cli.inference.hand_finder import HandFinder
    from sharp_cli.inference.joint_detector import JointDetector

    finding, detecting, classifying = bundles
    threads = threads or cores()
    seeing = 1 if throughput else threads
    # Side by side, since each network is compiled by one thread.
    with ThreadPoolExecutor() as pool:
        finder = pool.submit(HandFinder, finding, threads=seeing)
        detector = pool.submit(JointDetector, detecting, threads=seeing)
        classifier = Classifier(
            classifying, device=device, threads=threads, precision=precision, throughput=throughput
        )
    return Models(
        bundles,
        finder.result(),
        detector.result(),
        classifier,
        workers=_workers(threads, gpu=classifier.on_gpu),
    )


def _workers(threads: int, *, gpu: bool) -> int:
    """How many processes should read radiographs."""
    # Reading takes less of the cores than classifying, but for a graphics card.
    wanted = threads if gpu else threads // 2
    limit = memory()
    room = wanted if limit is None else limit // _A_PROCESS - 1
    return max(1, min(wanted, room))
