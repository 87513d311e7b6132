"""Train the hand finder on synthetic radiographs, and export it."""

from __future__ import annotations

import csv
import itertools
import logging
import math
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sharp_cli.bundles.store import initial_meta, write_bundle
from sharp_cli.core.hand_frame import fill_missing, fit_hand
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.datasets.splits import name_sources, select_hands
from sharp_cli.inference.hand_finder import CHANNELS, INPUT, OFFSET_UNIT, OUTPUTS, STRIDE, normalise
from sharp_cli.synthetic.phantom import random_phantom
from sharp_cli.synthetic.source_radiographs import source_radiographs
from sharp_cli.synthetic.training_radiographs import RadiographMaker
from sharp_cli.training.onnx_file import write_onnx
from sharp_cli.training.run import begin, half_precision, save

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.synthetic.source_radiographs import SourceRadiograph
    from sharp_cli.synthetic.training_radiographs import TrainingRadiograph

LOGGER: Final = logging.getLogger(__name__)

NETWORK_FILE: Final = "hands.onnx"
CHECKPOINT: Final = "checkpoint.pt"

CELLS: Final = INPUT // STRIDE
_BATCH: Final = 16
_RATE: Final = 2e-3
_WIDTHS: Final = (16, 32, 64, 96, 128, 160)
_NECK: Final = 64
THRESHOLD: Final = 0.5
"""Least score of a hand, see MODEL_CARD.md."""
_EMA: Final = 0.998
_SPREAD: Final = 0.09  # of the hand's length: standard deviation of a centre's peak
_LENGTH: Final = float(np.ptp(TEMPLATE[:, 1]))


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class HandNetwork(nn.Module):
    """Down to 1/64 and up again to 1/8, so that every cell sees the whole picture.

    Takes float32 (N, CHANNELS, INPUT, INPUT), gives (N, OUTPUTS, CELLS, CELLS); see
    `sharp_cli.inference.hand_finder` for what the channels are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = _block(CHANNELS, _WIDTHS[0], 2)
        self.down = nn.ModuleList(
            nn.Sequential(_block(inputs, outputs, 2), _block(outputs, outputs))
            for inputs, outputs in itertools.pairwise(_WIDTHS)
        )
        self.across = nn.ModuleList(nn.Conv2d(width, _NECK, 1) for width in _WIDTHS[2:])
        self.up = nn.ModuleList(_block(_NECK, _NECK) for _ in _WIDTHS[2:])
        last = nn.Conv2d(2 * _NECK, OUTPUTS, 1)
        if last.bias is not None:  # at first a hand is unlikely anywhere (Lin et al. 2017, 3.3)
            nn.init.constant_(last.bias, 0.0)
            nn.init.constant_(last.bias[:2], -4.0)
        self.head = nn.Sequential(_block(_NECK, 2 * _NECK), last)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """See the class."""
        x = self.stem(picture)
        levels = []
        for down in self.down:
            x = down(x)
            levels.append(x)
        y: torch.Tensor | None = None
        for across, up, level in zip(
            reversed(self.across), reversed(self.up), reversed(levels[1:]), strict=True
        ):
            z = across(level)
            y = up(z if y is None else z + functional.interpolate(y, scale_factor=2.0))
        return torch.as_tensor(self.head(y))


def targets(radiograph: TrainingRadiograph) -> tuple[NDArray[np.float32], ...]:
    """What the network should answer to a radiograph.

    Returns:
        Peaks (2, CELLS, CELLS), 1 at centres; whether the answer counts (CELLS, CELLS); offsets
        (44, CELLS, CELLS) in units of `OFFSET_UNIT`; their weight (CELLS, CELLS).
    """
    centres = np.arange(CELLS) * STRIDE + (STRIDE - 1) / 2
    x, y = np.meshgrid(centres, centres)
    grid = np.stack([x, y])
    heat = np.zeros((2, CELLS, CELLS), np.float32)
    counts = np.ones((CELLS, CELLS), np.float32)
    offsets = np.zeros((2 * len(POINTS), CELLS, CELLS), np.float32)
    weight = np.zeros((CELLS, CELLS), np.float32)
    for points, mirrored, cut in zip(
        radiograph.hands, radiograph.mirrored, radiograph.cut, strict=True
    ):
        frame = fit_hand(points, mirror=mirrored)
        length = _LENGTH * frame.scale
        squared = (x - frame.c) ** 2 + (y - frame.f) ** 2
        if cut:
            counts[squared < (0.5 * length) ** 2] = 0
            continue
        spread = max(_SPREAD * length, 0.8 * STRIDE)
        peak = np.exp(-squared / (2 * spread**2)).astype(np.float32)
        peak[np.unravel_index(squared.argmin(), squared.shape)] = 1.0
        # Cells nearer to another hand keep that one's targets.
        nearer = peak > weight
        step = ((points[:, :, None, None] - grid) / OFFSET_UNIT).reshape(-1, CELLS, CELLS)
        offsets[:, nearer] = step[:, nearer]
        weight = np.maximum(weight, peak)
        heat[int(mirrored)] = np.maximum(heat[int(mirrored)], peak)
    # An error counts relative to the hand: a small hand's pixels weigh more.
    scale = np.ones_like(weight)
    for points, mirrored, cut in zip(
        radiograph.hands, radiograph.mirrored, radiograph.cut, strict=True
    ):
        if not cut:
            frame = fit_hand(points, mirror=mirrored)
            near = (x - frame.c) ** 2 + (y - frame.f) ** 2 < (0.3 * _LENGTH * frame.scale) ** 2
            scale[near] = OFFSET_UNIT / (_LENGTH * frame.scale)
    return heat, counts, offsets, np.where(weight > 0.4, weight, 0) * scale


def loss(
    answer: torch.Tensor,
    heat: torch.Tensor,
    counts: torch.Tensor,
    offsets: torch.Tensor,
    weight: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Focal loss of the peaks (Zhou et al. 2019, eq. 1) and L1 loss of the offsets."""
    logits = answer[:, :2].float()
    chance = torch.sigmoid(logits)
    centre = (heat == 1).float()
    found = -functional.logsigmoid(logits) * (1 - chance) ** 2 * centre
    false = -functional.logsigmoid(-logits) * chance**2 * (1 - heat) ** 4 * (1 - centre)
    peaks = ((found + false) * counts[:, None]).sum() / centre.sum().clamp(min=1)
    error = (answer[:, 2:].float() - offsets).abs().mean(dim=1)
    return peaks, (error * weight).sum() / weight.sum().clamp(min=1)


