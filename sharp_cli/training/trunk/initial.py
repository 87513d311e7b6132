"""The trunk that a training starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import VGG16_Weights

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.fileio import output
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.trunk import VGG16, torch_state
from sharp_cli.training.trunk.network import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sharp_cli.inference.trunk import Layers
    from sharp_cli.training.classifier.settings import ClassifierSettings

_SD: Final = 0.01
"""Standard deviation of random weights (Simonyan & Zisserman, ICLR 2015)."""

_CHOICES: Final = (
    "give a file of torchvision's vgg16 weights with --vgg16-weights, put it into torch's cache "
    "(~/.cache/torch/hub/checkpoints), or start otherwise: --init bundle, he or random"
)


def trunk_maker(settings: ClassifierSettings) -> Callable[[], nn.Sequential]:
    """A function that makes the untrained trunk of every network; the weights are read once.

    With random weights it has batch normalisation, without which VGG16 hardly begins to learn. It
    is a VGG16, or of the architecture of the bundle.

    Raises:
        UsageError: The weights are neither there nor can be downloaded, or their network does not
            take pictures of the size.
        ModelError: They are not those of the network.
    """
    if settings.start in ("random", "he"):
        return lambda: _random(he=settings.start == "he")
    architecture = VGG16
    weights: Mapping[str, Tensor]
    if settings.start == "bundle":
        layers = bundle_trunk(settings.weights)
        architecture, weights = layers.architecture, torch_state(layers)
        _check_size(layers, settings.size)
    elif settings.weights is not None:
        weights = _of_file(settings.weights)
    else:
        weights = _of_torchvision()

    def make() -> nn.Sequential:
        trunk = RECIPES[architecture.name].make(batch_norm=False)
        trunk.load_state_dict(weights)
        return trunk

    try:
        make()
    except RuntimeError as error:
        message = f"{settings.weights or 'the weights'}: not those of a VGG16; {_CHOICES}"
        raise ModelError(message) from error
    return make


def _check_size(layers: Layers, size: int) -> None:
    try:
        layers.check_size(size)
    except ValueError as error:
        message = f"--size {size}: the bundle's trunk takes multiples of {layers.architecture.step}"
        raise UsageError(message) from error


def _random(*, he: bool) -> nn.Sequential:
    trunk = RECIPES["vgg16"].make(batch_norm=True)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            if he:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            else:
                nn.init.normal_(module.weight, std=_SD)
            assert module.bias is not None  # noqa: S101 - for the type checker
            nn.init.zeros_(module.bias)
    return trunk


def bundle_trunk(folder: Path | None) -> Layers:
    """The one trunk of a findings bundle, of the bundled one for None.

    Raises:
        ModelError: It is no such bundle, or has several trunks.
    """
    bundle = open_bundle("findings", folder)
    trunks = [*read_weights(bundle).trunks.values()]
    if len(trunks) != 1:
        message = f"{bundle.path}: has {len(trunks)} trunks; a bundle with one is needed"
        raise ModelError(message)
    return trunks[0]


def bundle_size(folder: Path | None) -> int:
    """Width and height of the input that a bundle's trunk was trained with."""
    return int(open_bundle("findings", folder).meta["input"]["size"])


def _of_file(path: Path) -> Mapping[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return _features(load_file(path))
        return _features(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch and safetensors raise many kinds
        message = f"{path}: cannot be read as weights ({type(error).__name__}); {_CHOICES}"
        raise ModelError(message) from error


def _of_torchvision() -> Mapping[str, Tensor]:
    """ImageNet weights from torch's cache, or downloaded into it."""
    url = VGG16_Weights.IMAGENET1K_V1.url
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name
    if not path.is_file():
        output.make_folder(path.parent)
        try:
            # The name ends with the first digits of the file's sha256.
            torch.hub.download_url_to_file(
                url, str(path), hash_prefix=path.stem.rpartition("-")[2], progress=False
            )
        except (OSError, RuntimeError) as error:
            message = f"ImageNet weights cannot be downloaded ({error}); {_CHOICES}"
            raise UsageError(message) from error
    return _of_file(path)


def _features(state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The convolutions of a whole VGG16, by their names in `vgg16().features`."""
    return {
        name.removeprefix("features."): tensor
        for name, tensor in state.items()
        if name.startswith("features.")
    }
