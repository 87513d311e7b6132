"""Training of a joint detector, on pictures so small that it takes seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import deeplabcut.pose_estimation_pytorch as dlc
import numpy as np
import pytest
import torch
from deeplabcut.pose_estimation_pytorch.runners.train import PoseTrainingRunner

from sharp_cli.bundles.store import CARD_FILE, open_bundle
from sharp_cli.cli.commands.train.detector import Net
from sharp_cli.core.errors import ModelError, NoHandError, UsageError
from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS, TARGETS
from sharp_cli.core.records import Hand, Point
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.evaluation.metrics.detection import summarise
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.inference.openvino_runtime import load_onnx
from sharp_cli.training.detector import network as detector_network
from sharp_cli.training.detector.config import CONFIG_FILE
from sharp_cli.training.detector.fold_files import Fold, read_folds
from sharp_cli.training.detector.folds import fold_errors
from sharp_cli.training.detector.keypoint_onnx import KeypointNetwork, export_onnx, load_network
from sharp_cli.training.detector.network import (
    BEST,
    CHECKPOINT,
    build_network,
    start_from,
    train_network,
)
from sharp_cli.training.detector.settings import NETS, DetectorSettings
from sharp_cli.training.detector.training import train_detector
from sharp_cli.training.detector.training_views import write_coco
from sharp_cli.training.detector.validation import PlainView, draw_plain_views, measure
from sharp_cli.training.helpers import Helpers
from sharp_cli.training.run import save
from sharp_cli.training.views import View, view_window
from tests.datasets.annotations import pictures
from tests.fakes import FakeRayPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.records import Radiograph
    from sharp_cli.evaluation.metrics.detection import DetectionSummary

SIZE = 64
WINDOW = view_window(SIZE, SIZE)
EPOCHS = 3


def network(
    folder: Path,
    net: str = "cspnext_s",
    *,
    points: Sequence[str] = POINTS,
    init: Path | None = None,
    seed: int = 0,
) -> KeypointNetwork:
    return build_network(folder, points=points, settings=settings(net=net, init=init, seed=seed))


def settings(**chosen: Any) -> DetectorSettings:
    return DetectorSettings(
        **{"width": SIZE, "height": SIZE, "views": 1, "epochs": EPOCHS, "seed": 0, **chosen}
    )


def snapshot(folder: Path, **chosen: Any) -> Path:
    """A snapshot of a network that has learned nothing."""
    path = folder / "snapshot.pt"
    save({"metadata": {}, "model": network(folder, **chosen).model.state_dict()}, path)
    return path


def hands(folder: Path, count: int = 1) -> list[AnnotatedHand]:
    names = [f"p{number}_L.png" for number in range(count)]
    pictures.paint(folder, *names)
    return [AnnotatedHand(name, "left", pictures.points()) for name in names]


def train(folder: Path) -> Path:
    """Train on 16 views of noise, two steps an epoch."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    views = [
        View(rng.integers(0, 256, (SIZE, SIZE), dtype=np.uint8), rng.uniform(0, SIZE, (22, 2)))
        for _ in range(16)
    ]
    write_coco(folder, views)
    plain = draw_plain_views(hands(folder), folder, WINDOW)
    return train_network(folder, network(folder), plain, settings=settings())


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector")
    train(folder)
    return folder


def test_the_onnx_file_gives_what_deeplabcuts_own_runner_gives(
    trained: Path, tmp_path: Path
) -> None:
    config, best = trained / CONFIG_FILE, trained / BEST
    network = load_network(config, best)
    export_onnx(network, tmp_path / "joints.onnx", WINDOW)
    exported = load_onnx(tmp_path / "joints.onnx", threads=1)
    runner = dlc.get_pose_inference_runner(config, best, batch_size=1, device="cpu")
    rng = np.random.default_rng(1)
    for _ in range(3):
        picture = rng.integers(0, 256, (SIZE, SIZE), dtype=np.uint8)
        theirs = runner.inference([np.repeat(picture[..., None], 3, axis=2)])[0]["bodyparts"][0]
        ours = exported(picture[None, None].astype(np.float32))[0]
        np.testing.assert_allclose(ours[:, :2], theirs[:, :2], atol=0.01)
        np.testing.assert_allclose(ours[:, 2], theirs[:, 2], atol=1e-3)
        np.testing.assert_allclose(network.find(picture[None])[0], ours, atol=0.01)


