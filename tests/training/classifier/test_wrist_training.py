"""A training from words on wrists, beside labels of joints, from pictures to the bundle."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.geometry import similarity
from sharp_cli.core.inputs import MODELS
from sharp_cli.core.joints import POINTS, SET_JOINTS, SIDES
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.labels import read_labels
from sharp_cli.datasets.patient_folds import read_folds
from sharp_cli.evaluation.cases import match
from sharp_cli.evaluation.raters import read_models
from sharp_cli.training.classifier.sources import Sources
from sharp_cli.training.classifier.training import train_classifier
from tests.datasets.annotations import pictures
from tests.training import cohort

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.joints import Side

SIZE = 200
WRIST = POINTS[POINTS.index("CMC1") :]
SIX = SET_JOINTS["erosion", "wrist"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    cohort.tiny(monkeypatch)


def paint(path: Path, side: Side, rng: np.random.Generator) -> pictures.Points:
    """A radiograph of a wrist without fingers, and where its joints are."""
    to_image = similarity(scale=0.2, mirror=side == "right", x=SIZE / 2, y=0)
    places = dict(zip(POINTS, to_image(TEMPLATE).round().tolist(), strict=True))
    cv2.imwrite(str(path), rng.integers(0, 256, (SIZE, SIZE), np.uint8))
    return {joint: (places[joint][0], places[joint][1]) for joint in WRIST}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine patients: of six both wrists are one word, of three their joints are labelled."""
    folder = tmp_path_factory.mktemp("wrists")
    rng = np.random.default_rng(0)
    hands: list[tuple[str, Side, pictures.Points]] = []
    rows = ["patient,study,image,hand,finding,joint,label"]
    for number in range(9):
        for side in SIDES:
            image = f"{number}_{side}.png"
            hands.append((image, side, paint(folder / image, side, rng)))
            words = {"wrist": "intact" if number % 3 == 0 else "non-intact"}
            if number > 5:
                words = {joint: "non-intact" if joint == "ulna" else "intact" for joint in SIX}
            rows += [
                f"p{number},s,{image},{side},erosion,{joint},{word}"
                for joint, word in words.items()
            ]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "joints.csv").write_text(pictures.table(*hands))
    (folder / "folds.csv").write_text(
        "\n".join(["patient,fold", *(f"p{number},{number // 3 + 1}" for number in range(9))])
    )
    return folder


def train(data: Path, run: Path, **chosen: Any) -> None:
    sources = Sources(
        data / "labels.csv", data, data / "joints.csv", None, None, None, hands=None, detector=None
    )
    train_classifier(
        sources, run, settings=cohort.settings(**{"samples": 2, "epochs": 1, **chosen}), folds=3,
        final=False, device="cpu", threads=1, helpers=None, report=lambda _: None,
    )  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "chosen",
    [
        {"models": MODELS[:4], "frozen": True},
        {"models": ("siso",), "trunk": "shared"},
        {"models": ("mimo-local",), "trunk": "per-group"},
    ],
)
def test_words_on_wrists_and_labels_of_joints_train_together(
    data: Path, tmp_path: Path, chosen: dict[str, Any]
) -> None:
    train(data, tmp_path, **chosen)
    models = chosen["models"]
    sets = rows(tmp_path / "sets.csv")
    assert [(row["model"], row["patient"], row["hand"]) for row in sets] == [
        (model, f"p{number}", side) for model in models for number in range(6) for side in SIDES
    ]
    folds = read_folds(tmp_path / "folds.csv", {f"p{number}" for number in range(9)}, 3)
    assert all(folds[row["patient"]] == int(row["fold"]) for row in sets)
    assert all(0 < float(row["probability"]) < 1 for row in sets)
    metrics = rows(tmp_path / "set-metrics.csv")
    assert [(row["model"], row["sets"], row["non_intact"]) for row in metrics] == [
        (model, "12", "8") for model in models
    ]
    # Joints of intact wrists are labelled, those of others are not.
    labels = read_labels(data / "labels.csv")
    predictions = rows(tmp_path / "predictions.csv")
    assert len(predictions) == len(models) * len(labels.joints) == len(models) * 6 * (4 + 6)
    raters = read_models([tmp_path / "predictions.csv"], {one.image for one in labels.joints})
    cases = match(data / "labels.csv", labels.joints, raters, "exclude")
    assert bool(cases.known.all())
    assert {row["group"] for row in predictions} == {"CMC-M", "wrist"}
    fits = {path.name for path in (tmp_path / "fits" / "1").iterdir()}
    assert fits == (
        {"all heads"}
        if chosen.get("trunk") == "shared"
        else {f"{model}-erosion-CMC-M and {model}-erosion-wrist" for model in models}
    )
    bundle = open_bundle("findings", tmp_path / "bundle")
    assert set(bundle.meta["thresholds"]) == set(models)