def load_sources(hands: Iterable[AnnotatedHand], images: Path) -> list[SourceRadiograph]:
    """The sources from annotated radiographs in the folder `images`."""
    return [
        source
        for picture, found in read_square(hands, images)
        for source in source_radiographs(
            picture.pixels,
            [fill_missing(hand.positions(), mirror=hand.side == "right") for hand in found],
            [hand.side == "right" for hand in found],
        )
    ]


def phantom_sources(count: int, rng: np.random.Generator) -> list[SourceRadiograph]:
    """Sources from phantoms, so that synthetic examples are found, too."""
    phantoms = (random_phantom(rng) for _ in range(count))
    return [
        source_radiographs(
            phantom.pixels,
            [np.array([phantom.points[name] for name in POINTS])],
            [phantom.side == "right"],
        )[0]
        for phantom in phantoms
    ]


def load_shapes(path: Path | None) -> NDArray[np.float64]:
    """Hand shapes from a file of 37 landmarks a hand (`hand,x0,y0,…,x36,y36`; Payer et al. 2016).

    Returns:
        Positions of `joints.POINTS`, thumb right, upright, shape (N, 22, 2); NaN where no landmark
        corresponds.
    """
    if path is None:
        return np.zeros((0, len(POINTS), 2))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    marks = np.array([[float(value) for value in row[1:]] for row in rows]).reshape(-1, 37, 2)
    shapes = np.full((len(marks), len(POINTS), 2), np.nan)
    same = {"IP": [19], "MCP1": [18], "CMC1": [17], "radiocarpal": [6, 7], "ulna": [0, 1, 2]}
    for finger in range(2, 6):
        same[f"MCP{finger}"], same[f"PIP{finger}"] = [13 + 4 * finger], [14 + 4 * finger]
    for name, indices in same.items():
        shapes[:, POINTS.index(name)] = marks[:, indices].mean(axis=1)
    return shapes


