from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from sharp_cli import radiograph
from sharp_cli.core.errors import DocumentError
from sharp_cli.core.hand_frame import common_frame
from sharp_cli.core.joints import POINTS, SCORED_FINDINGS, SIDES
from sharp_cli.core.records import Hand, Point
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.inference.classifier import standardise
from sharp_cli.inference.crop import crop
from sharp_cli.training.classifier.features import PatchAugmenter
from sharp_cli.training.classifier.patch_cutter import MARGIN, margin
from sharp_cli.training.classifier.patch_store import PatchKey, PatchStore, build_patch_store
from tests import fakes
from tests.labels import labelled_joint
from tests.synthetic.phantom import hands as phantoms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Patch
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.scoring.stages import Detector, Finder
    from sharp_cli.synthetic.phantom import Phantom

    Load = Callable[[], tuple[Finder, Detector]]


def no_detector() -> Any:
    pytest.fail("nothing is to be detected")


def fake_detector() -> tuple[Finder, Detector]:
    return fakes.FakeFinder(), fakes.FakeDetector()


def made(
    joints: Sequence[LabelledJoint],
    images: Path,
    *,
    size: int = 64,
    positions: Mapping[tuple[str, Side], AnnotatedHand] | None = None,
    detector: Load = no_detector,
) -> tuple[PatchStore, list[str]]:
    return build_patch_store(
        joints, images, images / "kept", size=size, positions=positions or {}, detector=detector
    )


def shown(store: PatchStore, side: Side, joint: str) -> NDArray[np.float32]:
    """A patch as a network sees it, without augmentation."""
    row = store.rows[PatchKey("p1", "s1", side, SCORED_FINDINGS[joint][0], joint)]
    picture: NDArray[np.float32] = (
        PatchAugmenter(store, "cpu").pictures(np.array([row]), None)[0].numpy()
    )
    return picture


def joints_of(image: str, side: Side, names: Sequence[str] = POINTS) -> list[LabelledJoint]:
    return [labelled_joint(image=image, side=side, joint=name, patch=None) for name in names]


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return phantoms.hand(side="right")


def save(phantom: Phantom, folder: Path) -> None:
    pixels = np.rint(phantom.pixels * 65535).astype(np.uint16)
    cv2.imwrite(str(folder / "hand.png"), pixels)


def cropped(phantom: Phantom, folder: Path) -> dict[str, Patch]:
    """What is cut of the hand when it is classified."""
    positions = AnnotatedHand("hand.png", "right", phantom.points).positions()
    frame = common_frame(positions, mirror=True)
    points = [Point(name, x, y, 1.0) for name, (x, y) in phantom.points.items()]
    picture = radiograph.read(folder / "hand.png")
    hand = Hand("hand.png", "right", "anatomy", frame, 1.0)
    return {patch.joint: patch for patch in crop(picture, hand, points)}


@pytest.mark.parametrize("size", [64, 128, 224])
def test_the_inside_of_a_stored_patch_is_what_is_seen_in_use(
    phantom: Phantom, tmp_path: Path, size: int
) -> None:
    save(phantom, tmp_path)
    annotated = AnnotatedHand("hand.png", "right", phantom.points)
    store, messages = made(
        joints_of("hand.png", "right"), tmp_path, size=size,
        positions={("hand.png", "right"): annotated},
    )  # fmt: skip
    assert not messages
    assert store.pixels.shape == (22, size + 2 * margin(size), size + 2 * margin(size))
    for joint, patch in cropped(phantom, tmp_path).items():
        off = shown(store, "right", joint) - standardise(patch.pixels, size)
        # Both are drawn at the common scale, on grids that differ by parts of a pixel.
        assert np.sqrt(np.mean(off**2)) < 0.01, joint
        assert np.percentile(np.abs(off), 99) < 0.03, joint
        if joint == "radius":
            assert np.abs(off).max() < 0.02


def test_positions_of_the_labels_are_enough_where_they_tell_the_frame(
    phantom: Phantom, tmp_path: Path
) -> None:
    save(phantom, tmp_path)
    known = {name: phantom.points[name] for name in POINTS}
    joints = [
        labelled_joint(image="hand.png", side="right", joint=name, patch=None, place=place)
        for name, place in known.items()
    ]
    annotated = AnnotatedHand("hand.png", "right", known)
    by_label, _ = made(joints, tmp_path)
    by_annotation, _ = made(
        joints_of("hand.png", "right"), tmp_path, positions={("hand.png", "right"): annotated}
    )
    np.testing.assert_array_equal(by_label.pixels, by_annotation.pixels)


def test_the_hands_of_one_radiograph_are_read_once_and_detected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = "two1.png"
    fakes.paint(tmp_path / image)
    other = fakes.paint(tmp_path / "one_L.png", seed=3)
    read: list[str] = []

    def recording(path: str) -> Any:
        read.append(Path(path).name)
        return original(path)

    original = radiograph.read
    monkeypatch.setattr(radiograph, "read", recording)
    # Not one hand after the other.
    joints = [
        *joints_of(image, "left"),
        *[labelled_joint(patient="p2", image=other.name, patch=None)],
        *joints_of(image, "right"),
    ]
    store, messages = made(joints, tmp_path, detector=fake_detector)
    assert not messages
    assert sorted(read) == ["one_L.png", image]
    assert len(store.pixels) == 45
    picture = original(tmp_path / image)
    for hand in fakes.FakeFinder().find(picture)[0]:
        refined, points = fakes.FakeDetector().detect(picture, hand)
        for patch in crop(picture, refined, points):
            off = shown(store, hand.side, patch.joint) - standardise(patch.pixels, 64)
            assert np.sqrt(np.mean(off**2)) < 0.03


