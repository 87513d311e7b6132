"""A findings bundle that a trunk learns from: what it makes of patches, labelled or not.

A network learns the probabilities of another (Hinton et al., Distilling the knowledge in a neural
network, 2015, arXiv:1503.02531) and, through a linear layer, its features (Romero et al., FitNets,
ICLR 2015, arXiv:1412.6550).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.networks import extract_features, torch_head
from sharp_cli.inference.trunk import torch_layers
from sharp_cli.training.run import half_precision
from sharp_cli.training.trunk.network import RECIPES, SIZE, rows_by_group

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Teacher:
    """The trunk of a findings bundle with its `siso` heads.

    Attributes:
        width: Number of its features.
    """

    def __init__(self, folder: Path, *, device: str) -> None:
        """Read it.

        Args:
            folder: The bundle.
            device: What it runs on, as torch calls it.

        Raises:
            ModelError: It is no findings bundle.
            UsageError: It holds no `siso`, several trunks, or takes patches of another size.
        """
        weights = read_weights(open_bundle("findings", folder))
        if "siso" not in weights.models or len(weights.trunks) != 1 or weights.size != SIZE:
            message = (
                f"--teacher {folder}: a bundle with siso and one trunk for patches of {SIZE} "
                "pixels is needed, such as sharp train trunk writes"
            )
            raise UsageError(message)
        (layers,) = weights.trunks.values()
        self.width = layers.width
        self._trunk = torch_layers(layers, device=device)
        self._half = device != "cpu" or RECIPES[layers.architecture.name].half_on_cpu
        self._heads = {
            (finding, group): torch_head(weights.heads["siso", finding, group][0]).to(device)
            for finding, group in JOINT_GROUPS
            if ("siso", finding, group) in weights.heads
        }

    def loss(
        self, pictures: Tensor, joints: Sequence[str], logits: Tensor, features: Tensor
    ) -> Tensor:
        """How far a network is from what the teacher makes of a batch.

        Args:
            pictures: Standardised, shape (B, S, S).
            joints: Names of their joints.
            logits: The network's, shape (B, findings).
            features: What it takes the teacher's features for, shape (B, `width`).

        Returns:
            The mean cross-entropy of its outputs, relative to the teacher's probabilities, plus the
            mean squared error of its features, those of the teacher being standardised.
        """
        wanted, theirs = self._answers(pictures, joints)
        known = torch.isfinite(wanted)
        outputs = functional.binary_cross_entropy_with_logits(logits[known], wanted[known])
        return outputs + functional.mse_loss(features, functional.layer_norm(theirs, (self.width,)))

    @torch.no_grad()
    def _answers(self, pictures: Tensor, joints: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Probabilities (B, findings), NaN where a joint is not scored, and features (B, width)."""
        with half_precision(pictures.device.type, wanted=self._half):
            features = extract_features(self._trunk, pictures)
        found = torch.full((len(joints), len(FINDINGS)), math.nan, device=features.device)
        for finding, group, rows in rows_by_group(joints):
            if head := self._heads.get((finding, group)):
                found[rows, FINDINGS.index(finding)] = head(features[rows][:, None])[:, 0].sigmoid()
        return found, features
