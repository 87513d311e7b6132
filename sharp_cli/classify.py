"""Classify the joints of a study as intact or non-intact.

A findings bundle holds one convolutional trunk, which turns each patch into a vector of features,
and small heads, which turn the features of one joint (`siso`) or of the same joint of both hands
(`mimo-local`) into probabilities. The heads run in numpy.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import cv2
import numpy as np

from sharp_cli.errors import ModelError, UsageError
from sharp_cli.joints import HEADS, SIDES, TARGETS
from sharp_cli.records import Classification
from sharp_cli.trunk import SMALLEST, Layers, openvino_trunk, torch_trunk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.joints import Finding, Side
    from sharp_cli.records import Label, ModelName, Patch
    from sharp_cli.registry import Bundle

    Array = NDArray[np.float32]
    Features = Mapping[tuple[Side, Finding, str], Array]

Device: TypeAlias = Literal["auto", "cpu", "cuda"]

WEIGHTS_FILE: Final = "findings.safetensors"

MODELS: Final[tuple[ModelName, ...]] = ("siso", "mimo-local")


class Classifier:
    """A findings bundle, ready to classify."""

    def __init__(
        self, bundle: Bundle, *, device: Device = "auto", threads: int | None = None
    ) -> None:
        """Load the weights and compile the trunk.

        Args:
            bundle: A bundle of kind `findings`.
            device: `auto` takes a GPU where there is one and torch is installed.
            threads: CPU threads; None for all cores.

        Raises:
            ModelError: The bundle does not hold what it should.
            UsageError: `cuda` was asked for and there is no GPU, or no torch.
        """
        tensors = _read_weights(bundle)
        try:
            self._size = _input_size(bundle)
            layers = Layers.of(tensors)
            self._thresholds = {
                (model, *head): float(bundle.meta["thresholds"][model]["/".join(head)])
                for model in MODELS
                for head in HEADS
            }
            self._heads = {
                (model, *head): _Head.of(
                    tensors,
                    "/".join((model, *head)),
                    inputs=layers.width * hands,
                    outputs=hands,
                )
                for model, hands in (("siso", 1), ("mimo-local", 2))
                for head in HEADS
            }
        except (KeyError, TypeError, ValueError) as error:
            message = f"{bundle.path}: incomplete ({error}); get the bundle anew"
            raise ModelError(message) from error
        if takes_gpu(device):
            self._trunk = torch_trunk(layers, device="cuda")
        else:
            self._trunk = openvino_trunk(layers, self._size, threads=threads)

    def classify(
        self, studies: Sequence[Mapping[Side, Sequence[Patch]]], model: ModelName
    ) -> list[tuple[Classification, ...]]:
        """Classify every patch of every study.

        `mimo-local` falls back to `siso` for a joint whose other hand has no patch; the result's
        `model` says which was used.

        Args:
            studies: The patches of one or both hands of one patient, study by study.
            model: What to classify with.

        Returns:
            For each study its results: the left hand's, then the right hand's, each in the order
            of `TARGETS`.
        """
        return [self.decide(self.features(study), model) for study in studies]

    def features(self, study: Mapping[Side, Sequence[Patch]]) -> Features:
        """The trunk's features of every patch; patches of equal pixels go through it once."""
        rows: dict[tuple[tuple[int, ...], bytes], int] = {}
        places: dict[tuple[Side, Finding, str], int] = {}
        pictures: list[Array] = []
        for side, patches in study.items():
            for patch in patches:
                content = (patch.pixels.shape, patch.pixels.tobytes())
                if content not in rows:
                    rows[content] = len(pictures)
                    pictures.append(standardise(patch.pixels, self._size))
                places[side, patch.finding, patch.joint] = rows[content]
        if not pictures:
            return {}
        found = self._trunk(np.stack(pictures))
        return {place: found[row] for place, row in places.items()}

    def decide(self, features: Features, model: ModelName) -> tuple[Classification, ...]:
        """Classify from features; see `classify`."""
        results = []
        for side in SIDES:
            for target in TARGETS:
                finding, joint = target.finding, target.joint
                if (side, finding, joint) not in features:
                    continue
                known = [hand for hand in SIDES if (hand, finding, joint) in features]
                used: ModelName = model if len(known) == len(SIDES) else "siso"
                inputs = [side] if used == "siso" else known
                head = self._heads[used, finding, target.group]
                logits = head(np.concatenate([features[hand, finding, joint] for hand in inputs]))
                logit = np.float64(logits[inputs.index(side)])
                probability = float(1 / (1 + np.exp(-logit)))
                threshold = self._thresholds[used, finding, target.group]
                label: Label = "non-intact" if probability >= threshold else "intact"
                results.append(Classification(side, finding, joint, probability, label, used))
        return tuple(results)


