"""`sharp models`: what is bundled, and models from elsewhere."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from sharp_cli.cli import options, terminal
from sharp_cli.cli.terminal import guarded, require_training, say
from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.fileio import output

app = typer.Typer()

Source = Annotated[
    Path,
    typer.Argument(
        metavar="PROJECT_OR_SNAPSHOT",
        exists=True,
        help="A DeepLabCut project's folder, or a snapshot (.pt) with its pytorch_config.yaml.",
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=64,
        max=2048,
        help="Side of the square picture that the network gets, in pixels, a multiple of 32. Four "
        "fifths of it are the hand from the PIP joints to the wrist; choose it such that hands are "
        "as large as in training.",
    ),
]

BundleArgument = Annotated[
    Path,
    typer.Argument(
        metavar="BUNDLE",
        exists=True,
        file_okay=False,
        help="A bundle's folder.",
        show_default=False,
    ),
]

_COLUMNS = ("kind", "name", "version", "size", "sha256", "validated_on_patients")
_SHORT = 12
_FAILED = "failed"


@app.callback(invoke_without_command=True)
def models(context: typer.Context) -> None:
    """List the bundled models; into a pipe, as CSV with the whole checksums."""
    if context.invoked_subcommand is None:
        _list()


@guarded
def _list() -> int:
    from sharp_cli.bundles.store import bundled

    rows = [
        (
            bundle.kind,
            str(bundle.meta["name"]),
            str(bundle.meta["version"]),
            sum(file.stat().st_size for file in bundle.path.iterdir()),
            bundle.sha256,
            "yes" if bundle.validated_on_patients else "no",
        )
        for bundle in bundled()
    ]
    if not terminal.is_terminal():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *rows])
        output.write_stdout(text.getvalue().encode())
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(*(column.replace("_", " ") for column in _COLUMNS))
    for kind, name, version, size, sha256, validated in rows:
        table.add_row(kind, name, version, f"{size / 1e6:.1f} MB", sha256[:_SHORT], validated)
    Console().print(table)
    return 0


@app.command("import-dlc")
@guarded
def import_dlc(
    source: Source,
    *,
    out: options.Out,
    names: options.Names = None,
    size: Size = None,
) -> int:
    """Make a joint detector of one trained in DeepLabCut (PyTorch engine, one animal or top-down).

    Keypoints are taken by name; of a project, the best snapshot of the newest shuffle. What comes
    out is used with --detector.
    """
    require_training()
    from sharp_cli.training.detector.deeplabcut_import import import_detector

    for warning in import_detector(source, out, names=names, size=size):
        say("warning", warning)
    say("done", f"the bundle is in {out}")
    return 0


@app.command()
@guarded
def verify(
    bundles: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="BUNDLE", help="Folders of bundles; all bundled ones if none is given."
        ),
    ] = None,
) -> int:
    """Check every file of bundles, and that they load.

    The sha256 is that of bundle.json, which fixes all other files: compare it with the one that was
    published.
    """
    from sharp_cli.bundles.store import bundled

    folders = bundles or [bundle.path for bundle in bundled()]
    rows = [_verified(folder) for folder in folders]
    terminal.show(("bundle", "kind", "name", "sha256", "status"), rows)
    return ModelError.exit_code if any(row[-1] == _FAILED for row in rows) else 0


def _verified(folder: Path) -> tuple[str, ...]:
    from sharp_cli.bundles.transfer.verify import verify as check
    from sharp_cli.inference.bundle_check import check_loads

    try:
        bundle = check(folder, check_loads)
    except ModelError as error:
        say("error", str(error))
        return str(folder), "", "", "", _FAILED
    return str(folder), bundle.kind, bundle.name, bundle.sha256, "ok"


@app.command()
@guarded
def pull(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder, a .zip or .tar.gz file, the https address of either (user name and "
            "password in netrc), or hf://owner/name[@revision] (HF_TOKEN for a private one; "
            "HF_ENDPOINT names another hub).",
        ),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            help="A new or empty folder. What lies there whole from this source is not fetched "
            "again.",
            show_default=False,
        ),
    ],
) -> int:
    """Fetch a bundle and check it; a download that was cut off goes on with the same command."""
    from sharp_cli.bundles.transfer.pull import pull as fetch
    from sharp_cli.inference.bundle_check import check_loads

    bundle = fetch(source, out, check_loads)
    say("done", f"{bundle.name} is in {out} (sha256 of bundle.json: {bundle.sha256})")
    return 0


@app.command()
@guarded
def push(
    bundle: BundleArgument,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A new folder; a .zip or .tar.gz file, which is overwritten, or the https address "
            "of one (user name and password in netrc); or hf://owner/name[@branch], a repository "
            "that is there (HF_TOKEN, or the login of hf auth login; needs huggingface_hub).",
        ),
    ],
) -> int:
    """Check a bundle and copy it, to be handed on."""
    from sharp_cli.bundles.transfer.push import push as copy
    from sharp_cli.bundles.transfer.web import shown
    from sharp_cli.inference.bundle_check import check_loads

    copy(bundle, target, check_loads)
    say("done", f"the bundle is in {shown(target)}")
    return 0


@app.command()
@guarded
def export(
    bundle: BundleArgument,
    *,
    onnx: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A network file (.onnx) for one head, or a folder for all that are chosen.",
        ),
    ] = None,
    safetensors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A weights file (.safetensors), or a folder, likewise."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Of which model; if not given, mimo-local, or the first of the bundle."),
    ] = None,
    finding: Annotated[str | None, typer.Option(help="erosion or jsn; both if not given.")] = None,
    group: Annotated[
        str | None, typer.Option(help="A joint group such as MCP; all if not given.")
    ] = None,
) -> int:
    """Write the heads of a findings bundle, with their trunk, as files for use elsewhere.

    Input: patches, float32 (N, K, S, S), each of mean 0 and standard deviation 1: of N sets the K
    patches that the model looks at together. Output: probabilities (N, K). An ONNX file computes
    this; a safetensors file holds the weights under the names that torch gives them.
    """
    from sharp_cli.bundles.transfer.verify import verify as check
    from sharp_cli.inference.bundle_check import check_loads
    from sharp_cli.inference.onnx_export import Suffix
    from sharp_cli.inference.onnx_export import export as write

    targets: dict[Suffix, Path | None] = {".onnx": onnx, ".safetensors": safetensors}
    if not any(targets.values()):
        message = "name what to write: --onnx or --safetensors"
        raise UsageError(message)
    checked = check(bundle, check_loads)
    for suffix, target in targets.items():
        if target is not None:
            for file in write(
                checked, target, suffix=suffix, model=model, finding=finding, group=group
            ):
                say("done", f"wrote {file}")
    return 0
