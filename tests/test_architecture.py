"""One way from stage to stage, and a command line that loads nothing it does not need."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sharp_cli

PACKAGE = Path(sharp_cli.__file__).parent
STAGES = ("radiograph", "hands", "detect", "crop", "classify", "report", "overlay")
HEAVY = ("numpy", "cv2", "PIL", "pydicom", "openvino", "torch", "torchvision", "deeplabcut", "onnx")

CALLERS = ("api", "archive", "cli", "loading", "overlays", "pacs", "train")
"""Who may call the pipeline."""

TRAINING = {"torch", "deeplabcut", "pandas", "yaml"}


def files_of(module: str) -> list[Path]:
    """The files of a module or package, by its name inside the package."""
    path = PACKAGE.joinpath(*module.split("."))
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def imports(path: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in it, `sharp_cli.` left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports of the package are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    prefix = "sharp_cli."
    return {name.removeprefix(prefix).split(".")[0] for name in found if name.startswith(prefix)}


@pytest.mark.parametrize("stage", STAGES)
def test_stages_do_not_know_each_other_nor_who_calls_them(stage: str) -> None:
    others = {*STAGES, "pipeline", "cli", "train"} - {stage}
    for path in files_of(stage):
        assert not imports(path) & others, path


def test_only_those_who_score_know_the_pipeline() -> None:
    for path in PACKAGE.rglob("*.py"):
        top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if "pipeline" in imports(path):
            assert top in CALLERS, path
        if "cli" in imports(path):
            assert top in ("cli", "__main__"), path


def test_torch_is_imported_at_the_top_of_training_code_only() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in ("train", "networks.py"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                assert not {name.split(".")[0] for name in names} & TRAINING, path


def test_the_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, sharp_cli.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_scoring_loads_no_training_code() -> None:
    code = (
        "import sys\n"
        "from sharp_cli import pipeline, classify, detect, hands, registry\n"
        "print([m for m in ('torch', 'torchvision', 'deeplabcut', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_openvino_tells_nobody_that_it_is_used(tmp_path: Path) -> None:
    code = (
        "import sys; from sharp_cli.inference.openvino_runtime import has_bf16; has_bf16();"
        "assert sys.modules['openvino_telemetry'] is None"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not list(tmp_path.iterdir())
    loads = re.compile(r"^ *(import|from) openvino", re.MULTILINE)
    callers = [path for path in PACKAGE.rglob("*.py") if loads.search(path.read_text())]
    assert callers == [PACKAGE / "runtime.py"]
