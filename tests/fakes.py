"""Pictures with simple hands, and stand-ins for the stages that need weights.

The name of a file says what is on it: `two…` both hands, `…L` or `…left` a left hand, anything
else a right one; `none…` has no hand, `bug…` breaks the finder, `gap…` lacks a lunate, `odd…` is an
uncertain hand with an uncertain lunate.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import cv2
import numpy as np

from sharp_cli.core.errors import NoHandError, UsageError
from sharp_cli.core.geometry import similarity
from sharp_cli.core.inputs import FALLBACKS, Input, input_set, relied_on
from sharp_cli.core.joints import POINTS, SIDES, TARGETS
from sharp_cli.core.records import Classification, Hand, Patch, Point, Radiograph
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.patches import by_input
from sharp_cli.results.run import Run
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.score import score_plan
from sharp_cli.scoring.stages import Scoring

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from sharp_cli.core.geometry import Affine
    from sharp_cli.core.inputs import ModelName, PatchKey
    from sharp_cli.core.joints import Side
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import Label
    from sharp_cli.results.document import Document

WIDTH, HEIGHT = 480, 520
SCALE = 0.3


def frame(side: Side, *, x: float = WIDTH / 2) -> Affine:
    """An upright hand of a PA view: the left hand's thumb is on the right."""
    return similarity(scale=SCALE, degrees=3, mirror=side == "right", x=x, y=HEIGHT / 2 - 0.123)


def hands_on(file: str) -> list[tuple[Side, Affine]]:
    stem = Path(file).stem
    if stem.startswith("two"):
        return [("left", frame("left")), ("right", frame("right", x=1.5 * WIDTH))]
    side: Side = "left" if stem.endswith(("L", "left")) else "right"
    return [(side, frame(side))]


def paint(file: Path, *, seed: int = 0) -> Path:
    """Write a 16-bit PNG with a bone of varied brightness at each joint; each name has its own."""
    rng = np.random.default_rng([seed, crc32(os.fsencode(file))])
    hands = hands_on(str(file))
    pixels = np.full((HEIGHT, len(hands) * WIDTH), 4000, np.uint16)
    for _, to_image in hands:
        for x, y in to_image(TEMPLATE):
            grey = int(rng.integers(20000, 65000))
            cv2.circle(pixels, (round(x), round(y)), 18, grey, -1)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return file


class FakeFinder:
    def __init__(self, *_: object, **__: object) -> None:
        pass

    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        stem = Path(radiograph.file).stem
        if stem.startswith("none"):
            message = f"{radiograph.file}: no hand found; give a picture of a hand"
            raise NoHandError(message)
        if stem.startswith("bug"):
            message = "secret of the patient"
            raise ZeroDivisionError(message)
        if stem.startswith("stop"):
            raise KeyboardInterrupt
        hands = [
            Hand(radiograph.file, side, "anatomy", to_image, 0.98765432)
            for side, to_image in hands_on(radiograph.file)
        ]
        return tuple(hands), ("a side was guessed",) if stem.startswith("guess") else ()


class FakeDetector:
    def __init__(self, *_: object, **__: object) -> None:
        pass

    def detect_part(self, radiograph: Radiograph) -> tuple[Hand, tuple[Point, ...]]:
        raise NoHandError(radiograph.file)

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        gap, odd = (Path(radiograph.file).stem.startswith(word) for word in ("gap", "odd"))
        refined = replace(hand, to_image=hand.to_image.after(similarity(scale=1.01, degrees=1 / 3)))
        if odd:
            refined = replace(refined, status="uncertain", reasons=("cut off", "odd"))
        points = [
            Point(
                joint,
                float(x) + 1 / 7,
                float(y) - 1 / 3,
                0.912345,
                "uncertain" if odd and joint == "lunate" else "ok",
            )
            for joint, (x, y) in zip(POINTS, hand.to_image(TEMPLATE), strict=True)
            if not (gap and joint == "lunate")
        ]
        return refined, tuple(points)


class FakeClassifier:
    """A bundle of all models; `mimo-time` is not the usual one."""

    precision = "fp32"
    on_gpu = False
    device = "cpu"

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def choose(self, asked: ModelName | None, *, visits: bool = False) -> ModelName:  # noqa: ARG002
        return asked or "mimo-local"

    def choose_prevalence(self, asked: Prevalence | None) -> None:
        if asked:
            message = "prevalence: not calibrated"
            raise UsageError(message)

    def classify(
        self,
        studies: Sequence[Mapping[Side, Sequence[Patch]]],
        model: ModelName,
        *,
        threshold: float | None = None,
        prevalence: Prevalence | None = None,
        earlier: Sequence[Mapping[Side, Sequence[Patch]]] = (),
    ) -> list[tuple[Classification, ...]]:
        assert prevalence is None, "not calibrated"
        limit = 0.16 if threshold is None else threshold
        both = zip(studies, earlier or [{}] * len(studies), strict=True)
        return [tuple(_results(by_input(*each), model, limit)) for each in both]


def _results(
    patches: Mapping[PatchKey, Patch], model: ModelName, limit: float
) -> Iterator[Classification]:
    """Probabilities that depend on all that the model looks at together."""
    means = {key: float(patch.pixels.mean()) / 65535 for key, patch in patches.items()}
    uncertain = {key for key, patch in patches.items() if patch.status == "uncertain"}
    for side in SIDES:
        for target in TARGETS:
            finding, joint = target.finding, target.joint
            own = Input(side, joint)
            if (finding, own) not in means:
                continue
            unit = input_set(model, finding, target.group, own)
            there = relied_on(finding, unit, own, means, uncertain)
            present = {(one.side, one.earlier) for one in unit if (finding, one) in means}
            lone = present != {(one.side, one.earlier) for one in unit}
            used = FALLBACKS.get(model, model) if lone else model
            if used == "siso":
                there = (own,)
            all_ = np.mean([means[finding, one] for one in there])
            probability = 0.9 * means[finding, own] + 0.1 * float(all_)
            label: Label = "non-intact" if probability >= limit else "intact"
            yield Classification(side, finding, joint, probability, label, used)


def score_files(
    *files: str | Path,
    model: ModelName = "mimo-local",
    threshold: float | None = None,
    strict: bool = False,
    run: Run | None = None,
) -> Document:
    """Score files with stages that need no weights."""
    stages = FakeFinder(), FakeDetector(), FakeClassifier()
    scoring = Scoring(*stages, model, threshold, strict=strict)
    return score_plan(plan(map(str, files)), scoring, run or Run())


class FakeRayPool:
    """As `ray_pool.RayPool`, in this process.

    Attributes:
        needs: What the last one took of the cluster.
    """

    needs: Mapping[str, float]

    def __init__(self, prepare: Callable[[], object], **needs: float) -> None:
        self._state = prepare()
        type(self).needs = needs

    def map(
        self,
        work: Callable[[Any, Any], Any],
        items: Iterable[Any],
        *,
        on_crash: Callable[[Any], Any],
        limit: object = None,  # noqa: ARG002 - as `RayPool.map`
    ) -> Generator[Any]:
        """As where work that exits ends every process."""
        for item in items:
            try:
                result = work(self._state, item)
            except SystemExit:
                result = on_crash(item)
            yield result