def standardise(pixels: NDArray[np.uint16], size: int) -> Array:
    """What the network sees of a patch: a square of mean 0 and standard deviation 1.

    Args:
        pixels: The patch, shape (H, W).
        size: Width and height of the square.

    Returns:
        float32, shape (size, size); all 0 for a patch of one value.
    """
    square = cv2.resize(pixels.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    square = square - square.mean()
    # One step of 16 bit: what varies less is rounding.
    return np.asarray(square / max(float(square.std()), 1.0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Head:
    """Two fully connected layers with a rectifier between them."""

    hidden_weight: Array
    hidden_bias: Array
    weight: Array
    bias: Array

    def __call__(self, features: Array) -> Array:
        """Features of shape (F,) to logits of shape (joints,)."""
        hidden = np.maximum(self.hidden_weight @ features + self.hidden_bias, 0)
        return np.asarray(self.weight @ hidden + self.bias)

    @classmethod
    def of(cls, tensors: Mapping[str, Array], name: str, *, inputs: int, outputs: int) -> _Head:
        parts = ("0.weight", "0.bias", "3.weight", "3.bias")
        head = cls(*(tensors[f"heads.{name}.{part}"] for part in parts))
        hidden = len(head.hidden_bias)
        shapes = [array.shape for array in (head.hidden_weight, head.weight, head.bias)]
        if shapes != [(hidden, inputs), (outputs, hidden), (outputs,)]:
            message = f"heads.{name} does not fit"
            raise ValueError(message)
        return head


def _read_weights(bundle: Bundle) -> dict[str, Array]:
    from safetensors import SafetensorError  # noqa: PLC0415 - not needed for --help
    from safetensors.numpy import load_file  # noqa: PLC0415

    path = bundle.path / WEIGHTS_FILE
    if bundle.kind != "findings":
        message = (
            f"{bundle.path}: a bundle of kind {bundle.kind!r}; one of kind 'findings' is needed"
        )
        raise ModelError(message)
    if WEIGHTS_FILE not in bundle.meta["sha256"]:
        message = f"{path}: not part of its bundle; get the bundle anew"
        raise ModelError(message)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        message = f"{path}: cannot be read as weights ({error}); get the bundle anew"
        raise ModelError(message) from error
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def _input_size(bundle: Bundle) -> int:
    """Width and height of the trunk's input.

    Raises:
        KeyError: The bundle does not say.
        TypeError: It is not a number.
        ValueError: It is too small for the pools.
    """
    size = int(bundle.meta["input"]["size"])
    if size < SMALLEST:
        message = f"input size {size}"
        raise ValueError(message)
    return size


def takes_gpu(device: Device) -> bool:
    """Whether `device` means a GPU here.

    Raises:
        UsageError: It must, and torch finds none.
    """
    # Looking for the driver's tool costs nothing, importing torch costs seconds.
    if device == "cpu" or (device == "auto" and shutil.which("nvidia-smi") is None):
        return False
    if find_spec("torch") is not None:
        import torch  # noqa: PLC0415

        if torch.cuda.is_available():
            return True
    if device == "cuda":
        message = "--device cuda: torch finds no GPU here; use cpu, or install sharp-cli[gpu]"
        raise UsageError(message)
    return False
