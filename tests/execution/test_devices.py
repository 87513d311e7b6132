from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.execution.devices import uses_gpu


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU's driver."""
    monkeypatch.setattr("sharp_cli.execution.devices.shutil.which", lambda _: "nvidia-smi")


def torch_that_finds(monkeypatch: pytest.MonkeyPatch, *, gpu: bool) -> None:
    cuda = SimpleNamespace(is_available=lambda: gpu)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    monkeypatch.setattr("sharp_cli.execution.devices.find_spec", lambda _: object())


@pytest.mark.usefixtures("driver")
def test_a_gpu_is_used_where_torch_finds_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_that_finds(monkeypatch, gpu=True)
    assert [uses_gpu(device) for device in ("auto", "cuda", "cpu")] == [True, True, False]


@pytest.mark.usefixtures("driver")
def test_without_torch_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.execution.devices.find_spec", lambda _: None)
    assert not uses_gpu("auto")


def test_a_gpu_that_is_asked_for_and_not_there_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch_that_finds(monkeypatch, gpu=False)
    with pytest.raises(UsageError, match="--device cuda: torch finds no GPU here; use cpu"):
        uses_gpu("cuda")
