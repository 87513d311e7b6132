"""The table of all measurements."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import speed
from timing.machine import Machine
from timing.table import HEAD, Row

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_is_printed_is_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine("a processor", 2, {"fp32": 2e11})
    monkeypatch.setattr(Machine, "measured", lambda: machine)
    measurements = {name: lambda setting: iter([Row("x", setting.work.name)]) for name in "ab"}
    monkeypatch.setattr(speed, "MEASUREMENTS", measurements)
    file = tmp_path / "table.md"
    given = ["--only", "b", "--work", str(tmp_path / "work"), "--markdown", str(file)]
    monkeypatch.setattr(sys, "argv", ["speed.py", *given])
    speed.main()
    assert file.read_text() == capsys.readouterr().out
    product = "matrix product of 4096 x 4096, fp32"
    assert file.read_text().splitlines() == [
        *HEAD.splitlines(),
        f"| {product} | 200 GFLOP/s | a processor, 2 cores |",
        "| x | work |  |",
        f"| {product}, again at the end | 200 GFLOP/s | a processor, 2 cores |",
    ]


def test_a_share_of_what_the_machine_can_do() -> None:
    machine = Machine("a processor", 2, {"fp32": 2e11, "bf16": 4e11})
    assert machine.utilisation(1e11, 2, "fp32") == "25 % of the fp32 matrix product (100 GFLOP)"
    assert machine.utilisation(1e11, 2, "bf16").startswith("12 %")
