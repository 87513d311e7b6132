"""Write torch networks as ONNX files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from sharp_cli.fileio import output

if TYPE_CHECKING:
    from pathlib import Path

    import onnx


def write_onnx(network: torch.nn.Module, example: torch.Tensor, path: Path) -> None:
    """Write a network of one input, of the shape of `example`.

    The exporter's notes on where in the source each node comes from are dropped: they hold paths
    of the machine that it ran on.

    Args:
        network: The network; put into evaluation mode.
        example: An input.
        path: The ONNX file.

    Raises:
        OutputError: It cannot be written.
    """
    program: Any = torch.onnx.export(
        network.eval(), (example,), dynamo=True, opset_version=18, verbose=False
    )
    model = program.model_proto
    strip(model)
    output.write(path, model.SerializeToString())


def strip(model: onnx.ModelProto) -> None:
    """Take the notes out of a model."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    for tensor in graph.initializer:
        tensor.doc_string = ""
        del tensor.metadata_props[:]
    for function in model.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]
