from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sharp_cli.inference.openvino_runtime import load_onnx
from sharp_cli.training.onnx_file import write_onnx

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_computes_the_same_and_names_no_path(tmp_path: Path) -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3))
    example = torch.rand(2, 1, 8, 8)
    path = tmp_path / "network.onnx"
    write_onnx(network, example, path)
    found = load_onnx(path, threads=1)(example.numpy())
    np.testing.assert_allclose(found, network(example).detach().numpy(), atol=1e-5)
    assert b".py" not in path.read_bytes()