def test_a_finished_training_is_not_repeated(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(PoseTrainingRunner, "step")
    assert train(trained) == trained / BEST


def test_a_run_killed_amid_an_epoch_resumes_as_if_it_had_not_been(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, step = 0, PoseTrainingRunner.step

    def stop_in_the_second_epoch(runner: Any, *given: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 4:
            raise KeyboardInterrupt
        return step(runner, *given)

    with monkeypatch.context() as patch:
        patch.setattr(PoseTrainingRunner, "step", stop_in_the_second_epoch)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert read(tmp_path / CHECKPOINT)["metadata"]["epoch"] == 1
    train(tmp_path)
    for file in (CHECKPOINT, BEST):
        ours, theirs = read(tmp_path / file), read(trained / file)
        assert ours["metadata"]["epoch"] == theirs["metadata"]["epoch"]
        torch.testing.assert_close(ours["model"], theirs["model"], rtol=0, atol=0)
    ours, theirs = read(tmp_path / CHECKPOINT), read(trained / CHECKPOINT)
    assert ours["metadata"]["epoch"] == EPOCHS
    assert ours["scheduler"] == theirs["scheduler"]


def test_the_snapshot_with_the_lowest_median_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = summarise([])
    medians = iter([math.nan, 2.0, 3.0])

    def made_up(*_: object) -> DetectionSummary:
        return replace(empty, median=next(medians), mean=0.0)

    monkeypatch.setattr(detector_network, "measure", made_up)
    best = read(train(tmp_path))
    assert (best["metadata"]["epoch"], best["metadata"]["validation"]["median"]) == (2, 2.0)
    last = read(tmp_path / CHECKPOINT)["model"]
    assert any(not torch.equal(value, last[name]) for name, value in best["model"].items())


class Shifted:
    """Gives the points where they are, each a little to the right of the one before."""

    keypoints = POINTS

    def __init__(self, view: PlainView) -> None:
        self.view = view

    def find(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        places = self.view.hand.positions() + [[number, 0] for number in range(len(POINTS))]
        seen = self.view.to_image.inverse()(places)
        answer = np.column_stack([seen, np.zeros(len(POINTS))]).astype(np.float32)
        return np.repeat(answer[None], len(pictures), axis=0)


def test_validation_is_what_evaluate_detection_says(tmp_path: Path) -> None:
    (hand,) = hands(tmp_path)
    (view,) = draw_plain_views([hand], tmp_path, WINDOW)
    again = draw_plain_views([hand], tmp_path, WINDOW)[0]
    assert np.array_equal(view.picture, again.picture)
    shifted: Any = Shifted(view)
    found = measure(shifted, [view])
    percent = [100 * POINTS.index(target.joint) / hand.phalanx for target in TARGETS]
    assert found.joints == found.detected == len(TARGETS)
    assert found.median == pytest.approx(median(percent), abs=0.01)
    assert found.mean == pytest.approx(np.mean(percent), abs=0.01)
    assert found.found == pytest.approx(100 * np.mean([value <= 15 for value in percent]))


def test_a_snapshot_of_other_points_gives_all_layers_that_fit(tmp_path: Path) -> None:
    theirs = read(snapshot(tmp_path, points=POINTS[:3], seed=1))["model"]
    ours = network(tmp_path).model
    fresh = start_from(ours, tmp_path / "snapshot.pt", "cspnext_s")
    assert fresh == [
        f"heads.bodypart.{head}_head.deconv_layers.2.{kind}"
        for head in ("heatmap", "locref")
        for kind in ("weight", "bias")
    ]
    for name, value in ours.state_dict().items():
        assert (name in fresh) or torch.equal(value, theirs[name])


def test_a_snapshot_of_another_network_is_refused(tmp_path: Path) -> None:
    path = snapshot(tmp_path)
    with pytest.raises(ModelError, match=r"snapshot\.pt: not a snapshot of cspnext_m; choose"):
        network(tmp_path, net="cspnext_m", init=path)


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (Path("exploded"),)  # type: ignore[return-value]


@pytest.mark.parametrize("content", ["bomb", "list", "numbers", "damaged"])
def test_what_is_no_snapshot_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "snapshot.pt"
    if content == "bomb":
        torch.save({"model": Bomb()}, path)
    elif content == "damaged":
        path.write_bytes(b"no snapshot")
    else:
        torch.save([1] if content == "list" else {"model": {"a": 1}}, path)
    with pytest.raises(ModelError, match=r"snapshot\.pt: not a DeepLabCut snapshot"):
        start_from(network(tmp_path).model, path, "cspnext_s")
    assert not Path("exploded").exists()


def test_the_command_line_offers_all_networks() -> None:
    assert [net.value for net in Net] == [*NETS]
    with pytest.raises(UsageError, match="--net vgg16: no such network; choose one of cspnext_s, "):
        settings(net="vgg16").check()
    with pytest.raises(UsageError, match="--width 100: not a multiple of 32"):
        settings(width=100).check()


@pytest.mark.parametrize("net", ["cspnext_m", "resnet_50", "hrnet_w18"])
def test_a_network_answers_at_the_stride_that_its_bundle_names(tmp_path: Path, net: str) -> None:
    built = network(tmp_path, net=net)
    assert built.model.backbone.freeze_bn_stats is False
    assert built.model._strides["bodypart"] == NETS[net].stride
    assert built.find(np.zeros((1, SIZE, SIZE), np.uint8)).shape == (1, len(POINTS), 3)


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS)
def test_every_network_can_be_exported(tmp_path: Path, net: str) -> None:
    built = network(tmp_path, net=net)
    export_onnx(built, tmp_path / "joints.onnx", WINDOW)
    picture = np.random.default_rng(1).integers(0, 256, (1, SIZE, SIZE), dtype=np.uint8)
    exported = load_onnx(tmp_path / "joints.onnx", threads=1)(picture[None].astype(np.float32))
    np.testing.assert_allclose(exported[0], built.find(picture)[0], atol=0.02)


def train_all(folder: Path, **chosen: Any) -> None:
    """Train from annotations to the bundle."""
    asked: dict[str, Any] = {
        "names": None,
        "validation": None,
        "settings": settings(epochs=1),
        "folds": 0,
        "finder": None,
        "device": "cpu",
        "threads": 1,
        "helpers": None,
        **chosen,
    }
    train_detector(folder / "joints.csv", folder, folder / "mine", folder / "work", **asked)


def annotate(folder: Path, name: str, found: list[AnnotatedHand]) -> Path:
    rows = [(hand.image, hand.side, dict(hand.points)) for hand in found]
    path = folder / name
    path.write_text(pictures.table(*rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a detector was trained from annotations of ten pictures."""
    folder = tmp_path_factory.mktemp("made")
    annotate(folder, "joints.csv", hands(folder, count=10))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PERTURBATIONS", "HARD", "STRANGE"):
            patch.setattr(f"sharp_cli.training.detector.certainty.{name}", ())
        train_all(folder, folds=2)
    return folder


def test_the_bundle_and_its_card_say_how_it_was_made(made: Path) -> None:
    bundle = open_bundle("joints", made / "mine")
    JointDetector(bundle, threads=1)
    best = read(made / "work" / BEST)["metadata"]
    assert bundle.meta["validation"] == {
        **best["validation"],
        "epoch": 1,
        "data": "2 annotated hands of 2 radiographs",
    }
    assert bundle.meta["training"]["data"] == "8 annotated hands of 8 radiographs"
    assert bundle.meta["folds"]["erosion all joints"]["joints"] == 160
    assert bundle.meta["architecture"].startswith("DeepLabCut 3 cspnext_s, two deconvolutions")
    assert CARD_FILE in bundle.meta["sha256"]
    card = (made / "mine" / CARD_FILE).read_text(encoding="utf-8")
    assert "Not validated on patients" in card
    assert (
        "\nsharp train detector --annotations joints.csv "
        f"--images {made.name} --out mine --work work --net cspnext_s --width 64 "
        "--height 64 --views 1 "
        "--epochs 1 --seed 0 --folds 2"
    ) in card
    assert "for each of 2 folds" in card
    assert "| jsn all joints | 150 |" in card
    assert "{" not in card


@pytest.mark.slow
def test_with_help_nothing_is_different(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sharp_cli.training.helpers.RayPool", FakeRayPool)
    for name in ("PERTURBATIONS", "HARD", "STRANGE"):
        monkeypatch.setattr(f"sharp_cli.training.detector.certainty.{name}", ())
    folder = tmp_path / made.name
    annotate(folder, "joints.csv", hands(folder, count=10))
    caplog.set_level("INFO", "sharp_cli")
    train_all(folder, folds=2, helpers=Helpers("cpu", 1))
    lines = [one.message for one in caplog.records]
    assert [line for line in lines if "done" in line] == [
        "fold 1: done; 1 of 3", "fold 2: done; 2 of 3", "all pictures: done; 3 of 3",
    ]  # fmt: skip
    assert len([line for line in lines if "epoch 1 of 1" in line]) == 3
    for place in ("mine", "work/fold-1-of-2/bundle", "work/fold-2-of-2/bundle"):
        for path in (made / place).iterdir():
            assert (folder / place / path.name).read_bytes() == path.read_bytes(), path


def test_without_folds_the_card_says_that_nothing_was_measured(made: Path) -> None:
    train_all(made)
    card = (made / "mine" / CARD_FILE).read_text(encoding="utf-8")
    assert "**Measured** not at all" in card
    assert "not calibrated" in card
    assert open_bundle("joints", made / "mine").meta["folds"] == {}


def test_folds_are_measured_by_the_detector_that_has_not_seen_them(tmp_path: Path) -> None:
    first, second = hands(tmp_path, count=2)
    folds = [Fold(Path("of first"), [first]), Fold(Path("of second"), [second])]
    errors = fold_errors(folds, tmp_path, OneHand(), lambda bundle: Wrong(bundle.name))
    of_first = [item.error for item in errors if item.image == first.image]
    assert of_first == pytest.approx([0.0] * len(TARGETS), abs=1e-6)
    assert all(item.error == math.inf for item in errors if item.image == second.image)


def test_the_folds_of_a_training_are_found_again(made: Path, tmp_path: Path) -> None:
    first, second = read_folds(made / "work")
    seen = {hand.image for hand in first.hands} | {hand.image for hand in second.hands}
    assert seen == {f"p{number}_L.png" for number in range(10)}
    assert len(first.hands) == len(second.hands) == 5
    assert first.hands[0].points == pictures.points()
    assert open_bundle("joints", second.bundle).meta["view"]["width"] == SIZE
    with pytest.raises(UsageError, match="no finished folds"):
        read_folds(tmp_path)


class OneHand:
    """Finds a left hand in every picture but the second one."""

    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        if "p1" in radiograph.file:
            raise NoHandError(radiograph.file)
        return (Hand(radiograph.file, "left", "anatomy", similarity(), 1.0),), ()


@dataclass
class Wrong:
    """Finds the joints right if it is the detector of the first fold."""

    name: str

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        assert radiograph.side is None
        shift = 0 if self.name == "of first" else 1000
        points = pictures.points().items()
        return hand, tuple(Point(joint, x + shift, y, 1.0) for joint, (x, y) in points)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"epochs": 2}, "--epochs"),
        ({"seed": 2, "views": 2}, "--views, --seed"),
        ({"net": "hrnet_w18"}, "--net"),
        ({"height": 96}, "--height"),
        ({"init": "joints.csv"}, "--init"),
    ],
)
def test_other_options_do_not_resume_a_training(
    made: Path, changed: dict[str, Any], named: str
) -> None:
    if "init" in changed:
        changed = {"init": made / changed["init"]}
    with pytest.raises(UsageError, match=f"work: holds a training with another {named}; give"):
        train_all(made, settings=settings(**{"epochs": 1, **changed}))


def test_other_annotations_do_not_resume_a_training(made: Path) -> None:
    pictures.paint(made, "other_L.png")
    other = [AnnotatedHand("other_L.png", "left", pictures.points())]
    with pytest.raises(UsageError, match="with another --annotations, --validation; give"):
        train_all(made, validation=annotate(made, "other.csv", other))


def test_a_single_fold_is_refused(made: Path) -> None:
    with pytest.raises(UsageError, match="--folds 1: a single fold"):
        train_all(made, folds=1)


def test_no_patient_both_trains_and_validates(made: Path) -> None:
    with pytest.raises(UsageError, match=r"who are in joints\.csv, too: p0_L\.png, .*take them"):
        train_all(made, validation=made / "joints.csv")


def test_too_few_pictures_to_validate_with(tmp_path: Path) -> None:
    annotate(tmp_path, "joints.csv", hands(tmp_path, count=4))
    with pytest.raises(UsageError, match=r"fewer than 5 patients .*--validation"):
        train_all(tmp_path)


def test_views_of_an_older_version_are_not_gone_on_with(tmp_path: Path) -> None:
    annotate(tmp_path, "joints.csv", hands(tmp_path, count=10))
    write_coco(tmp_path / "work", [View(np.zeros((SIZE, SIZE), np.uint8), np.zeros((22, 2)))])
    with pytest.raises(UsageError, match="work: holds a training of an older version; give anoth"):
        train_all(tmp_path)
