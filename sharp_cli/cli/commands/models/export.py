"""`sharp models export`: classifiers as files for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.models import options
from sharp_cli.cli.terminal import log
from sharp_cli.core.errors import UsageError

EXAMPLES: Final = """\
# every head of the default model
sharp models export my-findings --onnx exported
# one
sharp models export my-findings --finding jsn --group MCP --onnx mcp.onnx
# weights for torch
sharp models export my-findings --safetensors exported
"""

Onnx = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|DIR",
        help="Network file (.onnx) for one head, or a folder for all selected heads.",
    ),
]
Safetensors = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|DIR",
        help="Weights file (.safetensors) for one head, or a folder for all selected heads.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Model to export. Default: mimo-local, or the first model of the bundle.",
    ),
]
Finding = Annotated[str | None, typer.Option(metavar="erosion|jsn", help="Default: both.")]
Group = Annotated[
    str | None, typer.Option(metavar="GROUP", help="A joint group, MCP. Default: all.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, export, EXAMPLES)


def export(
    bundle: options.Bundle,
    *,
    onnx: Onnx = None,
    safetensors: Safetensors = None,
    model: Model = None,
    finding: Finding = None,
    group: Group = None,
) -> None:
    """Export the heads of a findings bundle, with their trunk, for other programs.

    Input: patches, float32 (N, K, S, S), each of mean 0 and standard deviation 1: N input sets of
    the K patches that the model sees together. Output: probabilities (N, K), and where heads grade
    grade_probabilities (N, K, G), of the grades 0, 1, .... An ONNX file computes this; a
    safetensors file holds the weights under their names in torch.
    """
    from sharp_cli.bundles.transfer.verify import verify
    from sharp_cli.inference.bundle_check import check_loads
    from sharp_cli.inference.onnx_export import Suffix
    from sharp_cli.inference.onnx_export import export as write

    targets: dict[Suffix, Path | None] = {".onnx": onnx, ".safetensors": safetensors}
    if not any(targets.values()):
        message = "name what to write: --onnx or --safetensors"
        raise UsageError(message)
    verified = verify(bundle, check_loads)
    for suffix, target in targets.items():
        if target is not None:
            for file in write(
                verified, target, suffix=suffix, model=model, finding=finding, group=group
            ):
                log("done", f"wrote {file}")
