"""DeepLabCut networks as ONNX files that hold its preprocessing and decoding too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from deeplabcut.pose_estimation_pytorch.config import PoseConfig
from deeplabcut.pose_estimation_pytorch.models.model import PoseModel
from deeplabcut.pose_estimation_pytorch.models.predictors import SimCCPredictor
from deeplabcut.pose_estimation_pytorch.models.predictors.sim_cc import get_simcc_normalized

from sharp_cli.core.errors import ModelError
from sharp_cli.training.onnx_file import write_onnx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.inference.joint_detector import Window

HEAD: Final = "bodypart"
"""DeepLabCut's name of the head that gives the keypoints."""


@dataclass(frozen=True, slots=True)
class KeypointNetwork:
    """A DeepLabCut network with its weights.

    Attributes:
        config: DeepLabCut's configuration, a `PoseConfig`.
        model: DeepLabCut's network, a `PoseModel`.
    """

    config: Any
    model: Any

    @property
    def keypoints(self) -> tuple[str, ...]:
        """Names of its keypoints, in the order in which it gives them."""
        return tuple(self.config.metadata.bodyparts)

    def find(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Points in gray pictures (N, H, W), as the ONNX file gives them.

        Returns:
            Shape (N, K, 3): x, y in pixels and likelihood. The network is in evaluation mode then.
        """
        device = next(self.model.parameters()).device
        exported = _Exported(self.model, None).eval().to(device)
        gray = torch.from_numpy(pictures)[:, None].to(device).float()
        # As exported, in full precision, also amid a training that is not.
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            answer: NDArray[np.float32] = exported(gray).cpu().numpy()
        return answer

    def count(self, size: int) -> int:
        """How many keypoints it really gives, in a view of `size` pixels."""
        with torch.no_grad():
            return int(_Exported(self.model, None)(torch.zeros(1, 1, size, size)).shape[1])


def load_network(config: Path, snapshot: Path) -> KeypointNetwork:
    """Load a DeepLabCut snapshot; nothing of either file is run.

    Args:
        config: DeepLabCut's `pytorch_config.yaml` of the snapshot.
        snapshot: The snapshot, a `.pt` file.

    Raises:
        ModelError: They are damaged or do not belong together.
    """
    try:
        # DeepLabCut reads YAML with ruamel's safe loader.
        loaded = PoseConfig.from_yaml(config)
        _check_offline(loaded)
        model = PoseModel.build(loaded.model, pretrained_backbone=False)
    except Exception as error:
        # Pydantic, ruamel and DeepLabCut's builders have errors of their own each.
        message = (
            f"{config}: not the configuration of a DeepLabCut network ({_first_line(error)}); "
            "give the pytorch_config.yaml that its training wrote"
        )
        raise ModelError(message) from error
    try:
        content = torch.load(snapshot, map_location="cpu", weights_only=True)
        model.load_state_dict(content["model"])
    except Exception as error:
        # What torch raises at damaged files, and at what it refuses to unpickle, is of many kinds.
        message = (
            f"{snapshot}: not a snapshot of the network in {config.name} ({type(error).__name__}); "
            "check that both are of one training, or copy them again"
        )
        raise ModelError(message) from error
    return KeypointNetwork(loaded, model.eval())


def _check_offline(config: Any) -> None:
    """Refuse a backbone that timm would fetch: such names have a scheme, as in `hf-hub:…`."""
    name = str(config.model.backbone.get("model_name", ""))
    if ":" in name:
        message = f"a backbone from elsewhere, {name}"
        raise ValueError(message)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


class _Exported(torch.nn.Module):
    """A DeepLabCut model with its preprocessing and decoding: gray pictures in, points out."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, model: Any, kept: Sequence[int] | None) -> None:
        super().__init__()
        self.model = model
        self.kept = None if kept is None else list(kept)
        # DeepLabCut's normalisation (albumentations.Normalize) of RGB in 0…255.
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255)

    def forward(self, gray: torch.Tensor) -> torch.Tensor:
        """Map (N, 1, H, W), 0…255, to (N, K, 3): x, y in pixels and likelihood."""
        rgb = (gray.expand(-1, 3, -1, -1) - self.mean) / self.std
        outputs = self.model(rgb)
        predictor = self.model.heads[HEAD].predictor
        if isinstance(predictor, SimCCPredictor):
            poses = _decode_simcc(predictor, outputs[HEAD])
        else:
            poses = self.model.get_predictions(outputs)[HEAD]["poses"][:, 0]
        if self.kept is not None:
            poses = poses[:, self.kept]
        # Networks may be configured to give scores as they come.
        return torch.cat([poses[..., :2], poses[..., 2:].clamp(0, 1)], dim=-1)


def _decode_simcc(predictor: Any, outputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """What `SimCCPredictor.forward` does, which goes through numpy and cannot be exported.

    It marks points that have no likelihood at all with a place of their own; here they keep theirs.
    """
    places, likelihoods = [], []
    for axis, sigma in zip(("x", "y"), predictor.sigma, strict=True):
        scores = outputs[axis]
        if predictor.normalize_outputs:
            scores = get_simcc_normalized(scores)
        else:
            scores = scores * float(sigma * predictor.decode_beta)
        if predictor.apply_softmax:
            scores = scores.softmax(dim=-1)
        best, at = scores.max(dim=-1)
        places.append(at / predictor.simcc_split_ratio)
        likelihoods.append(best)
    return torch.stack([*places, torch.minimum(*likelihoods)], dim=-1)


def export_onnx(
    network: KeypointNetwork, out: Path, window: Window, *, kept: Sequence[int] | None = None
) -> None:
    """Write a DeepLabCut network as an ONNX file with its preprocessing and decoding.

    Args:
        network: The network; its head gives one place a keypoint (`HeatmapPredictor` or
            `SimCCPredictor`).
        out: The ONNX file; input (N, 1, H, W) gray 0…255, output (N, K, 3) x, y, likelihood.
        window: What it sees.
        kept: Which of its keypoints are given, in this order; None for all.

    Raises:
        OutputError: The file cannot be written.
    """
    write_onnx(_Exported(network.model, kept), torch.zeros(1, 1, window.height, window.width), out)
