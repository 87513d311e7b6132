from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from sharp_cli.core.errors import ModelError
from sharp_cli.inference.lite import BLOCKS, STEM
from sharp_cli.inference.networks import make_lite
from sharp_cli.training.trunk.efficientnet import read_imagenet

if TYPE_CHECKING:
    from pathlib import Path


def imagenet() -> dict[str, Tensor]:
    """Random weights of the whole network under the names of their file."""
    torch.manual_seed(5)
    numbers = {"expand": 0, "depthwise": 1, "project": 2}
    units = {"_conv_stem": (STEM, "_bn0")} | {
        f"_blocks.{number}._{unit.name}_conv": (unit, f"_blocks.{number}._bn{numbers[unit.name]}")
        for number, block in enumerate(BLOCKS.values())
        for unit in block.units
    }
    state = {"_fc.weight": torch.rand(10, 12), "_fc.bias": torch.rand(10)}
    for name, (unit, norm) in units.items():
        shape = (unit.outputs, unit.inputs // unit.groups, unit.kernel, unit.kernel)
        state[f"{name}.weight"] = torch.randn(shape) / torch.tensor(shape[1:]).prod().sqrt()
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{part}"] = torch.rand(unit.outputs) + 0.5
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    return state


def test_weights_come_under_our_names(tmp_path: Path) -> None:
    state = imagenet()
    assert len(state) == 296 - 8 + 2  # of their file all but the last convolution, and its classes
    torch.save(state, tmp_path / "lite0.pth")
    found = read_imagenet(tmp_path / "lite0.pth")
    make_lite(batch_norm=True).load_state_dict(found)
    for ours, theirs in (
        ("stem.weight", "_conv_stem.weight"),
        ("stem_norm.running_var", "_bn0.running_var"),
        ("block0.depthwise_norm.bias", "_blocks.0._bn1.bias"),
        ("block10.expand.weight", "_blocks.10._expand_conv.weight"),
        ("block15.expand_norm.weight", "_blocks.15._bn0.weight"),
        ("block15.project_norm.running_mean", "_blocks.15._bn2.running_mean"),
    ):
        torch.testing.assert_close(found[ours], state[theirs], rtol=0, atol=0)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    state = imagenet()
    del state["_blocks.7._bn1.bias"], state["_blocks.9._project_conv.weight"]
    torch.save(state, tmp_path / "some.pth")
    with pytest.raises(ModelError, match=r"some.pth: lacks _blocks.7._bn1.bias and 1 more weights"):
        read_imagenet(tmp_path / "some.pth")


def test_another_network_or_none_is_refused(tmp_path: Path) -> None:
    state = imagenet()
    state["_blocks.5._depthwise_conv.weight"] = torch.zeros(240, 1, 5, 5)
    torch.save(state, tmp_path / "lite1.pth")
    told = r"lite1.pth: _blocks.5._depthwise_conv.weight is that of another network; give the .pth"
    with pytest.raises(ModelError, match=told):
        read_imagenet(tmp_path / "lite1.pth")
    (tmp_path / "text.pth").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"text.pth: cannot be read as weights"):
        read_imagenet(tmp_path / "text.pth")
