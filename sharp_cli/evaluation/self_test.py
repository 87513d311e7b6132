"""Whether an installation works: it scores a synthetic radiograph that it draws first."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from sharp_cli.core.joints import SIDES
from sharp_cli.fileio import output
from sharp_cli.results.run import Run
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.score import score_plan
from sharp_cli.synthetic.phantom.hand import generate_hand
from sharp_cli.synthetic.phantom.radiograph import make_radiograph

if TYPE_CHECKING:
    from sharp_cli.scoring.stages import Scoring

_SEED: Final = 1


class SelfTest(NamedTuple):
    """What came of the radiograph of two intact hands.

    Attributes:
        hands: How many were found.
        joints: How many of their joints were classified.
        probability: The mean of the joints; None if there are none.
        failures: The names of the errors.
    """

    hands: int
    joints: int
    probability: float | None
    failures: tuple[str, ...]


def score_phantom(scoring: Scoring) -> SelfTest:
    """Score a phantom of both hands, always the same one."""
    hands = [generate_hand(_SEED, side=side) for side in reversed(SIDES)]
    pixels = make_radiograph(hands, np.random.default_rng(_SEED)).pixels
    png = cv2.imencode(".png", (pixels * (2**16 - 1)).astype(np.uint16))[1].tobytes()
    run = Run()
    with tempfile.TemporaryDirectory() as folder:
        output.write(Path(folder, "phantom.png"), png)
        document = score_plan(plan([folder]), scoring, run)
    found = [row.probability for row in document.joints if row.probability is not None]
    mean = sum(found) / len(found) if found else None
    failures = tuple(failure.error for failure in run.failures)
    return SelfTest(len(document.hands), len(found), mean, failures)
