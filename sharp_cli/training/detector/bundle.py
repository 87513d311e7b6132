"""The bundle of a newly trained joint detector, with its card."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import torch

from sharp_cli.bundles.store import CARD_FILE, initial_meta, write_bundle
from sharp_cli.core.joints import POINTS
from sharp_cli.evaluation.metrics.detection import DetectionSummary
from sharp_cli.fileio import output
from sharp_cli.training.detector.certainty_report import calibration_metrics
from sharp_cli.training.detector.certainty_report import markdown as calibration_markdown
from sharp_cli.training.detector.config import CONFIG_FILE
from sharp_cli.training.detector.keypoint_onnx import export_onnx, load_network
from sharp_cli.training.detector.settings import NETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.training.detector.certainty import Calibration
    from sharp_cli.training.detector.settings import DetectorSettings

NETWORK_FILE: Final = "joints.onnx"

MIN_LIKELIHOOD: Final = 0.1
"""A point below this likelihood is reported as not detected."""

_COLUMNS: Final = tuple(field.name for field in fields(DetectionSummary))

_CARD: Final = """\
# {name} 1: finds the joints of a hand

**What it does.** Takes a hand that has been found, resampled upright with the thumb to the right \
in {width} x {height} pixels, and gives the positions of {count} points with a localisation \
confidence (`likelihood`) each.

**What it is for.** The second stage of `sharp score`, with `--detector`. It does not assess \
disease. **Not validated on patients; for research only.**

**Network.** {architecture}. `{network}` holds DeepLabCut's preprocessing and decoding too.

**Training data.** {data}, and {validation_data} to choose the epoch by.

**Training.** From {start}: {views} augmented views of each hand, {epochs} epochs, seed {seed}. \
The network is that of epoch {epoch}, which had the lowest median distance on the validation \
radiographs ({median:.2f} % of the proximal phalanx length):

```sh
{command}
```

**Measured** {measured}

**Localisation confidence** {confidence}

**Limits.** What is not among the training data may be misplaced without a low confidence.
"""

_UNMEASURED: Final = """\
not at all: it was trained without folds."""

_MEASURED: Final = """\
by cross-validation: for each of {folds} folds of the radiographs, the same training on the other \
folds, and all stages on its own radiographs, from finding the hand on. Distances in percent of \
each hand's median proximal phalanx length (`found`: percent within 15):

{table}"""


_UNCALIBRATED: Final = """\
as the network gives it: not calibrated, and no joint is called uncertain."""

_CALIBRATED: Final = """\
of a joint: the probability that it lies within 15 % of the proximal phalanx length of its true \
position, calibrated on what the detectors of the folds found in their own radiographs. The \
metrics are of each fold by the calibration of the others.

{tables}"""


@dataclass(frozen=True, slots=True)
class Proof:
    """What cross-validation gave.

    Attributes:
        measured: See `evaluate.detection.detection_table`; empty without folds.
        calibration: None without folds, or where they gave too little to calibrate by.
    """

    measured: Mapping[str, DetectionSummary]
    calibration: Calibration | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """What was asked of a training.

    Attributes:
        files: Options of `sharp train detector` that name files, and the files' names; None if
            not given.
        settings: How it was trained.
        folds: How many folds it was measured by.
        training: Hands learned from.
        validation: Hands that chose the epoch.
    """

    files: Mapping[str, str | None]
    settings: DetectorSettings
    folds: int
    training: Sequence[AnnotatedHand]
    validation: Sequence[AnnotatedHand]

    @property
    def command(self) -> str:
        """The command, as one would type it."""
        init = self.settings.init
        settings = {**asdict(self.settings), "init": None if init is None else init.name}
        words = ["sharp", "train", "detector"]
        for name, value in {**self.files, **settings, "folds": self.folds}.items():
            words += [] if value is None else [f"--{name}", str(value)]
        return shlex.join(words)


def export_detector(
    work: Path, snapshot: Path, out: Path, settings: DetectorSettings
) -> dict[str, Any]:
    """Write a trained network, and say what a detector needs to know of it.

    Args:
        work: Folder of the training, with its configuration.
        snapshot: From `detector.network.train_network`.
        out: Folder of the bundle.
        settings: How it was trained.

    Returns:
        What `registry.write_bundle` wants to know.

    Raises:
        OutputError: It cannot be written.
    """
    output.make_folder(out)
    network = load_network(work / CONFIG_FILE, snapshot)
    export_onnx(network, out / NETWORK_FILE, settings.window)
    return {
        **initial_meta(out, "joints"),
        "architecture": f"DeepLabCut 3 {settings.net}, {NETS[settings.net].words}",
        "view": asdict(settings.window),
        "min_likelihood": MIN_LIKELIHOOD,
        "networks": [{"file": NETWORK_FILE, "points": list(POINTS)}],
    }


def write_detector(
    work: Path,
    snapshot: Path,
    out: Path,
    recipe: Recipe,
    proof: Proof,
) -> None:
    """Write the bundle of a trained network, with its card.

    Args:
        work: Folder of the training, with its configuration.
        snapshot: From `detector.network.train_network`.
        out: Folder of the bundle.
        recipe: What was asked of the training.
        proof: What cross-validation gave.

    Raises:
        OutputError: It cannot be written.
    """
    settings = recipe.settings
    metadata = torch.load(snapshot, map_location="cpu", weights_only=True)["metadata"]
    names = ("net", "width", "height", "views", "epochs", "seed")
    chosen = {name: getattr(settings, name) for name in names}
    meta = {
        **export_detector(work, snapshot, out, settings),
        "training": {
            **chosen,
            "init": None if settings.init is None else settings.init.name,
            "data": _count(recipe.training),
        },
        "validation": {
            **metadata["validation"],
            "epoch": metadata["epoch"],
            "data": _count(recipe.validation),
        },
        "folds": {name: asdict(summary) for name, summary in proof.measured.items()},
    }
    confidence = _UNCALIBRATED
    if proof.calibration is not None:
        tables = calibration_metrics(proof.calibration.judged)
        meta |= {"certainty": proof.calibration.certainty.meta(), "calibration": tables}
        confidence = _CALIBRATED.format(tables=calibration_markdown(tables))
    card = _CARD.format(
        name=meta["name"],
        count=len(POINTS),
        architecture=meta["architecture"],
        network=NETWORK_FILE,
        data=_count(recipe.training),
        validation_data=_count(recipe.validation),
        start="random weights" if settings.init is None else f"the snapshot `{settings.init.name}`",
        command=recipe.command,
        epoch=metadata["epoch"],
        median=metadata["validation"]["median"],
        measured=_MEASURED.format(folds=recipe.folds, table=markdown(proof.measured))
        if proof.measured
        else _UNMEASURED,
        confidence=confidence,
        **{name: chosen[name] for name in names[1:]},
    )
    output.write(out / CARD_FILE, card.encode())
    write_bundle(out, meta, [NETWORK_FILE])


def markdown(table: Mapping[str, DetectionSummary]) -> str:
    """What `evaluate.detection.detection_table` gives, as a table in Markdown."""
    rows = [("joints of", *_COLUMNS), ("---",) * (1 + len(_COLUMNS))]
    for name, summary in table.items():
        values = [getattr(summary, column) for column in _COLUMNS]
        rows.append((name, *(f"{v:.2f}" if isinstance(v, float) else str(v) for v in values)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _count(hands: Sequence[AnnotatedHand]) -> str:
    pictures = {hand.image for hand in hands}
    return f"{len(hands)} annotated hands of {len(pictures)} radiographs"
