"""Settings of the training of classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from sharp_cli.training.run import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding

Trunk: TypeAlias = Literal["per-group", "shared"]
Start: TypeAlias = Literal["imagenet", "bundle", "random", "he"]
FcInit: TypeAlias = Literal["random", "he"]
Context: TypeAlias = Literal["pooling", "concatenation"]

VGG16_SIZE: Final = 224
"""Width and height of VGG16's input (Simonyan & Zisserman, ICLR 2015)."""

RATE: Final = 1e-4
"""Adam's learning rate; a choice: the paper does not give its own."""

FROZEN_RATE: Final = 1e-3
"""The same where only fully connected layers are trained."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What the paper chose by the loss of the validation data.

    Attributes:
        layers: Fully connected layers.
        fc_init: Their initial weights: of standard deviation 0.01, or by He et al. (ICCV 2015).
        dropout: Fraction of hidden values that are dropped in training.
        batch: Input sets per step, of all heads of a network together.
    """

    layers: int = 2
    fc_init: FcInit = "he"
    dropout: float = 0.5
    batch: int = 32


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """How the threshold of a head is chosen on unseen patients; maximal F if all None.

    Attributes:
        fixed: The threshold itself.
        sensitivity: The highest threshold with at least this sensitivity.
        specificity: That of maximal F among those with at least this specificity, by finding and
            joint group; a group without one has that of maximal F.
    """

    fixed: float | None = None
    sensitivity: float | None = None
    specificity: Mapping[tuple[Finding, str], float] | None = None


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """How classifiers are trained.

    Attributes:
        models: The models to train, one or more.
        context: How a head takes the inputs of a set together; see `inference.heads`.
        trunk: Whether every model, finding and group has its own trunk, or all share one.
        start: What the trunks' weights are initialised with.
        weights: With `imagenet` a file of torchvision's weights, with `bundle` the bundle's
            folder; None for torchvision's own download or cache, and the bundled set.
        frozen: Whether the trunk is not trained, so that its features are computed once.
        size: Width and height of the network's input.
        hyper: See `Hyperparameters`.
        search: Number of trials of a search for hyperparameters by validation loss; 0 for none.
        samples: Patches per joint and epoch, to which the training data are balanced and augmented.
        epochs: At most.
        patience: Epochs without a lower validation loss that end a training.
        threshold: How thresholds are chosen.
        seed: Random seed.
    """

    models: tuple[ModelName, ...]
    context: Context
    trunk: Trunk
    start: Start
    weights: Path | None
    frozen: bool
    size: int
    hyper: Hyperparameters
    search: int
    samples: int
    epochs: int
    patience: int
    threshold: ThresholdRule
    seed: int

    @property
    def rate(self) -> float:
        """Adam's learning rate."""
        return FROZEN_RATE if self.frozen else RATE

    def as_options(self) -> dict[str, Any]:
        """All settings by the names of the options, for JSON; of weights a checksum."""
        bundle = self.start == "bundle"
        return {
            "model": list(self.models),
            "context": self.context,
            "trunk": self.trunk,
            "init": self.start,
            "vgg16-weights": None if bundle else fingerprint(self.weights),
            "init-bundle": fingerprint(self.weights) if bundle else None,
            "frozen": self.frozen,
            "size": self.size,
            "fc-layers": self.hyper.layers,
            "fc-init": self.hyper.fc_init,
            "dropout": self.hyper.dropout,
            "batch": self.hyper.batch,
            "search": self.search,
            "samples": self.samples,
            "epochs": self.epochs,
            "patience": self.patience,
            "threshold": self.threshold.fixed,
            "sensitivity": self.threshold.sensitivity,
            "specificity": _by_name(self.threshold.specificity),
            "seed": self.seed,
        }


def _by_name(numbers: Mapping[tuple[Finding, str], float] | None) -> dict[str, float] | None:
    return None if numbers is None else {"/".join(key): one for key, one in numbers.items()}
