"""Packages import downwards only, and the command line loads nothing that it does not need."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import sharp_cli

PACKAGE = Path(sharp_cli.__file__).parent

LAYERS: tuple[set[str], ...] = (
    {"core"},
    {"execution", "fileio", "radiograph"},
    {"bundles", "datasets"},
    {"inference"},
    {"results"},
    {"scoring", "synthetic"},
    {"api", "batch", "evaluation"},
    {"pacs", "training"},
    {"cli"},
    {"__main__"},
)
"""Each imports only from layers above it here: lazily or not, for types or not."""

STAGES = ("hand_finder", "joint_detector", "crop", "classifier")
"""Modules of `inference` that take and return records and do not know each other."""

HEAVY = ("numpy", "cv2", "PIL", "pydicom", "openvino", "torch", "torchvision", "deeplabcut", "onnx")
"""Slow to import: a command loads only what it uses."""

OPTIONAL = {
    "torch": ("training", "inference/networks.py", "evaluation/discriminator.py"),
    "torchvision": ("training", "inference/networks.py"),
    **dict.fromkeys(("deeplabcut", "optuna", "onnx", "onnxscript", "yaml"), ("training",)),
    **dict.fromkeys(("matplotlib", "scipy", "sklearn"), ("training", "evaluation")),
    **dict.fromkeys(("ray", "openpyxl", "pyarrow", "pandas"), ()),
}
"""Slow, or installed by extras only: where each may be imported at the top of a module."""


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """What each module of the package imports from it; names without `sharp_cli.`."""
    graph = grimp.build_graph("sharp_cli", cache_dir=None)

    def short(module: str) -> str:
        return module.removeprefix("sharp_cli.")

    return {
        short(module): {short(each) for each in graph.find_modules_directly_imported_by(module)}
        for module in graph.modules
    }


def test_the_root_holds_the_packages_and_no_modules() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set().union(*LAYERS) - {"__main__"}
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "py.typed"}


def test_packages_import_downwards_only(imports: dict[str, set[str]]) -> None:
    level = {package: number for number, layer in enumerate(LAYERS) for package in layer}
    level["sharp_cli"] = len(LAYERS)  # the root looks into `api` when it is asked to
    upwards = set()
    for module, imported in imports.items():
        package = module.split(".")[0]
        for other in imported:
            lower = other.split(".")[0]
            if package != lower and level[package] <= level[lower]:
                upwards.add((module, other))
    assert not upwards


def test_no_modules_import_each_other_in_a_circle(imports: dict[str, set[str]]) -> None:
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def test_training_takes_nothing_but_metrics_from_evaluation(imports: dict[str, set[str]]) -> None:
    metrics = "evaluation.metrics."
    used = {
        other
        for module, imported in imports.items()
        if module.startswith(("training.", metrics))
        for other in imported
        if other.startswith("evaluation.")
    }
    assert {name for name in used if not name.startswith(metrics)} == set()


@pytest.mark.parametrize("stage", STAGES)
def test_the_stages_of_inference_do_not_know_each_other(
    stage: str, imports: dict[str, set[str]]
) -> None:
    others = {f"inference.{other}" for other in STAGES if other != stage}
    assert not imports[f"inference.{stage}"] & others


def test_optional_libraries_are_imported_lazily_elsewhere() -> None:
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                for name in {name.split(".")[0] for name in names} & OPTIONAL.keys():
                    assert place.startswith(OPTIONAL[name]), f"{place}: {name}"


def test_the_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, sharp_cli.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_scoring_loads_no_training_code() -> None:
    code = (
        "import sys, sharp_cli.batch.local_engine\n"
        "import sharp_cli.inference.classifier, sharp_cli.scoring.loading\n"
        "print([m for m in ('torch', 'torchvision', 'deeplabcut', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_openvino_sends_no_telemetry(tmp_path: Path) -> None:
    code = (
        "import sys; from sharp_cli.inference.openvino_runtime import has_bf16; has_bf16();"
        "assert sys.modules['openvino_telemetry'] is None"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert not list(tmp_path.iterdir())
    loads = re.compile(r"^ *(import|from) openvino", re.MULTILINE)
    callers = [path for path in PACKAGE.rglob("*.py") if loads.search(path.read_text())]
    assert callers == [PACKAGE / "inference/openvino_runtime.py"]
