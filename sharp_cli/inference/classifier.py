"""Classify the joints of a study as intact or non-intact.

A findings bundle holds convolutional trunks, which extract a vector of features from each patch,
and small heads, which turn the features of an input set (see `sharp_cli.core.inputs`) into
scores. The heads run in numpy. In an ensemble the score is the mean of its members'. A calibrated
bundle says what probability of damage a score means; in others it is taken for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from sharp_cli.core.errors import UsageError
from sharp_cli.core.inputs import FALLBACKS
from sharp_cli.core.joints import SIDES, TARGET_OF, TARGETS
from sharp_cli.core.prevalence import TABLE_2
from sharp_cli.core.records import Classification
from sharp_cli.execution.devices import torch_device
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.head_answers import Features, HeadAnswers
from sharp_cli.inference.openvino_runtime import has_bf16
from sharp_cli.inference.patches import by_input
from sharp_cli.inference.trunk import openvino_trunk, torch_trunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName, PatchKey
    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import Label, Patch, Precision
    from sharp_cli.execution.devices import Device, TorchDevice
    from sharp_cli.inference.trunk import Trunk

    Array = NDArray[np.float32]
    Content = tuple[tuple[int, ...], bytes]
    """Shape and pixels of a patch."""


class Classifier:
    """A findings bundle, ready to classify.

    Attributes:
        device: What it runs on, as torch calls it.
        on_gpu: Whether that is a GPU.
        precision: What its trunks compute in.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        device: Device = "auto",
        threads: int | None = None,
        precision: Precision | Literal["auto"] = "fp32",
        throughput: bool = False,
    ) -> None:
        """Load the weights; a trunk is compiled when it is first needed.

        Args:
            bundle: A bundle of kind `findings`.
            device: `auto` takes a GPU where there is one and torch is installed.
            threads: CPU threads; None for all cores.
            precision: Of the trunks' numbers; `auto` takes bf16 where the processor has it. Heads
                are always fp32.
            throughput: Whether to optimise for many studies at once, not for one.

        Raises:
            ModelError: The bundle does not hold what it should.
            UsageError: `cuda` was asked for and there is no GPU, or no torch; or `bf16`, and the
                processor has none.
        """
        self._weights = read_weights(bundle)
        self._path = bundle.path
        self.device = torch_device(device)
        self.on_gpu = self.device != "cpu"
        self._threads = threads
        self.precision = _choose_precision(precision, self.device)
        self._throughput = throughput
        self._trunks: dict[str, Trunk] = {}

    @property
    def models(self) -> tuple[ModelName, ...]:
        """The models that the bundle holds, in the order of `inputs.MODELS`."""
        return self._weights.models

    def choose(self, asked: ModelName | None, *, visits: bool = False) -> ModelName:
        """The model asked for, or the usual one.

        Args:
            asked: The model asked for; None for `mimo-time` where there are several visits of a
                patient and the bundle holds it, else `mimo-local` if it does, or its first.
            visits: Whether there are.

        Raises:
            UsageError: The bundle does not hold the model asked for.
        """
        if asked is None:
            usual: list[ModelName] = ["mimo-time", "mimo-local"] if visits else ["mimo-local"]
            return next((one for one in usual if one in self.models), self.models[0])
        if asked not in self.models:
            message = (
                f"--model {asked}: {self._path} holds {', '.join(self.models)} only; choose one of "
                "these, or name another bundle with --models"
            )
            raise UsageError(message)
        return asked

    def choose_prevalence(self, asked: Prevalence | None) -> Prevalence | None:
        """The prevalence asked for, or the paper's; None for a bundle that is not calibrated.

        Raises:
            UsageError: One is asked for, and the bundle is not calibrated.
        """
        if self._weights.calibration:
            return asked or TABLE_2
        if asked:
            message = (
                f"prevalence: {self._path} is not calibrated, so its probabilities are of no "
                "prevalence; leave it out, or name another bundle with --models"
            )
            raise UsageError(message)
        return None

    def classify(
        self,
        studies: Sequence[Mapping[Side, Sequence[Patch]]],
        model: ModelName,
        *,
        threshold: float | None = None,
        prevalence: Prevalence | None = None,
        earlier: Sequence[Mapping[Side, Sequence[Patch]]] = (),
    ) -> list[tuple[Classification, ...]]:
        """Classify every patch of every study.

        The features of a missing patch are zeros. So are those of a joint whose place is uncertain,
        where they would tell of other joints. Where the other hand, or the earlier study, has no
        patch of the input set, the model of `inputs.FALLBACKS` classifies instead if the bundle
        holds it; the result's `model` says which was used. A joint without a head has no result.

        Args:
            studies: The patches of one or both hands of one patient, study by study.
            model: What to classify with.
            threshold: From which probability on every joint is called non-intact; None for the
                bundle's own thresholds.
            prevalence: What probabilities are calibrated to; see `choose_prevalence`.
            earlier: The patches of the study before each one, none where there is none; empty
                where no study has one.

        Returns:
            For each study its results: the left hand's, then the right hand's, each in the order
            of `TARGETS`.

        Raises:
            UsageError: The bundle does not hold the model, or is not calibrated.
        """
        features = self.extract_features(
            studies, [model, FALLBACKS.get(model, model)], earlier=earlier
        )
        return [
            self.classify_features(each, model, threshold=threshold, prevalence=prevalence)
            for each in features
        ]

    def extract_features(
        self,
        studies: Sequence[Mapping[Side, Sequence[Patch]]],
        models: Iterable[ModelName] | None = None,
        *,
        earlier: Sequence[Mapping[Side, Sequence[Patch]]] = (),
    ) -> list[Features]:
        """The features of every patch by every trunk; equal patches go through a trunk once.

        Args:
            studies: The patches of one or both hands, study by study.
            models: Whose heads will take the features; None for all of the bundle.
            earlier: See `classify`.
        """
        trunks_of = {
            (target.finding, target.joint): {
                head.trunk
                for model in models or self.models
                for head in self._weights.heads.get((model, target.finding, target.group), ())
            }
            for target in TARGETS
        }
        inputs = [*map(by_input, studies, earlier or [{}] * len(studies))]
        contents: list[dict[PatchKey, Content]] = []
        squares: dict[Content, Array] = {}
        wanted: dict[str, dict[Content, Array]] = {}
        for patches in inputs:
            own = {}
            for key, patch in patches.items():
                content = (patch.pixels.shape, patch.pixels.tobytes())
                if content not in squares:
                    squares[content] = standardise(patch.pixels, self._weights.size)
                own[key] = content
                for trunk in trunks_of[patch.finding, patch.joint]:
                    wanted.setdefault(trunk, {})[content] = squares[content]
            contents.append(own)
        found = {
            trunk: dict(zip(mine, self._run(trunk, np.stack(list(mine.values()))), strict=True))
            for trunk, mine in wanted.items()
        }
        return [
            Features(
                {
                    (finding, one): {
                        trunk: found[trunk][content] for trunk in trunks_of[finding, one.joint]
                    }
                    for (finding, one), content in own.items()
                },
                frozenset(key for key, patch in patches.items() if patch.status == "uncertain"),
            )
            for patches, own in zip(inputs, contents, strict=True)
        ]

    def classify_features(
        self,
        features: Features,
        model: ModelName,
        *,
        threshold: float | None = None,
        prevalence: Prevalence | None = None,
    ) -> tuple[Classification, ...]:
        """Classify the patches of a study by their features; see `classify`."""
        self.choose(model)
        prevalence = self.choose_prevalence(prevalence)
        results: dict[tuple[Side, Finding, str], Classification] = {}
        answers = HeadAnswers(self._weights, features, prevalence)
        for finding, own in features.vectors:
            asked = (model, finding, TARGET_OF[finding, own.joint].group)
            if own.earlier or asked not in self._weights.heads:
                continue
            key, (score, probability, at_least) = answers.of(asked, own)
            limit = threshold
            if limit is None:
                limit = self._weights.probability(self._weights.thresholds[key], key, prevalence)
            label: Label = "non-intact" if probability >= limit else "intact"
            results[own.side, finding, own.joint] = Classification(
                own.side,
                finding,
                own.joint,
                probability,
                label,
                key[0],
                self._weights.certainty(score, key, label, features.vectors[finding, own]),
                at_least,
            )
        order = [(side, target.finding, target.joint) for side in SIDES for target in TARGETS]
        return tuple(results[place] for place in order if place in results)

    def _run(self, trunk: str, squares: Array) -> Array:
        """Standardised patches, shape (N, S, S), to a trunk's features, shape (N, F)."""
        if trunk not in self._trunks:
            layers, size = self._weights.trunks[trunk], self._weights.size
            self._trunks[trunk] = (
                torch_trunk(layers, device=self.device, precision=self.precision)
                if self.on_gpu
                else openvino_trunk(
                    layers,
                    size,
                    threads=self._threads,
                    precision=self.precision,
                    throughput=self._throughput,
                )
            )
        return self._trunks[trunk](squares)


def standardise(pixels: NDArray[np.uint16], size: int) -> Array:
    """Standardise a patch for a network: a square of mean 0 and standard deviation 1.

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


def _choose_precision(precision: Precision | Literal["auto"], device: TorchDevice) -> Precision:
    """The precision to compute in.

    Raises:
        UsageError: `bf16` was asked for, and the processor has none.
    """
    if precision == "fp32":
        return precision
    if device == "cuda":
        import torch  # noqa: PLC0415

        there = torch.cuda.is_bf16_supported()
    else:
        there = device == "cpu" and has_bf16()
    if not there and precision == "bf16":
        message = "--precision bf16: this processor has none; use fp32 or auto"
        raise UsageError(message)
    return "bf16" if there else "fp32"
