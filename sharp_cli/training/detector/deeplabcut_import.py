"""Detectors that were trained in DeepLabCut, as bundles.

DeepLabCut learns from whole pictures, or from boxes that it cuts out of them; `sharp detect` looks
at a hand in its canonical view. A network carries over where a hand is about as large in that view
as it was in training, which is why the view's side in pixels can be chosen.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import deeplabcut.pose_estimation_pytorch as dlc
from deeplabcut.pose_estimation_pytorch.models.predictors import HeatmapPredictor, SimCCPredictor

from sharp_cli.bundles.store import CARD_FILE, initial_meta, write_bundle
from sharp_cli.core.errors import ModelError, SharpError, UsageError
from sharp_cli.core.joints import PHALANGES, POINTS
from sharp_cli.datasets.annotations.names import Names
from sharp_cli.fileio import output
from sharp_cli.inference.joint_detector import Window
from sharp_cli.training.detector.bundle import MIN_LIKELIHOOD, NETWORK_FILE
from sharp_cli.training.detector.config import CONFIG_FILE
from sharp_cli.training.detector.keypoint_onnx import (
    HEAD,
    KeypointNetwork,
    export_onnx,
    load_network,
)
from sharp_cli.training.views import VIEW_HALF_HEIGHT, VIEW_WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TOP_DOWN_HALF_WIDTH: Final = 750.0
"""Half the view of top-down networks, which learn from boxes that just hold all points.

The mean hand is 1450 canonical pixels long; the rest is for DeepLabCut's margin round a box.
"""

SIZE_STEP: Final = 32
"""Views are multiples of this: the coarsest stride of DeepLabCut's backbones, so that none pads."""

_TRAININGS: Final = f"dlc-models-pytorch/iteration-*/*shuffle*/train/{CONFIG_FILE}"

_HARMLESS: Final = frozenset(
    {"normalize_images", "auto_padding", "resize", "longest_max_size", "top_down_crop", "collate"}
)
"""What DeepLabCut may do to a picture first: `export_onnx` does the first, the view the others."""

_CARD: Final = """\
# {name} 1: finds the joints of a hand, imported from DeepLabCut

**What it does.** Takes a hand that has been found, resampled upright with the thumb to the right \
in {size} x {size} pixels, and gives the positions of {count} points with a localisation \
confidence (`likelihood`) each.

**Not validated on patients; for research only.** What it was trained on and how good it is \
is not known to Sharp: measure it with `sharp detect --detector` and `sharp evaluate detection`.

**Imported from** the DeepLabCut (PyTorch engine) snapshot `{file}`, net `{net}`, sha256 \
`{sha256}`; converted with DeepLabCut {version}. `{network}` holds DeepLabCut's preprocessing and \
decoding too.

**Points.** {points}.

**Not given**, and so reported as not detected: {missing}.
"""


def import_detector(source: Path, out: Path, *, names: Path | None, size: int | None) -> list[str]:
    """Make a joints bundle of a detector that was trained in DeepLabCut's PyTorch engine.

    Args:
        source: A DeepLabCut project, its folder or its `config.yaml`; or a snapshot (`.pt`) with
            its `pytorch_config.yaml` in the same folder.
        out: Folder of the bundle.
        names: What the keypoints are called, see `Names`; None if by the joints' own names.
        size: Side of the view in pixels, a multiple of `SIZE_STEP`; None for what the network was
            made for, if it says so, else that of Sharp's own detectors.

    Returns:
        What to warn of.

    Raises:
        ModelError: There is no such snapshot, it is damaged, or it cannot be used.
        DocumentError: The file of names is bad.
        UsageError: The network cannot take views of this size.
        OutputError: The bundle cannot be written.
    """
    naming = Names(names)
    config, snapshot = find_snapshot(source)
    network = load_network(config, snapshot)
    _check(network, config)
    joints, strangers = _joints(network, naming, config)
    side, top_down = _size(network, config, size), network.config.method == "td"
    window = Window(side, side, TOP_DOWN_HALF_WIDTH if top_down else VIEW_HALF_HEIGHT)
    missing = [point for point in POINTS if point not in joints]
    _export(network, config, out, window, kept=[*joints.values()])
    net = str(network.config.net_type.value)
    sha256 = hashlib.sha256(snapshot.read_bytes()).hexdigest()
    meta = {
        **initial_meta(out, "joints"),
        "licence": "that of the imported snapshot",
        "architecture": f"DeepLabCut 3 {net}, imported",
        "view": asdict(window),
        "min_likelihood": MIN_LIKELIHOOD,
        "networks": [{"file": NETWORK_FILE, "points": [*joints]}],
        "imported": {
            "snapshot": snapshot.name,
            "snapshot_sha256": sha256,
            "net_type": net,
            "deeplabcut": version("deeplabcut"),
        },
    }
    card = _CARD.format(
        name=meta["name"],
        size=side,
        count=len(joints),
        file=snapshot.name,
        net=net,
        sha256=sha256,
        version=version("deeplabcut"),
        network=NETWORK_FILE,
        points=", ".join(joints),
        missing=", ".join(missing) or "none",
    )
    output.write(out / CARD_FILE, card.encode())
    write_bundle(out, meta, [NETWORK_FILE])
    warnings = []
    if strangers:
        warnings.append(f"keypoints that are no joint are excluded: {', '.join(strangers)}")
    if missing:
        warnings.append(f"joints that will be reported as not detected: {', '.join(missing)}")
    return warnings