def test_a_position_of_a_label_comes_first_and_the_others_are_detected(tmp_path: Path) -> None:
    fakes.paint(tmp_path / "gap_L.png")
    places = dict(zip(POINTS, fakes.frame("left")(TEMPLATE), strict=True))
    moved = (float(places["PIP2"][0]) + 3, float(places["PIP2"][1]))
    plain, messages = made(joints_of("gap_L.png", "left"), tmp_path, detector=fake_detector)
    assert messages == ["gap_L.png: left lunate was not detected and is excluded"]
    joints = [
        labelled_joint(image="gap_L.png", joint=name, patch=None, place=place)
        for name, place in (("PIP2", moved), ("PIP3", None), ("lunate", (100.0, 100.0)))
    ]
    placed, messages = made(joints, tmp_path, detector=fake_detector)
    assert not messages
    assert np.abs(shown(placed, "left", "PIP2") - shown(plain, "left", "PIP2")).max() > 0.5
    np.testing.assert_array_equal(shown(placed, "left", "PIP3"), shown(plain, "left", "PIP3"))
    # The same where the other points are annotated.
    annotated = AnnotatedHand("gap_L.png", "left", {
        name: (float(x), float(y)) for name, (x, y) in places.items() if name != "PIP3"
    })  # fmt: skip
    both, messages = made(
        joints, tmp_path, positions={("gap_L.png", "left"): annotated}, detector=fake_detector
    )
    assert not messages
    assert len(both.pixels) == 3


def test_what_readers_placed_is_kept_where_the_hand_is_not_found(tmp_path: Path) -> None:
    fakes.paint(tmp_path / "none_L.png")
    places = zip(POINTS, fakes.frame("left")(TEMPLATE), strict=True)
    known = {name: (float(x), float(y)) for name, (x, y) in places if name != "lunate"}
    annotated = AnnotatedHand("none_L.png", "left", known)
    store, messages = made(
        joints_of("none_L.png", "left"), tmp_path,
        positions={("none_L.png", "left"): annotated}, detector=fake_detector,
    )  # fmt: skip
    assert len(store.pixels) == 21
    assert messages == ["none_L.png: left lunate was not detected and is excluded"]


def test_ready_patches(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels = cv2.GaussianBlur(rng.integers(0, 65536, (90, 80), dtype=np.uint16), (0, 0), 4)
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    joints = [labelled_joint(patch="a.png"), labelled_joint(patch="a.png", finding="jsn")]
    store, messages = made(joints, tmp_path)
    assert not messages
    assert len(store.pixels) == 1
    np.testing.assert_allclose(shown(store, "left", "CMC1"), standardise(pixels, 64), atol=0.01)


def test_findings_with_patches_of_their_own_are_told_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), rng.integers(0, 255, (80, 80), np.uint8))
    joints = [
        labelled_joint(joint="PIP2", patch="a.png"),
        labelled_joint(joint="PIP2", patch="b.png", finding="jsn"),
    ]
    store, _ = made(joints, tmp_path)
    rows = [store.rows[PatchKey("p1", "s1", "left", one.finding, "PIP2")] for one in joints]
    assert sorted(rows) == [0, 1]
    assert not np.allclose(store.pixels[0], store.pixels[1])


def test_what_cannot_be_read_or_found_is_excluded_and_reported(tmp_path: Path) -> None:
    fakes.paint(tmp_path / "one_L.png")
    fakes.paint(tmp_path / "none.png")
    for broken in ("broken.png", "patch.png"):
        (tmp_path / broken).write_bytes(b"broken")
    joints = [
        *joints_of("one_L.png", "left", ["PIP2"]),
        *joints_of("one_L.png", "right", ["PIP2"]),
        *joints_of("none.png", "left"),
        *[one for side in SIDES for one in joints_of("broken.png", side)],
        labelled_joint(patch="patch.png"),
    ]
    store, messages = made(joints, tmp_path, detector=fake_detector)
    assert store.rows == {
        PatchKey("p1", "s1", "left", finding, "PIP2"): 0 for finding in ("erosion", "jsn")
    }
    assert len(messages) == 4
    for words in ("broken.png: ", "none.png: no hand", "one_L.png: no right hand", "patch.png: "):
        (message,) = (one for one in messages if words in one)
        assert message.endswith("; its joints are excluded")
    with pytest.raises(DocumentError, match=r"no patch could be cut: .*broken"):
        made(joints_of("broken.png", "left"), tmp_path, detector=fake_detector)


def test_a_second_run_reads_what_the_first_has_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.paint(tmp_path / "one_L.png")
    joints = joints_of("one_L.png", "left")
    first, _ = made(joints, tmp_path, detector=fake_detector)
    monkeypatch.delattr(radiograph, "read")
    again, _ = made(joints, tmp_path)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert first.rows == again.rows
    # Patches of another size, or cut elsewhere, are others.
    moved = [labelled_joint(image="one_L.png", joint="PIP2", patch=None, place=(9.0, 9.0))]
    for other, size in ((joints, 32), (moved, 64)):
        with pytest.raises(AttributeError):
            made(other, tmp_path, size=size, detector=fake_detector)


@pytest.mark.parametrize("size", [32, 50, 64, 69, 128, 224, 512])
def test_there_is_room_for_augmentation(size: int) -> None:
    assert MARGIN <= margin(size) / size < MARGIN + 1 / size
