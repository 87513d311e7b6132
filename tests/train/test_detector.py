from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.dataset import AnnotatedHand
from sharp_cli.geometry import similarity
from sharp_cli.joints import POINTS
from sharp_cli.runtime import load_onnx
from sharp_cli.template import TEMPLATE
from sharp_cli.train.views import VIEW_SIZE, canonical_frame, draw_training_view

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 64


def spots() -> tuple[np.ndarray, AnnotatedHand]:
    """A picture with a bright spot at each of a right hand's points, and its annotation."""
    to_image = similarity(scale=0.4, degrees=75, mirror=True, x=400, y=420)
    places = to_image(TEMPLATE)
    rows, columns = np.mgrid[0:800, 0:800].astype(np.float32)
    pixels = np.full((800, 800), 0.2, np.float32)
    for x, y in places:
        pixels += 0.7 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 9**2))
    points = {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, places, strict=True)}
    return pixels, AnnotatedHand("film.png", "right", points)


def test_the_canonical_frame_is_found_again() -> None:
    to_image = similarity(scale=0.4, degrees=75, mirror=True, x=400, y=420)
    points = to_image(TEMPLATE)
    points[3] = np.nan
    np.testing.assert_allclose(
        canonical_frame(points, mirror=True).matrix, to_image.matrix, atol=1e-6
    )


def test_points_stay_on_the_picture_under_augmentation() -> None:
    pixels, hand = spots()
    rng = np.random.default_rng(0)
    other = TEMPLATE + rng.normal(0, 40, TEMPLATE.shape)
    brighter = []
    for _ in range(12):
        view = draw_training_view(pixels, hand, [other], rng)
        assert view.picture.shape == (VIEW_SIZE, VIEW_SIZE)
        for x, y in np.rint(view.points).astype(int):
            if min(x, y) >= 6 and max(x, y) < VIEW_SIZE - 6:
                around = view.picture[y - 6 : y + 7, x - 6 : x + 7]
                brighter.append(around[6, 6] >= np.median(around))
    assert np.mean(brighter) > 0.95


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A network of three points after one short epoch: its configuration and snapshot."""
    from sharp_cli.train import detector  # noqa: PLC0415 - deeplabcut takes seconds to import
    from sharp_cli.train.views import View  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("detector")
    rng = np.random.default_rng(0)
    views = [
        View(rng.integers(0, 256, (SIZE, SIZE), dtype=np.uint8), rng.uniform(0, SIZE, (22, 2)))
        for _ in range(8)
    ]
    detector.write_coco(folder, "train", views)
    detector.write_coco(folder, "test", views[:1])
    snapshot = detector.train_network(folder, points=POINTS, epochs=1, seed=0)
    return folder / detector.CONFIG_FILE, snapshot


def test_the_onnx_file_gives_what_deeplabcuts_own_runner_gives(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    import deeplabcut.pose_estimation_pytorch as dlc  # noqa: PLC0415

    from sharp_cli.train.keypoint_onnx import export_onnx, load_network  # noqa: PLC0415

    config, snapshot = trained
    export_onnx(load_network(config, snapshot), tmp_path / "joints.onnx", size=SIZE)
    network = load_onnx(tmp_path / "joints.onnx", threads=1)
    runner = dlc.get_pose_inference_runner(config, snapshot, batch_size=1, device="cpu")
    rng = np.random.default_rng(1)
    for _ in range(3):
        picture = rng.integers(0, 256, (SIZE, SIZE), dtype=np.uint8)
        theirs = runner.inference([np.repeat(picture[..., None], 3, axis=2)])[0]["bodyparts"][0]
        ours = network(picture[None, None].astype(np.float32))[0]
        np.testing.assert_allclose(ours[:, :2], theirs[:, :2], atol=0.01)
        np.testing.assert_allclose(ours[:, 2], theirs[:, 2], atol=1e-3)


def test_a_finished_training_is_not_repeated(trained: tuple[Path, Path]) -> None:
    from sharp_cli.train import detector  # noqa: PLC0415

    config, snapshot = trained
    before = snapshot.stat().st_mtime_ns
    again = detector.train_network(config.parent, points=POINTS, epochs=1, seed=0)
    assert again == snapshot
    assert snapshot.stat().st_mtime_ns == before
