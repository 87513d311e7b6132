"""What a findings bundle holds, read and checked: trunks, heads and thresholds.

`bundle.json` gives the size of the input, the models, the thresholds, what scores mean (see
`score_calibration`) and severities (see `grading`), what is familiar (see `familiarity`) and the
members of an ensemble. Each member names a file of heads and, for every head in it, the file of the
trunk whose features it takes; and a file of the heads that grade, if it has any. A head is called
`<model>/<finding>/<group>`; `inference.heads` says what its tensors are called after that. Files
may hold 16 bit; all runs in 32 bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sharp_cli.core.errors import ModelError
from sharp_cli.core.inputs import MODELS, ModelName
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.inference.familiarity import Familiarity
from sharp_cli.inference.grading import read_grades
from sharp_cli.inference.heads import make_head
from sharp_cli.inference.score_calibration import read_calibration, read_limits
from sharp_cli.inference.trunk import Layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import Certainty, Label
    from sharp_cli.inference.grading import GradeCalibration
    from sharp_cli.inference.heads import Head, HeadKey
    from sharp_cli.inference.score_calibration import Calibration, Limits

    Array = NDArray[np.float32]

_OLD_FILE: Final = "findings.safetensors"


@dataclass(frozen=True, slots=True)
class Weights:
    """The content of a findings bundle.

    Attributes:
        size: Width and height of the trunks' input.
        models: The models it holds, in the order of `inputs.MODELS`.
        trunks: By file.
        heads: One head a member of the ensemble.
        thresholds: From which score on a joint is called non-intact.
        calibration: What scores mean; empty where they are taken for probabilities.
        limits: Between which scores a label is uncertain; empty where that is not known.
        familiarity: Of some trunks, by file and `<finding>/<group>`, the features they know.
        grade_heads: As `heads`, those that grade; see `grading`.
        grades: What the severities that these give mean.
    """

    size: int
    models: tuple[ModelName, ...]
    trunks: Mapping[str, Layers]
    heads: Mapping[HeadKey, tuple[Head, ...]]
    thresholds: Mapping[HeadKey, float]
    calibration: Mapping[HeadKey, Calibration]
    limits: Mapping[HeadKey, Limits]
    familiarity: Mapping[str, Mapping[str, Familiarity]]
    grade_heads: Mapping[HeadKey, tuple[Head, ...]]
    grades: Mapping[HeadKey, GradeCalibration]

    def probability(self, score: float, key: HeadKey, prevalence: Prevalence | None) -> float:
        """The probability of damage that a score means at a prevalence; itself for None."""
        if prevalence is None:
            return score
        return self.calibration[key].probability(score, prevalence[key[1:]])

    def certainty(
        self, score: float, key: HeadKey, label: Label, features: Mapping[str, Array]
    ) -> Certainty | None:
        """How certain a label is, by the score and by the features of the patch from each trunk."""
        _, finding, group = key
        for trunk, own in features.items():
            known = self.familiarity.get(trunk, {}).get(f"{finding}/{group}")
            if known is not None and known.distances(own[None])[0] > 1:
                return "unlike"
        return self.limits[key].certainty(score, label) if key in self.limits else None


def read_weights(bundle: Bundle) -> Weights:
    """Read and check everything that a findings bundle holds.

    Raises:
        ModelError: It is of another kind or an older form, or it does not hold what it should.
    """
    if bundle.kind != "findings":
        message = (
            f"{bundle.path}: a bundle of kind {bundle.kind!r}; one of kind 'findings' is needed"
        )
        raise ModelError(message)
    if _OLD_FILE in bundle.meta["sha256"]:
        message = f"{bundle.path}: made by an older version; get the bundle again"
        raise ModelError(message)
    try:
        return _weights(bundle)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"{bundle.path}: incomplete ({error}); get the bundle again"
        raise ModelError(message) from error


def _weights(bundle: Bundle) -> Weights:
    meta = bundle.meta
    models = _models(meta)
    known: dict[str, HeadKey] = {
        f"{model}/{finding}/{group}": (model, finding, group)
        for model in models
        for finding, group in JOINT_GROUPS
    }
    size = int(meta["input"]["size"])
    trunks: dict[str, Layers] = {}
    heads: dict[HeadKey, tuple[Head, ...]] = {}
    grade_heads: dict[HeadKey, tuple[Head, ...]] = {}
    for member in meta["members"]:
        tensors = _by_head(_read(bundle, member["heads"]))
        files = dict(member["trunks"])
        if odd := sorted((tensors.keys() ^ files.keys()) | (tensors.keys() - known.keys())):
            message = f"{odd[0]}: a head of no trunk or no model, or a trunk of no head"
            raise ValueError(message)
        for name, file in files.items():
            if file not in trunks:
                trunks[file] = Layers.of(_read(bundle, file))
                trunks[file].check_size(size)
            key = known[name]
            head = make_head(file, key, tensors[name], features=trunks[file].width)
            heads[key] = (*heads.get(key, ()), head)
        graded = _by_head(_read(bundle, member["grades"])) if "grades" in member else {}
        for name, own in graded.items():
            key, file = known[name], files[name]
            head = make_head(file, key, own, features=trunks[file].width)
            grade_heads[key] = (*grade_heads.get(key, ()), head)
    if bare := set(models) - {model for model, _, _ in heads}:
        message = f"no head of {', '.join(sorted(bare))}"
        raise ValueError(message)
    thresholds = {
        (model, finding, group): float(meta["thresholds"][model][f"{finding}/{group}"])
        for model, finding, group in heads
    }
    grades = read_grades(meta, known)
    if odd_grades := grades.keys() ^ grade_heads.keys():
        message = f"grades of {'/'.join(min(odd_grades))}: without a head, or a head without"
        raise ValueError(message)
    familiarity = {
        trunk: {
            head: Familiarity.of(known, trunks[trunk].width)
            for head, known in _by_head(_read(bundle, file)).items()
        }
        for trunk, file in meta.get("familiarity", {}).items()
    }
    return Weights(
        size,
        models,
        trunks,
        heads,
        thresholds,
        read_calibration(meta, heads),
        read_limits(meta, heads),
        familiarity,
        grade_heads,
        grades,
    )


def _models(meta: Mapping[str, Any]) -> tuple[ModelName, ...]:
    given = list(meta["models"])
    if not given or set(given) - set(MODELS):
        message = f"models {given}"
        raise ValueError(message)
    return tuple(model for model in MODELS if model in given)


def _by_head(tensors: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Tensors by head, then by what is left of their names."""
    found: dict[str, dict[str, Array]] = {}
    for name, tensor in tensors.items():
        head, _, part = name.rpartition("/")
        found.setdefault(head, {})[part] = tensor
    return found


def _read(bundle: Bundle, file: str) -> dict[str, Array]:
    from safetensors import SafetensorError  # noqa: PLC0415 - not needed for --help
    from safetensors.numpy import load_file  # noqa: PLC0415

    path = bundle.path / file
    if file not in bundle.meta["sha256"]:
        message = f"{path}: not part of its bundle; get the bundle again"
        raise ModelError(message)
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        message = f"{path}: cannot be read as weights ({error}); get the bundle again"
        raise ModelError(message) from error
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
