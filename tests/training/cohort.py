"""A tiny cohort of ready-cut patches: non-intact joints are striped, intact ones are not."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from sharp_cli.core.joints import SCORED_FINDINGS, SIDES, TARGETS
from sharp_cli.training.classifier.patch_cutter import margin
from sharp_cli.training.classifier.patch_store import PatchKey, PatchStore
from sharp_cli.training.classifier.settings import (
    ClassifierSettings,
    Hyperparameters,
    ThresholdRule,
)
from tests.labels import labelled_joint
from tests.tiny_findings import TINY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.labels import LabelledJoint

SIZE: Final = 32
COLUMNS: Final = ("patient", "study", "image", "patch", "hand", "finding", "joint", "grade")
SMALLEST: Final = ("erosion", "CMC-M")
"""The head with the fewest joints, two a hand."""


def cohort(
    patients: int = 6,
    *,
    heads: Iterable[tuple[str, str]] = (SMALLEST,),
    studies: int = 1,
    seed: int = 0,
) -> list[LabelledJoint]:
    """Every joint of some heads, in both hands of every study; about half of them non-intact."""
    rng = np.random.default_rng(seed)
    places: list[tuple[str, str, Side, Finding, str]] = [
        (f"p{number}", f"s{number}.{study}", side, target.finding, target.joint)
        for number in range(1, patients + 1)
        for study in range(1, studies + 1)
        for side in SIDES
        for target in TARGETS
        if (target.finding, target.group) in heads
    ]
    return [
        labelled_joint(
            line=line, patient=patient, study=study, side=side, finding=finding, joint=name,
            grade=int(rng.integers(2)), patch=f"{study}-{side}-{name}.png",
        )
        for line, (patient, study, side, finding, name) in enumerate(places, start=2)
    ]  # fmt: skip


def picture(rng: np.random.Generator, *, damaged: bool, size: int = SIZE) -> NDArray[np.uint8]:
    """Smooth noise, striped if damaged; uint8."""
    coarse = rng.uniform(60, 120, (5, 5)).astype(np.float32)
    smooth = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    stripes = 60 * (np.arange(size)[:, None] * 8 // size % 2) if damaged else 0
    return np.asarray(np.clip(smooth + stripes, 0, 255), dtype=np.uint8)


def write(folder: Path, joints: Iterable[LabelledJoint]) -> Path:
    """Write patches and the table of labels."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for one in joints:
            content = picture(rng, damaged=one.damaged, size=2 * SIZE)
            if one.patch is not None and not (folder / one.patch).exists():
                cv2.imwrite(str(folder / one.patch), content)
            rows.writerow(
                [one.patient, one.study, one.image, one.patch, one.side, one.finding, one.joint,
                 one.grade]
            )  # fmt: skip
    return folder / "labels.csv"


def store(joints: Iterable[LabelledJoint], *, size: int = SIZE) -> PatchStore:
    """Their patches, in memory."""
    rng = np.random.default_rng(2)
    rows: dict[PatchKey, int] = {}
    pixels: list[NDArray[np.float64]] = []
    for one in joints:
        places = [
            PatchKey(one.patient, one.study, one.side, finding, one.joint)
            for finding in SCORED_FINDINGS[one.joint]
        ]
        if places[0] not in rows:
            rows |= dict.fromkeys(places, len(pixels))
            view = picture(rng, damaged=one.damaged, size=size + 2 * margin(size))
            pixels.append((view - view.mean()) / view.std())
    return PatchStore(np.array(pixels, np.float16), rows, size)


def settings(**chosen: Any) -> ClassifierSettings:
    asked: dict[str, Any] = {
        "models": ("mimo-local",),
        "context": "pooling",
        "trunk": "per-group",
        "start": "he",
        "weights": None,
        "frozen": False,
        "size": SIZE,
        "hyper": Hyperparameters(batch=4),
        "search": 0,
        "samples": 8,
        "epochs": 3,
        "patience": 3,
        "threshold": ThresholdRule(),
        "seed": 1,
        **chosen,
    }
    return ClassifierSettings(**asked)


def training(data: Path, run: Path, *, samples: int, epochs: int) -> list[str]:
    """What follows `sharp` to train on the cohort of a folder."""
    options = {
        "--labels": data / "labels.csv", "--images": data, "--out": run, "--folds": 3,
        "--init": "he", "--size": SIZE, "--samples": samples, "--epochs": epochs, "--batch": 4,
        "--threads": 1, "--device": "cpu",
    }  # fmt: skip
    words = [str(word) for pair in options.items() for word in pair]
    return ["train", "classifier", *words]


def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trunks be tiny."""
    monkeypatch.setattr("sharp_cli.training.trunk.initial.VGG16", TINY)
