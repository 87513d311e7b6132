"""Detectors of DeepLabCut as bundles: the same places, by other names, and nothing run."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sharp_cli.bundles.store import CARD_FILE, open_bundle
from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.records import Hand, Radiograph
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.inference.openvino_runtime import load_onnx

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

pytest.importorskip("deeplabcut")

CONFIG = "pytorch_config.yaml"
SNAPSHOT = "snapshot-010.pt"
SIZE = 64
RENAMED = ("Index PIP", "index_mcp", "pip-3", "Mcp 3", "tip of the thumb", "ULNA")
"""Keypoints that are PIP2, MCP2, PIP3, MCP3, none of ours, and ulna."""


def untrained(folder: Path, net: str, keypoints: Sequence[str]) -> Path:
    """A network of random weights, with its configuration, as DeepLabCut's training leaves it."""
    import torch  # noqa: PLC0415 - after importorskip
    from deeplabcut.pose_estimation_pytorch.config import PoseConfig  # noqa: PLC0415
    from deeplabcut.pose_estimation_pytorch.models.model import PoseModel  # noqa: PLC0415

    project = {
        "project_path": str(folder),
        "multianimalproject": False,
        "bodyparts": list(keypoints),
        "uniquebodyparts": [],
        "individuals": ["hand"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    top_down = net.startswith("rtmpose")
    config = PoseConfig.build(project, folder / CONFIG, top_down=top_down, net_type=net)
    # With the spread that DeepLabCut draws them with, all places would be alike.
    if not top_down:
        config.set_nested("model.heads.bodypart.weight_init", None)
    config.to_yaml(folder / CONFIG, overwrite=True)
    torch.manual_seed(0)
    model = PoseModel.build(config.model, pretrained_backbone=False)
    content = {"model": model.state_dict(), "metadata": {"epoch": 10, "metrics": {}}}
    torch.save(content, folder / SNAPSHOT)
    return folder / SNAPSHOT


def imported(source: Path, out: Path, *, names: Path | None = None, size: int | None = SIZE) -> Any:
    from sharp_cli.training.detector.deeplabcut_import import import_detector  # noqa: PLC0415

    return import_detector(source, out, names=names, size=size)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp("training"), "cspnext_s", RENAMED)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    path.write_text("theirs,joint\nindex pip,PIP2\nindex mcp,mcp2\n")
    return path


def theirs(snapshot: Path, picture: np.ndarray, *, box: bool = False) -> np.ndarray:
    """What DeepLabCut's own runner gives for a picture: x, y, likelihood of each keypoint."""
    import deeplabcut.pose_estimation_pytorch as dlc  # noqa: PLC0415

    config = snapshot.with_name(CONFIG)
    runner = dlc.get_pose_inference_runner(config, snapshot, batch_size=1, device="cpu")
    colours = np.repeat(picture[..., None], 3, axis=2)
    whole = {"bboxes": np.array([[0, 0, *picture.shape[::-1]]])}
    given = runner.inference([(colours, whole) if box else colours])
    return np.asarray(given[0]["bodyparts"][0])


def agree(bundle: Path, snapshot: Path, kept: Sequence[int], *, box: bool = False) -> None:
    """A bundle's network and DeepLabCut's runner place keypoints within 0.01 px."""
    opened = open_bundle("joints", bundle)
    size = opened.meta["view"]["width"]
    network = load_onnx(bundle / "joints.onnx", threads=1)
    rng = np.random.default_rng(1)
    for _ in range(2):
        picture = rng.integers(0, 256, (size, size), dtype=np.uint8)
        ours = network(picture[None, None].astype(np.float32))[0]
        expected = theirs(snapshot, picture, box=box)[list(kept)]
        np.testing.assert_allclose(ours[:, :2], expected[:, :2], atol=0.01)
        np.testing.assert_allclose(ours[:, 2], expected[:, 2], atol=1e-3)


def test_renamed_keypoints_lie_where_deeplabcut_puts_them(
    snapshot: Path, names: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "mine"
    excluded, missing = imported(snapshot, bundle, names=names)
    assert excluded == "keypoints that are no joint are excluded: tip of the thumb"
    assert missing.startswith("joints that will be reported as not detected: IP, PIP4")
    opened = open_bundle("joints", bundle)
    assert opened.name == "mine 1"
    assert not opened.validated_on_patients
    given = ["PIP2", "MCP2", "PIP3", "MCP3", "ulna"]
    assert opened.meta["networks"] == [{"file": "joints.onnx", "points": given}]
    assert opened.meta["view"] == {"width": SIZE, "height": SIZE, "half_height": 900.0}
    agree(bundle, snapshot, (0, 1, 2, 3, 5))
    card = (bundle / CARD_FILE).read_text()
    for words in (SNAPSHOT, opened.meta["imported"]["snapshot_sha256"], "`cspnext_s`", "Not valid"):
        assert words in card
    assert str(snapshot.parent) not in card + (bundle / "bundle.json").read_text()


def test_an_imported_detector_detects(snapshot: Path, names: Path, tmp_path: Path) -> None:
    imported(snapshot, tmp_path / "mine", names=names)
    detector = JointDetector(open_bundle("joints", tmp_path / "mine"), threads=1)
    pixels = np.random.default_rng(2).random((200, 180), dtype=np.float32)
    radiograph = Radiograph("a.png", pixels, None, None, ())
    to_image = similarity(scale=0.1, x=90, y=100)
    _, points = detector.detect(radiograph, Hand("a.png", "left", "anatomy", to_image, 1.0))
    assert points
    assert {point.joint for point in points} <= {"PIP2", "MCP2", "PIP3", "MCP3", "ulna"}


def test_coordinate_classification_is_decoded_too(tmp_path: Path) -> None:
    snapshot = untrained(tmp_path / "training", "rtmpose_s", POINTS)
    assert imported(snapshot, tmp_path / "mine", size=None) == []
    assert open_bundle("joints", tmp_path / "mine").meta["view"]["width"] == 256
    agree(tmp_path / "mine", snapshot, range(len(POINTS)), box=True)
    with pytest.raises(UsageError, match="takes 256 pixels"):
        imported(snapshot, tmp_path / "mine", size=SIZE)


@pytest.mark.slow
@pytest.mark.parametrize("net", ["resnet_50", "hrnet_w18"])
def test_other_networks(net: str, tmp_path: Path) -> None:
    snapshot = untrained(tmp_path / "training", net, POINTS)
    settle(snapshot)
    imported(snapshot, tmp_path / "mine")
    agree(tmp_path / "mine", snapshot, range(len(POINTS)))


def settle(snapshot: Path) -> None:
    """Give a network the batch statistics without which what it computes grows past all bounds."""
    import torch  # noqa: PLC0415

    from sharp_cli.training.detector.keypoint_onnx import load_network  # noqa: PLC0415

    model = load_network(snapshot.with_name(CONFIG), snapshot).model
    for module in model.modules():
        torch.nn.Module.train(module, mode=True)
    with torch.no_grad():
        for _ in range(30):
            model(torch.randn(4, 3, SIZE, SIZE))
    torch.save({"model": model.state_dict()}, snapshot)


def test_of_a_project_the_best_snapshot_of_the_newest_shuffle_is_taken(
    snapshot: Path, tmp_path: Path
) -> None:
    from sharp_cli.training.detector.deeplabcut_import import find_snapshot  # noqa: PLC0415

    models = tmp_path / "dlc-models-pytorch"
    with pytest.raises(ModelError, match="no snapshot in dlc-models-pytorch"):
        find_snapshot(tmp_path)
    for training, files in {
        "iteration-0/hands-trainset95shuffle3": ("snapshot-200.pt",),
        "iteration-1/hands-trainset95shuffle2": ("snapshot-200.pt",),
        "iteration-1/hands-trainset95shuffle10": (
            "snapshot-050.pt", "snapshot-best-040.pt", "snapshot-detector-300.pt",
        ),
        "iteration-1/hands-trainset95shuffle11": (),
    }.items():  # fmt: skip
        folder = models / training / "train"
        folder.mkdir(parents=True)
        shutil.copy(snapshot.with_name(CONFIG), folder)
        for file in files:
            (folder / file).touch()
    newest = models / "iteration-1/hands-trainset95shuffle10/train"
    (tmp_path / "config.yaml").touch()
    for source in (tmp_path, tmp_path / "config.yaml"):
        assert find_snapshot(source) == (newest / CONFIG, newest / "snapshot-best-040.pt")


def test_keypoints_that_give_no_scale_are_refused(snapshot: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("theirs,joint\nmcp 3,\n")
    with pytest.raises(ModelError, match=r"no finger has both.*Index PIP, index_mcp"):
        imported(snapshot, tmp_path / "mine", names=names)
    names.write_text("theirs,joint\nindex pip,PIP3\n")
    with pytest.raises(ModelError, match="two keypoints are PIP3"):
        imported(snapshot, tmp_path / "mine", names=names)
    assert not (tmp_path / "mine").exists()


def test_a_size_that_networks_would_pad_is_refused(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a multiple of 32"):
        imported(snapshot, tmp_path / "mine", size=100)


class Bomb:
    def __init__(self, target: Path) -> None:
        self._target = str(target)

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self._target,)


def bomb(target: Path, *, zipped: bool) -> bytes:
    """A file that makes a folder when it is unpickled, in either format of torch's files."""
    content = pickle.dumps({"model": Bomb(target)}, protocol=2)
    if not zipped:
        return content
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", b"little")
    return file.getvalue()


@pytest.mark.parametrize("zipped", [False, True])
def test_a_snapshot_runs_nothing(snapshot: Path, tmp_path: Path, *, zipped: bool) -> None:
    shutil.copy(snapshot.with_name(CONFIG), tmp_path)
    target = tmp_path / "made by the bomb"
    (tmp_path / SNAPSHOT).write_bytes(bomb(target, zipped=zipped))
    with pytest.raises(ModelError, match="not a snapshot"):
        imported(tmp_path / SNAPSHOT, tmp_path / "mine")
    assert not target.exists()


def test_damaged_and_foreign_snapshots_are_refused(snapshot: Path, tmp_path: Path) -> None:
    shutil.copy(snapshot.with_name(CONFIG), tmp_path)
    path = tmp_path / SNAPSHOT
    content = snapshot.read_bytes()
    with pytest.raises(ModelError, match="no such file"):
        imported(path, tmp_path / "mine")
    for damaged in (b"", content[: len(content) // 2], content[:1000] + b"\0" * 9000, b"letter"):
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match="not a snapshot"):
            imported(path, tmp_path / "mine")
    path.write_bytes(content)
    (tmp_path / CONFIG).unlink()
    with pytest.raises(ModelError, match=r"pytorch_config\.yaml: there is no such file"):
        imported(path, tmp_path / "mine")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cspnext_s", "no_net"),
        ("type: CSPNeXt", "type: !!python/name:os.system"),
        ("model_name: cspnext_s", "model_name: hf-hub:somebody/something"),
        ("net_type:", "net_type: ["),
    ],
)
def test_damaged_and_foreign_configurations_are_refused(
    snapshot: Path, tmp_path: Path, old: str, new: str
) -> None:
    text = snapshot.with_name(CONFIG).read_text()
    assert old in text
    (tmp_path / CONFIG).write_text(text.replace(old, new))
    shutil.copy(snapshot, tmp_path)
    with pytest.raises(ModelError, match=r"pytorch_config\.yaml: "):
        imported(tmp_path / SNAPSHOT, tmp_path / "mine")


def test_a_configuration_of_other_keypoints_is_refused(
    snapshot: Path, names: Path, tmp_path: Path
) -> None:
    lines = snapshot.with_name(CONFIG).read_text().splitlines(keepends=True)
    (tmp_path / CONFIG).write_text("".join(line for line in lines if "ULNA" not in line))
    shutil.copy(snapshot, tmp_path)
    with pytest.raises(ModelError, match="which gives 6 keypoints"):
        imported(tmp_path / SNAPSHOT, tmp_path / "mine", names=names)


def test_pictures_that_are_prepared_otherwise_are_refused(snapshot: Path, tmp_path: Path) -> None:
    text = snapshot.with_name(CONFIG).read_text()
    shutil.copy(snapshot, tmp_path)
    before, _, after = text.partition("  inference:\n")
    for old, new, word in (
        ("hist_eq: false", "hist_eq: true", "hist_eq"),
        ("normalize_images: true", "normalize_images: false", "without normalize_images"),
    ):
        assert old in after
        changed = before + "  inference:\n" + after.replace(old, new, 1)
        (tmp_path / CONFIG).write_text(changed)
        with pytest.raises(ModelError, match=word):
            imported(tmp_path / SNAPSHOT, tmp_path / "mine")


def test_networks_of_several_animals_are_refused(tmp_path: Path) -> None:
    snapshot = untrained(tmp_path, "dekr_w18", ["PIP2", "MCP2"])
    with pytest.raises(ModelError, match="several animals"):
        imported(snapshot, tmp_path / "mine")
