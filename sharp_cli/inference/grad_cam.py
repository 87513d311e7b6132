"""The regions of patches that a prediction rests on: Grad-CAM (Selvaraju et al., ICCV 2017).

For a joint's logit y and the maps A_k of a layer it is the rectified sum of a_k A_k, where a_k is
the mean of the gradient of y to A_k (their equations 1 and 2). As there, the layer is the trunk's
last convolution, with its rectifier if it has one. Only VGG16 has a pool between it and the
features; after the pool there would be 7 x 7 places of a picture of 224 x 224, not 14 x 14. It runs
in torch.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.core.inputs import Input, input_set, relied_on
from sharp_cli.core.joints import TARGET_OF
from sharp_cli.execution.devices import torch_device
from sharp_cli.inference.classifier import standardise
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.patches import by_input
from sharp_cli.inference.trunk import torch_layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray
    from torch import Tensor

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName, PatchKey
    from sharp_cli.core.joints import Side, StudyJoint
    from sharp_cli.core.records import Patch
    from sharp_cli.inference.heads import Head, HeadKey
    from sharp_cli.inference.trunk import Layers

    Array = NDArray[np.float32]
    Predicted: TypeAlias = Mapping[tuple[HeadKey, tuple[Input, ...]], Sequence[Input]]
    """By head and the inputs that it was given: the joints that it classified."""
    Maps: TypeAlias = dict[StudyJoint, dict[Input, Array]]
    """By joint, then by the patches that it was classified from."""

_NEEDS: Final = ("torch", "torchvision")
_BATCH: Final = 16
"""Patches at a time: half a GB at 224 x 224."""


class Saliency:
    """A findings bundle, ready to explain its predictions."""

    def __init__(self, bundle: Bundle) -> None:
        """Load the weights; a GPU is used where there is one.

        Args:
            bundle: A bundle of kind `findings`.

        Raises:
            ModelError: The bundle does not hold what it should.
            UsageError: torch is not installed.
        """
        if missing := [name for name in _NEEDS if find_spec(name) is None]:
            message = f"{', '.join(missing)} not installed; run: pip install 'sharp-cli[gpu]'"
            raise UsageError(message)
        self._weights = read_weights(bundle)
        self._path = bundle.path
        self._device = torch_device("auto")

    def maps(
        self,
        study: Mapping[Side, Sequence[Patch]],
        models: Mapping[StudyJoint, ModelName],
        *,
        earlier: Mapping[Side, Sequence[Patch]] | None = None,
    ) -> Maps:
        """The maps of every prediction, one for each patch of its input set.

        Those of an ensemble are the mean of its members' before they are rectified, which is the
        Grad-CAM of the mean logit.

        Args:
            study: The patches that were classified.
            models: By joint, the model that classified it.
            earlier: The patches of the study before; None where none was taken into account.

        Returns:
            float32, to be stretched over the patch: for a picture of S x S pixels of shape
            (S // 16, S // 16) with VGG16, (S // 32, S // 32) with EfficientNet-Lite0. From 0 to 1,
            the largest value in the maps of one prediction; all 0 where nothing spoke for damage.

        Raises:
            ModelError: The bundle lacks one of the models.
        """
        patches = by_input(study, earlier or {})
        predicted = self._predicted(models, patches)
        activations = self._activations(
            {key: patch.pixels for key, patch in patches.items()}, predicted
        )
        found: Maps = {}
        for (key, present), owns in predicted.items():
            finding = key[1]
            inputs = input_set(*key, owns[0])
            rows, outputs = ([inputs.index(one) for one in those] for those in (present, owns))
            members = [
                _signed(
                    head,
                    [activations[head.trunk][finding, one] for one in present],
                    rows,
                    outputs,
                    inputs=len(inputs),
                    pool=self._weights.trunks[head.trunk].ends_with_pool,
                )
                for head in self._weights.heads[key]
            ]
            for own, signed in zip(owns, np.mean(members, axis=0), strict=True):
                maps = np.maximum(signed, 0)
                maps /= maps.max() or 1
                found[own.side, finding, own.joint] = dict(zip(present, maps, strict=True))
        return found

    def _predicted(
        self, models: Mapping[StudyJoint, ModelName], patches: Mapping[PatchKey, Patch]
    ) -> Predicted:
        uncertain = {key for key, patch in patches.items() if patch.status == "uncertain"}
        predicted = defaultdict(list)
        for (side, finding, joint), model in models.items():
            group = TARGET_OF[finding, joint].group
            key, own = (model, finding, group), Input(side, joint)
            if key not in self._weights.heads:
                message = (
                    f"{self._path}: no {model} for {finding} of {group}; name the bundle that made "
                    "the results"
                )
                raise ModelError(message)
            given = relied_on(finding, input_set(*key, own), own, patches, uncertain)
            predicted[key, given].append(own)
        return predicted

    def _activations(
        self, patches: Mapping[PatchKey, NDArray[np.uint16]], predicted: Predicted
    ) -> dict[str, dict[PatchKey, Tensor]]:
        """The maps of each trunk's last convolution for the patches of its heads.

        Equal patches go through a trunk once.
        """
        wanted: dict[str, set[PatchKey]] = defaultdict(set)
        for key, given in predicted:
            for head in self._weights.heads[key]:
                wanted[head.trunk] |= {(key[1], one) for one in given}
        contents = {key: (pixels.shape, pixels.tobytes()) for key, pixels in patches.items()}
        activations = {}
        for trunk, keys in wanted.items():
            different = {contents[key]: patches[key] for key in keys}
            squares = [standardise(each, self._weights.size) for each in different.values()]
            maps = _last_maps(self._weights.trunks[trunk], np.stack(squares), self._device)
            found = dict(zip(different, maps, strict=True))
            activations[trunk] = {key: found[contents[key]] for key in keys}
        return activations


def _last_maps(layers: Layers, squares: Array, device: str) -> Tensor:
    """Patches of shape (N, S, S) to the maps of the last convolution, shape (N, C, H, W)."""
    import torch  # noqa: PLC0415 - seconds that only this needs

    from sharp_cli.inference.networks import in_three_channels  # noqa: PLC0415

    trunk = torch_layers(layers, device=device)
    convolutions = trunk[:-1] if layers.ends_with_pool else trunk
    found = []
    with torch.no_grad():
        for start in range(0, len(squares), _BATCH):
            part = torch.from_numpy(squares[start : start + _BATCH]).to(device)
            found.append(convolutions(in_three_channels(part)))
    return torch.cat(found)


def _signed(
    head: Head,
    activations: Sequence[Tensor],
    rows: Sequence[int],
    outputs: Sequence[int],
    *,
    inputs: int,
    pool: bool,
) -> Array:
    """Grad-CAM before it is rectified, of one member.

    Args:
        head: What classified.
        activations: Maps of the last convolution, shape (C, H, W), of each of the P patches.
        rows: Which of the head's inputs these are; the others are missing and all 0.
        outputs: Which of its outputs to explain.
        inputs: How many inputs it takes.
        pool: Whether a pool follows the convolution.

    Returns:
        Shape (outputs, P, H, W).
    """
    import torch  # noqa: PLC0415
    from torch.nn import functional  # noqa: PLC0415

    from sharp_cli.inference.networks import pooled, torch_head  # noqa: PLC0415

    maps = torch.stack(list(activations))
    features = pooled(functional.max_pool2d(maps, 2) if pool else maps).requires_grad_()
    given = features.new_zeros(inputs, features.shape[1])
    given = given.index_copy(0, torch.tensor(rows, device=given.device), features)
    logits = torch_head(head).to(given.device)(given[None])[0]
    gradients = torch.stack(
        [torch.autograd.grad(logits[one], features, retain_graph=True)[0] for one in outputs]
    )
    # Pools hand all of a gradient on: over the places of a map, its gradients add up to those of
    # its two features, mean and maximum. Their number is omitted, as maps are scaled anyway.
    of_mean, of_maximum = gradients.chunk(2, dim=2)
    found = torch.einsum("opc,pchw->ophw", of_mean + of_maximum, maps)
    return np.asarray(found.detach().cpu().numpy(), dtype=np.float32)