def _export(
    network: KeypointNetwork, config: Path, out: Path, window: Window, *, kept: Sequence[int]
) -> None:
    try:
        count = network.count(window.height)
        if count == len(network.keypoints):
            output.make_folder(out)
            export_onnx(network, out / NETWORK_FILE, window, kept=kept)
            return
    except SharpError:
        raise
    except Exception as error:
        # Torch and its exporter have an error of their own for everything a network may do.
        message = f"{config}: this network cannot be exported ({type(error).__name__})"
        raise ModelError(message) from error
    message = f"{config}: not the snapshot's, which gives {count} keypoints; give its own"
    raise ModelError(message)


def find_snapshot(source: Path) -> tuple[Path, Path]:
    """The configuration and the snapshot that `source` means, see `import_detector`.

    Of a project it is the best snapshot, or else the last one, of the newest iteration's newest
    shuffle that has any.

    Raises:
        ModelError: There is none.
    """
    if source.suffix == ".pt":
        config = source.with_name(CONFIG_FILE)
        absent = next((path for path in (source, config) if not path.is_file()), None)
        if absent is not None:
            message = (
                f"{absent}: there is no such file; a snapshot needs its {CONFIG_FILE} beside it"
            )
            raise ModelError(message)
        return config, source
    project = source if source.is_dir() else source.parent
    for config in sorted(project.glob(_TRAININGS), key=_age, reverse=True):
        snapshots = dlc.list_snapshots(config.parent, "snapshot", best_in_last=True)
        if snapshots:
            return config, snapshots[-1].path
    message = (
        f"{project}: no snapshot in {_TRAININGS.rpartition('/')[0]}; give a DeepLabCut project "
        "that was trained with the PyTorch engine, or a snapshot (.pt)"
    )
    raise ModelError(message)


def _age(config: Path) -> tuple[int, ...]:
    """Numbers of a training's iteration, shuffle and training fraction."""
    shuffle = config.parents[1].name
    numbers = re.search(r"(\d+)shuffle(\d+)$", shuffle)
    iteration = re.search(r"(\d+)$", config.parents[2].name)
    fraction, number = (int(numbers[1]), int(numbers[2])) if numbers else (-1, -1)
    return int(iteration[1]) if iteration else -1, number, fraction


def _check(network: KeypointNetwork, config: Path) -> None:
    """Refuse networks that give more than one hand, and pictures that are prepared otherwise."""
    heads = network.model.heads
    if HEAD not in heads or not isinstance(
        heads[HEAD].predictor, HeatmapPredictor | SimCCPredictor
    ):
        message = (
            f"{config}: a network for several animals in one picture; train one for a single "
            "animal, or a top-down one"
        )
        raise ModelError(message)
    prepared: Mapping[str, Any] = dict(network.config.data.inference.items())
    used = {name for name, value in prepared.items() if value}
    if used - _HARMLESS or prepared["normalize_images"] is not True:
        message = (
            f"{config}: pictures are prepared in a way that is not known here "
            f"({', '.join(sorted(used - _HARMLESS)) or 'without normalize_images'})"
        )
        raise ModelError(message)


def _joints(
    network: KeypointNetwork, naming: Names, config: Path
) -> tuple[dict[str, int], list[str]]:
    """The number of the keypoint that gives each joint, and the keypoints that are no joint."""
    joints: dict[str, int] = {}
    strangers = []
    for number, keypoint in enumerate(network.keypoints):
        joint = naming(keypoint)
        if joint in joints:
            message = f"{config}: two keypoints are {joint}; distinguish them with --names"
            raise ModelError(message)
        if joint:
            joints[joint] = number
        elif joint is None:
            strangers.append(keypoint)
    if not any(tip in joints and base in joints for tip, base in PHALANGES):
        message = (
            f"{config}: no finger has both its PIP and its MCP joint, which give the scale; say "
            f"with --names which joints the keypoints are: {', '.join(network.keypoints)}"
        )
        raise ModelError(message)
    return joints, strangers


def _size(network: KeypointNetwork, config: Path, size: int | None) -> int:
    """Side of a network's input view; `size` if one was asked for."""
    fixed = getattr(network.model.heads[HEAD], "input_size", None)
    crop = network.config.data.inference.top_down_crop
    if fixed is not None:
        width, height = (int(side) for side in fixed)
    elif network.config.method == "td" and crop is not None:
        width, height = int(crop["width"]), int(crop["height"])
    else:
        width = height = VIEW_WIDTH
    if width != height:
        message = f"{config}: the network's input is {width} x {height} pixels; train a square one"
        raise ModelError(message)
    chosen = size or width
    if fixed is not None and chosen != width:
        message = f"{config}: the network takes {width} pixels and no other size; omit --size"
        raise UsageError(message)
    if chosen % SIZE_STEP:
        message = f"{config}: {chosen} pixels are not a multiple of {SIZE_STEP}; choose --size anew"
        raise UsageError(message)
    return chosen
