from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.execution.devices import torch_device


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU's driver."""
    monkeypatch.setattr("sharp_cli.execution.devices.shutil.which", lambda _: "nvidia-smi")


def torch_that_finds(monkeypatch: pytest.MonkeyPatch, *, gpu: str) -> None:
    cuda = SimpleNamespace(is_available=lambda: gpu == "cuda")
    backends = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: gpu == "mps"))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, backends=backends))
    monkeypatch.setattr("sharp_cli.execution.devices.find_spec", lambda _: object())


@pytest.mark.usefixtures("driver")
def test_a_gpu_is_used_where_torch_finds_one(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_that_finds(monkeypatch, gpu="cuda")
    assert [torch_device(device) for device in ("auto", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]


@pytest.mark.usefixtures("driver")
def test_without_torch_auto_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.execution.devices.find_spec", lambda _: None)
    assert torch_device("auto") == "cpu"


def test_a_gpu_that_is_asked_for_and_not_there_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch_that_finds(monkeypatch, gpu="")
    with pytest.raises(UsageError, match="--device cuda: torch finds no GPU here; use cpu"):
        torch_device("cuda")


def test_the_gpu_of_an_apple_processor_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    torch_that_finds(monkeypatch, gpu="mps")
    assert [torch_device(device) for device in ("auto", "mps", "cpu")] == ["mps", "mps", "cpu"]
    with pytest.raises(UsageError, match="--device cuda: torch finds no GPU here"):
        torch_device("cuda")