def train_hands(
    annotations: Path,
    images: Path,
    out: Path,
    work: Path,
    *,
    names: Path | None,
    shapes: Path | None,
    phantoms: int,
    steps: int,
    threads: int,
    seed: int,
) -> None:
    """Train a hand finder on every annotated patient who is not held out, and write its bundle.

    An interrupted run resumes from the checkpoint in `work`.

    Args:
        annotations: Joint positions, see `annotations.check.read_checked`.
        images: Folder of the radiographs that they name.
        out: Folder of the bundle.
        work: Folder for the checkpoint.
        names: What the points are called there; None for their own names.
        shapes: Landmarks of further hands, see `load_shapes`.
        phantoms: Number of phantoms to learn from besides.
        steps: Batches to train on.
        threads: CPU threads.
        seed: Random seed.

    Raises:
        SharpError: Annotations or radiographs cannot be used, or a folder cannot be made.
    """
    begin(out, work, threads=threads)
    annotated = read_checked(annotations, images, names)
    LOGGER.info("%s", name_sources(annotated))
    hands = select_hands(annotated, held_out=False)
    bends = load_shapes(shapes)
    rng = np.random.default_rng((seed, _steps_done(work)))
    stock = load_sources(hands, images) + phantom_sources(phantoms, rng)
    network = train_network(work, RadiographMaker(stock, bends, rng), steps=steps, seed=seed)
    example = torch.zeros(1, CHANNELS, INPUT, INPUT)
    write_onnx(network, example, out / NETWORK_FILE)
    meta = {
        **initial_meta(out, "hands"),
        "architecture": "centre heatmaps and point offsets",
        "widths": _WIDTHS,
        "neck": _NECK,
        "input": {
            "shape": [8, CHANNELS, INPUT, INPUT],
            "normalisation": "rank within the image, and local contrast",
        },
        "stride": STRIDE,
        "offset_unit": OFFSET_UNIT,
        "points": POINTS,
        "threshold": THRESHOLD,
        "training": {
            "steps": steps,
            "batch": _BATCH,
            "hands": len(hands),
            "shapes": len(bends),
            "phantoms": phantoms,
            "seed": seed,
        },
    }
    write_bundle(out, meta, [NETWORK_FILE])


def _steps_done(work: Path) -> int:
    path = work / CHECKPOINT
    return int(torch.load(path, weights_only=True)["step"]) if path.is_file() else 0


def train_network(work: Path, maker: RadiographMaker, *, steps: int, seed: int) -> nn.Module:
    """Train, or resume from the checkpoint in `work`.

    Returns:
        The network with the running average of its weights.
    """
    torch.manual_seed(seed)
    network = HandNetwork().to(memory_format=torch.channels_last)
    swa = torch.optim.swa_utils
    running = swa.get_ema_multi_avg_fn(_EMA)  # type: ignore[no-untyped-call]
    average = swa.AveragedModel(network, multi_avg_fn=running, use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.02)
    start = 0
    if (work / CHECKPOINT).is_file():
        state = torch.load(work / CHECKPOINT, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        start = int(state["step"])
    network.train()
    began, losses = time.monotonic(), []
    for step in range(start, steps):
        warm = min(1.0, (step + 1) / 200)
        for group in optimiser.param_groups:
            group["lr"] = _RATE * warm * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-5
        radiographs = [maker.make() for _ in range(_BATCH)]
        picture = torch.from_numpy(
            np.stack([normalise(one.view, one.inside) for one in radiographs])
        )
        wanted = [
            torch.from_numpy(np.stack(one)) for one in zip(*map(targets, radiographs), strict=True)
        ]
        with half_precision("cpu"):
            answer = network(picture.contiguous(memory_format=torch.channels_last))
        peaks, places = loss(answer, *wanted)
        optimiser.zero_grad()
        (peaks + 4 * places).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update_parameters(network)
        losses.append((peaks.item(), places.item()))
        if (step + 1) % 100 == 0 or step + 1 == steps:
            peak, place = np.mean(losses, axis=0)
            spent = (time.monotonic() - began) / (step + 1 - start)
            LOGGER.info(
                "%d of %d: peaks %.3f places %.4f (%.2f s a step)",
                step + 1, steps, peak, place, spent,
            )  # fmt: skip
            losses.clear()
        if (step + 1) % 500 == 0 or step + 1 == steps:
            saved: dict[str, Any] = {
                "network": network.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": step + 1,
            }
            save(saved, work / CHECKPOINT)
    return average.module
