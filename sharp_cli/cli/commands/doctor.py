"""`sharp doctor`: what a bug report needs to say of an installation."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, Final

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.core.about import __version__, library_versions
from sharp_cli.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

    from sharp_cli.scoring.loading import Bundles, Models

EXAMPLES: Final = """\
sharp doctor
# as a file for a bug report
sharp doctor > doctor.txt
"""

_JOINTS: Final = 62
"""Of two hands."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, doctor, EXAMPLES)


def doctor(
    *, device: options.DeviceOption = options.Device.AUTO, threads: options.Threads = None
) -> ExitCode:
    """Describe this installation for a bug report, and score a synthetic radiograph.

    It prints versions, devices, models, and what came of the radiograph; nothing names the
    computer, its user, a file or a patient.
    """
    from sharp_cli.scoring.loading import load, open_bundles

    _print(_versions())
    bundles = open_bundles()
    _print(_bundles(bundles))
    models = load(bundles, device=device.value, threads=threads)
    _print(_devices(models, threads))
    return _test(models)


def _versions() -> Iterator[tuple[str, object]]:
    yield "sharp", __version__
    yield "python", platform.python_version()
    yield "platform", platform.platform()
    yield from library_versions().items()


def _bundles(bundles: Bundles) -> Iterator[tuple[str, object]]:
    for bundle in bundles:
        yield f"models, {bundle.kind}", f"{bundle.name}, sha256 {bundle.sha256}"


def _devices(models: Models, threads: int | None) -> Iterator[tuple[str, object]]:
    from sharp_cli.execution.limits import cores, memory
    from sharp_cli.inference.openvino_runtime import has_bf16

    limit = memory()
    yield "cores", cores()
    yield "memory limit", "none" if limit is None else f"{limit / 2**20:.0f} MiB"
    yield "bf16", "yes" if has_bf16() else "no"
    yield "device", models.classifier.device
    yield "threads", threads or cores()
    yield "processes that read, with --out", models.workers


def _test(models: Models) -> ExitCode:
    from sharp_cli.evaluation.self_test import score_phantom

    begun = time.monotonic()
    test = score_phantom(models.scoring())
    found = f"{test.hands} hands, {test.joints} joints"
    mean = "" if test.probability is None else f", mean probability {test.probability:.4f}"
    passed = test.joints == _JOINTS and not test.failures
    failed = "".join(f", {name}" for name in test.failures)
    _print([("seconds", f"{time.monotonic() - begun:.1f}"), ("found", f"{found}{mean}{failed}")])
    _print([("self-test", "passed" if passed else "failed")])
    return ExitCode.DONE if passed else ExitCode.FAILED_INPUT


def _print(facts: Iterator[tuple[str, object]] | list[tuple[str, object]]) -> None:
    from sharp_cli.fileio.output import write_stdout

    write_stdout("".join(f"{name}: {value}\n" for name, value in facts).encode())
