"""The examples that end the help of each command."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from typer.main import get_command_name

if TYPE_CHECKING:
    import typer

EXAMPLES: Final = {
    "score": """\
# a picture of both hands, as a table on the terminal
sharp score film.dcm
# a picture of each hand, as files
sharp score p01_L.png p01_R.png --csv p01.csv --overlay p01.png
# an archive, unattended; the same command goes on where it was stopped
sharp score archive --out results
# the same on a Ray cluster
sharp score archive --out results --engine ray --address 10.0.0.1:6379
# the studies of a table, each joint by itself
sharp score --manifest manifest.csv --out results --model siso
# a report and a picture for a DICOM archive
sharp score film.dcm --dicom-sr report.dcm --dicom-overlay overlay.dcm
# a study of an archive, the results back to it
sharp score --from-dicomweb https://pacs.example.org/dicom-web \\
  --study 1.2.826.0.1.3680043.8.498.1 --store
""",
    "detect": """\
sharp detect film.dcm --csv joints.csv
# step by step, what sharp score does
sharp detect film.dcm | sharp crop - --out patches | sharp classify -
""",
    "crop": """\
sharp detect film.dcm --json detected.json
sharp crop detected.json --out patches
""",
    "classify": """\
sharp classify patches --csv results.csv
# what else the models say of the same patches
sharp classify patches --model mimo-one-hand
""",
    "report": """\
# a study
sharp score film.dcm --json result.json
sharp report result.json --out report.html
# a folder of studies, beside the labels of a reader
sharp report results --out pages --truth labels.csv
""",
    "listen": """\
sharp listen --port 11112 --allow MODALITY --queue queue --to PACS@pacs:104
# results to a DICOMweb server, images from two nodes
sharp listen --port 11112 --allow CR1,CR2 --queue queue \\
  --to https://pacs.example.org/dicom-web
""",
    "models": """\
sharp models
sharp models verify
""",
    "models import-dlc": """\
sharp models import-dlc dlc-project --out my-joints --size 256
sharp score film.dcm --detector my-joints
""",
    "models verify": """\
# those that come with sharp
sharp models verify
sharp models verify my-joints my-findings
""",
    "models pull": """\
sharp models pull https://example.org/my-joints.zip --out my-joints
sharp models pull hf://owner/name@main --out my-findings
""",
    "models push": """\
sharp models push my-joints my-joints.zip
sharp models push my-joints https://example.org/my-joints.zip
sharp models push my-findings hf://owner/name@main
""",
    "models export": """\
# every head of the default model
sharp models export my-findings --onnx exported
# one
sharp models export my-findings --finding jsn --group MCP --onnx mcp.onnx
# weights for torch
sharp models export my-findings --safetensors exported
""",
    "phantom": """\
# as many patients as the paper has
sharp phantom --out cohort
sharp score --manifest cohort/manifest.csv --out results
""",
    "implant": """\
sharp implant radiographs joints.csv --out implanted
sharp train classifier --labels implanted/labels.csv --images implanted \\
  --init bundle --frozen --samples 500 --out run
""",
    "import ram-h1200": """\
sharp import ram-h1200 RAM-H1200 --out h1200
sharp score --manifest h1200/manifest.csv --out results
sharp evaluate classification results/results.csv h1200/labels.csv
""",
    "import ram-w600": """\
sharp import ram-w600 RAM-W600 --out w600
sharp train classifier --labels w600/labels.csv --images RAM-W600 \\
  --fold-file w600/folds.csv --folds 3 --out run
""",
    "import ra2-dream": """\
sharp import ra2-dream RA2-DREAM --out ra2
sharp score --manifest ra2/manifest.csv --out results
sharp evaluate classification results/results.csv ra2/labels.csv
""",
    "import arise-2025": """\
sharp import arise-2025 ARISE-2025 --out arise
sharp score --manifest arise/manifest.csv --out results
sharp evaluate classification results/results.csv arise/labels.csv \\
  --readers arise/readers.csv
""",
    "train hands": """\
sharp train hands --annotations joints.csv --images radiographs \\
  --out my-hands --work work/hands
sharp score film.dcm --hands my-hands
""",
    "train detector": """\
sharp train detector --annotations joints.csv --images radiographs \\
  --out my-joints --work work/joints
sharp score film.dcm --detector my-joints
""",
    "train trunk": """\
sharp train trunk --annotations joints.csv --images radiographs \\
  --out my-trunk --work work/trunk
""",
    "train classifier": """\
# the paper's protocol
sharp train classifier --labels labels.csv --images radiographs --out run
sharp evaluate classification run/predictions.csv labels.csv
sharp score film.dcm --models run/bundle
# without a graphics card
sharp train classifier --labels labels.csv --images radiographs \\
  --out quick --init bundle --frozen --samples 500
# all folds side by side, on a Ray cluster
sharp train classifier --labels labels.csv --images radiographs \\
  --out run --engine ray --address 10.0.0.1:6379
""",
    "evaluate detection": """\
sharp detect radiographs --csv detected.csv
sharp evaluate detection detected.csv joints.csv --out detection
""",
    "evaluate classification": """\
sharp score radiographs --csv results.csv
sharp evaluate classification results.csv labels.csv --out figures
# two models and the readers, side by side
sharp evaluate classification siso.csv mimo-local.csv labels.csv \\
  --readers readers.csv
""",
    "evaluate hands": """\
sharp evaluate hands radiographs joints.csv --held-out
""",
    "evaluate blanks": """\
sharp evaluate blanks pictures-without-hands
""",
    "evaluate robustness": """\
sharp evaluate robustness radiographs joints.csv --detector my-joints
# radiographs that the detector learned from
sharp evaluate robustness radiographs joints.csv --folds work/joints
""",
    "evaluate lesions": """\
sharp evaluate lesions radiographs joints.csv --held-out
""",
    "evaluate phantoms": """\
sharp evaluate phantoms radiographs joints.csv
""",
}
"""By command, as a shell takes them; a line starts with # where it says what follows."""


def add_to(app: typer.Typer, *path: str) -> None:
    """End the help of every command with its examples.

    Args:
        app: The commands.
        path: The names that are called before theirs.
    """
    for command in app.registered_commands:
        name = command.name or get_command_name(getattr(command.callback, "__name__", ""))
        command.epilog = _epilog(*path, name)
    for group in app.registered_groups:
        if group.typer_instance and group.name:
            group.epilog = _epilog(*path, group.name)
            add_to(group.typer_instance, *path, group.name)


def _epilog(*path: str) -> str | None:
    """The end of a command's help, whose lines are kept as they are."""
    examples = EXAMPLES.get(" ".join(path))
    return examples and "\b\nExamples:\n" + textwrap.indent(examples, "  ")
