"""`sharp_cli.score`: what `sharp score` does, as a function."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Final, Literal, get_args

from sharp_cli.api.scores import Scores
from sharp_cli.core.errors import UsageError
from sharp_cli.core.inputs import MODELS
from sharp_cli.core.prevalence import prevalence_of
from sharp_cli.core.records import MissingRule, Precision
from sharp_cli.execution.devices import Device
from sharp_cli.results.run import Run
from sharp_cli.scoring import loading
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.score import score_plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding
    from sharp_cli.scoring.loading import Models

_MODELS: Final = (*MODELS[:4], None)
_RULES: Final = get_args(MissingRule)
_DEVICES: Final = get_args(Device)
_PRECISIONS: Final = (*get_args(Precision), "auto")

_loaded: dict[tuple[object, ...], Models] = {}
"""The models of the last call, by the checksums of their bundles and what they run with."""


def score(
    *files: str | os.PathLike[str],
    model: ModelName | None = None,
    threshold: float | None = None,
    prevalence: Literal["table2"] | float | Mapping[Finding, float] | None = None,
    strict: bool = False,
    missing: MissingRule = "scale",
    mask_annotations: bool = False,
    device: Device = "auto",
    precision: Precision | Literal["auto"] = "fp32",
    threads: int | None = None,
    hands: str | Path | None = None,
    detector: str | Path | None = None,
    models: str | Path | None = None,
    trust: Collection[str] | None = None,
) -> Scores:
    """Find and classify every joint of some hand radiographs, as `sharp score` does.

    A file that cannot be used does not stop the others: it is listed in `Scores.failures`, and a
    `UserWarning` says why. So a call whose files all fail returns empty tables and raises nothing;
    `warnings.simplefilter("error")` makes it raise. Assumptions are listed in `Scores.warnings`.
    The models stay loaded for the next call with the same models.

    Args:
        files: Radiographs (DICOM, PNG, JPEG, TIFF, BMP), folders, which are searched at any depth,
            or patterns. One left and one right hand may be one study,
            see docs/scoring.md.
        model: Joints that the model sees together: `siso`, `mimo-local`, `mimo-one-hand` or
            `mimo-both-hands`; None for `mimo-local`, or the first model of the bundle.
        threshold: Probability from which a joint is non-intact; None for the models' own.
        prevalence: What probabilities of calibrated models hold for: a prevalence of damage, or one
            for each finding; `table2`, and None, for that of each joint group in Table 2 of the
            paper. Labels do not depend on it.
        strict: Whether studies fail that lack a hand or joint that the model needs.
        missing: What totals do about joints without a grade: `scale`, `refuse` or `zero`, as
            `--missing` says.
        mask_annotations: Whether pictures are black outside the hands.
        device: Device for classification: `auto`, or as torch calls it `cpu`, `cuda` or
            `mps`.
        precision: Number format of the classifiers: `fp32`, `bf16` or `auto`.
        threads: CPU threads; None for all cores that this process may use.
        hands: Folder of the hand finder to use instead.
        detector: Folder of the joint detector to use instead.
        models: Folder of the classifiers to use instead; `lite` for the small bundled ones.
        trust: The sha256 of each bundle that is believed to be validated on patients, if its card
            describes how; see docs/bundles.md.

    Returns:
        The scored joints, study by study.

    Raises:
        UsageError: An argument is none of these, or does not suit the models or this machine.
        ModelError: A bundle is missing or damaged.
        KeyboardInterrupt: The call was interrupted; no results are kept.
    """
    _require(bool(files), "no files", "a radiograph, a folder or a pattern")
    valid = threshold is None or 0 <= threshold <= 1
    _require(valid, f"threshold={threshold}", "a number from 0 to 1, or None")
    _require(threads is None or threads > 0, f"threads={threads}", "1 or more, or None")
    for name, value, known in (
        ("model", model, _MODELS),
        ("missing", missing, _RULES),
        ("device", device, _DEVICES),
        ("precision", precision, _PRECISIONS),
    ):
        _require(value in known, f"{name}={value!r}", " or ".join(map(repr, known)))
    wanted = None if prevalence is None else prevalence_of(prevalence)
    ready = _models(
        loading.open_bundles(hands, detector, models, trust or ()),
        device=device,
        precision=precision,
        threads=threads,
    )
    scoring = ready.scoring(
        model,
        threshold=threshold,
        prevalence=wanted,
        strict=strict,
        missing=missing,
        mask_annotations=mask_annotations,
    )
    run = Run()
    document = score_plan(plan(map(os.fsdecode, files)), scoring, run)
    if run.interrupted:
        raise KeyboardInterrupt
    # Two files that failed together have one reason.
    for reason in dict.fromkeys(failure.reason for failure in document.failures):
        warnings.warn(reason, stacklevel=2)
    return Scores(document)


def _require(fits: bool, given: str, wanted: str) -> None:  # noqa: FBT001
    """Raise UsageError with what was given and what to give, unless it fits."""
    if not fits:
        message = f"score(): {given}; give {wanted}"
        raise UsageError(message)


def _models(
    bundles: loading.Bundles,
    *,
    device: Device,
    precision: Precision | Literal["auto"],
    threads: int | None,
) -> Models:
    """The loaded models: those of the last call, if they are the same."""
    identity = ((bundle.sha256, bundle.validated_on_patients) for bundle in bundles)
    key = (*identity, device, precision, threads)
    ready = _loaded.get(key)
    if ready is None:
        # One set is kept: each takes some hundred megabytes.
        _loaded.clear()
        ready = _loaded[key] = loading.load(
            bundles, device=device, precision=precision, threads=threads
        )
    return ready
