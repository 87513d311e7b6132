from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import VGG16_Weights

from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.inference.networks import VGG16, make_trunk
from sharp_cli.training.findings_bundle import trunk_tensors
from sharp_cli.training.trunk.initial import bundle_size, trunk_maker
from tests import tiny_findings
from tests.training import cohort

if TYPE_CHECKING:
    from sharp_cli.training.classifier.settings import ClassifierSettings

FILE = Path(VGG16_Weights.IMAGENET1K_V1.url).name


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cohort.tiny(monkeypatch)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def offline(*_: object, **__: object) -> None:
        message = "no network"
        raise URLError(message)

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)


def state(trunk: nn.Sequential | None = None) -> dict[str, Tensor]:
    """A whole network's weights, as torchvision has them."""
    torch.manual_seed(4)
    trunk = trunk or make_trunk(tiny_findings.TINY)
    content = {f"features.{name}": value for name, value in trunk.state_dict().items()}
    return {**content, "classifier.0.weight": torch.rand(3, 2), "classifier.0.bias": torch.rand(3)}


def imagenet(weights: Path | None) -> ClassifierSettings:
    return cohort.settings(start="imagenet", weights=weights)


def cached(tmp_path: Path) -> Path:
    path = tmp_path / "torch" / "hub" / "checkpoints" / FILE
    path.parent.mkdir(parents=True)
    return path


def assert_loaded(settings: ClassifierSettings) -> None:
    make = trunk_maker(settings)
    for _ in range(2):
        trunk = make()
        for name, value in trunk.state_dict().items():
            torch.testing.assert_close(value, state()[f"features.{name}"], rtol=0, atol=0)
        with torch.no_grad():
            trunk[0].weight.zero_()  # type: ignore[operator]


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
def test_weights_of_a_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vgg16{suffix}"
    if suffix == ".safetensors":
        save_file(state(), path)
    else:
        torch.save(state(), path)
    assert_loaded(imagenet(path))


def test_weights_of_torchs_cache(tmp_path: Path) -> None:
    torch.save(state(), cached(tmp_path))
    assert_loaded(imagenet(None))


def test_torchvisions_own_layout_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vgg16 = pytest.importorskip("torchvision").models.vgg16(num_classes=1)
    monkeypatch.setattr("sharp_cli.training.trunk.network.VGG16", VGG16)
    weights = {name: value for name, value in vgg16.state_dict().items() if "features" in name}
    torch.save(weights, tmp_path / "vgg16.pth")
    trunk = trunk_maker(imagenet(tmp_path / "vgg16.pth"))()
    picture = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(trunk(picture), vgg16.features(picture))


def test_without_a_network_the_choices_are_named() -> None:
    with pytest.raises(UsageError) as caught:
        trunk_maker(imagenet(None))
    for words in ("--vgg16-weights", "torch's cache", "--init bundle, he or random", "no network"):
        assert words in str(caught.value)


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (Path("exploded"),)


@pytest.mark.parametrize("content", ["bomb", "list", "other", "text", "truncated"])
@pytest.mark.parametrize("place", ["file", "cache"])
def test_what_are_no_weights_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = cached(tmp_path) if place == "cache" else tmp_path / "vgg16.pth"
    if content == "text":
        path.write_bytes(b"no weights")
    else:
        made: Any = {
            "bomb": {"features.0.weight": Bomb()},
            "list": [1],
            "other": state(make_trunk((5, *tiny_findings.TINY[1:]))),
            "truncated": state(),
        }[content]
        torch.save(made, path)
    if content == "truncated":
        path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ModelError, match="--vgg16-weights"):
        trunk_maker(imagenet(path if place == "file" else None))
    assert not Path("exploded").exists()


def test_damaged_safetensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "vgg16.safetensors"
    path.write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"vgg16\.safetensors: cannot be read as weights"):
        trunk_maker(imagenet(path))


def test_the_trunk_of_a_bundle(tmp_path: Path) -> None:
    network = tiny_findings.network(3)
    bundle = tiny_findings.write(tmp_path / "bundle", network.member)
    trunk = trunk_maker(cohort.settings(start="bundle", weights=bundle.path))()
    for name, value in trunk_tensors(trunk).items():
        stored = trunk_tensors(network.trunk)[name]
        np.testing.assert_array_equal(value, stored.astype(np.float16))
    assert bundle_size(bundle.path) == tiny_findings.SIZE


def test_the_trunk_of_a_bundle_is_of_its_own_architecture(tmp_path: Path) -> None:
    network = tiny_findings.lite(models=["siso"], known=[("jsn", "CMC")])
    bundle = tiny_findings.write(tmp_path / "lite", network.member)
    trunk = trunk_maker(cohort.settings(start="bundle", weights=bundle.path))()
    for name, value in trunk_tensors(trunk).items():
        stored = trunk_tensors(network.trunk)[name]
        np.testing.assert_array_equal(value, stored.astype(np.float16))
    with pytest.raises(UsageError, match="--size 100: the bundle's trunk takes multiples of 32"):
        trunk_maker(cohort.settings(start="bundle", weights=bundle.path, size=100))


def test_a_bundle_of_several_trunks_or_another_layout_is_refused(tmp_path: Path) -> None:
    two = tiny_findings.write(
        tmp_path / "two", tiny_findings.network(1).member, tiny_findings.network(2).member
    )
    with pytest.raises(ModelError, match="two: has 2 trunks; a bundle with one"):
        trunk_maker(cohort.settings(start="bundle", weights=two.path))
    layout = (5, *tiny_findings.TINY[1:])
    other = tiny_findings.write(tmp_path / "other", tiny_findings.network(layout=layout).member)
    with pytest.raises(ModelError, match="other: not those of a VGG16"):
        trunk_maker(cohort.settings(start="bundle", weights=other.path))


@pytest.mark.parametrize(("start", "spread"), [("random", 0.01), ("he", np.sqrt(2 / 9 / 8))])
def test_random_trunks(start: str, spread: float) -> None:
    make = trunk_maker(cohort.settings(start=start))
    torch.manual_seed(1)
    one, other = make(), make()
    torch.manual_seed(1)
    torch.testing.assert_close(make().state_dict(), one.state_dict(), rtol=0, atol=0)
    convolutions = [layer for layer in one if isinstance(layer, nn.Conv2d)]
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in one) == len(convolutions)
    last = convolutions[-1]
    assert float(last.weight.detach().std()) == pytest.approx(spread, rel=0.15)
    assert last.bias is not None
    assert not bool(last.bias.any())
    assert not torch.equal(one[0].weight, other[0].weight)  # type: ignore[arg-type]
