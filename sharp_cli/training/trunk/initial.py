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
from sharp_cli.inference.networks import VGG16, make_trunk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sharp_cli.training.classifier.settings import ClassifierSettings

_SD: Final = 0.01
"""Standard deviation of random weights (Simonyan & Zisserman, ICLR 2015)."""

_CHOICES: Final = (
    "give a file of torchvision's vgg16 weights with --vgg16-weights, put it into torch's cache "
    "(~/.cache/torch/hub/checkpoints), or start otherwise: --init bundle, he or random"
)


def trunk_maker(settings: ClassifierSettings) -> Callable[[], nn.Sequential]:
    """A function that makes the untrained trunk of every network; the weights are read once.

    With random weights it has batch normalisation, without which VGG16 hardly begins to learn.

    Raises:
        UsageError: The weights are neither there nor can be downloaded.
        ModelError: They are not those of a VGG16.
    """
    if settings.start in ("random", "he"):
        return lambda: _random(he=settings.start == "he")
    if settings.start == "bundle":
        weights = bundle_trunk(settings.weights)
    elif settings.weights is not None:
        weights = _of_file(settings.weights)
    else:
        weights = _of_torchvision()

    def make() -> nn.Sequential:
        trunk = make_trunk(VGG16)
        trunk.load_state_dict(weights)
        return trunk

    try:
        make()
    except RuntimeError as error:
        message = f"{settings.weights or 'the weights'}: not those of a VGG16; {_CHOICES}"
        raise ModelError(message) from error
    return make


def _random(*, he: bool) -> nn.Sequential:
    trunk = make_trunk(VGG16, batch_norm=True)
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            if he:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            else:
                nn.init.normal_(module.weight, std=_SD)
            assert module.bias is not None  # noqa: S101 - for the type checker
            nn.init.zeros_(module.bias)
    return trunk


def bundle_trunk(folder: Path | None) -> Mapping[str, Tensor]:
    """The one trunk of a findings bundle, of the bundled one for None.

    Raises:
        ModelError: It is no such bundle, or has several trunks.
    """
    bundle = open_bundle("findings", folder)
    files = {
        file for member in bundle.meta.get("members", ()) for file in member["trunks"].values()
    }
    if len(files) != 1:
        message = (
            f"{bundle.path}: has {len(files)} trunks; a bundle with one is needed to start from"
        )
        raise ModelError(message)
    return {name: tensor.float() for name, tensor in load_file(bundle.path / files.pop()).items()}


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
