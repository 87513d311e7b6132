"""A sheet that reports a model by guidelines: what is known is filled in, the rest left open."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.core.about import NOTICE, __version__
from sharp_cli.core.errors import DocumentError
from sharp_cli.evaluation.checklists import CHECKLISTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.bundles.store import Bundle

OPEN: Final = "Open: to be filled in by the authors."
"""What stands for an item that the tool does not know."""

_FILES: Final = ("classification.json", "grades.json")
"""What `sharp evaluate` writes that a sheet can take figures from."""

_METRICS: Final = ("sensitivity", "specificity", "f_measure", "pr_auc", "roc_auc")
_ALL_JOINTS: Final = "all joints"
_LIBRARIES: Final = ("numpy", "opencv-python-headless", "openvino", "torch", "deeplabcut")


_OF_THE_TOOL: Final[Mapping[str, str]] = {
    "method": "Deep learning: convolutional neural networks that classify joints of the hand.",
    "use": "Classifies each joint that is scored by the modified Sharp/van der Heijde method on PA "
    "radiographs of the hand as intact or non-intact.",
    "preprocessing": "Joints are found by a hand finder and a joint detector, and cut out upright "
    "at a common scale.",
    "missing": "A joint that is not detected has no result. Where the other hand's joint is "
    "missing, the model for one hand answers, and results say so.",
    "reference": "Non-intact is grade 1 or more of the modified Sharp/van der Heijde score.",
    "disjoint": "No patient is in two of training, validation and test.",
    "output": "For each joint a probability of damage, and a label by the threshold of its group.",
    "selection": "Early stopping by the validation loss; thresholds on patients that the networks "
    "were not trained on.",
    "balance": "Training and validation joints are balanced by augmentation.",
    "explanation": "Grad-CAM (sharp report --explain).",
    "poor_input": "Joints of uncertain place, and hands that are cut off or unlike a hand, are "
    "named in results; what shows no hand is refused.",
}
"""What holds for every bundle."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A reporting sheet.

    Attributes:
        title: Of what it is.
        parts: A guideline's name and source, and its items: section, number, what is asked for, and
            the answer.
    """

    title: str
    parts: Sequence[tuple[str, str, Sequence[tuple[str, str, str, str]]]]


def read_evaluation(folder: Path) -> dict[str, Any]:
    """What `sharp evaluate classification --out` and `grades --out` wrote into a folder, by file.

    Raises:
        DocumentError: There is nothing of that, or it cannot be read.
    """
    found = {}
    for name in _FILES:
        path = folder / name
        if not path.exists():
            continue
        try:
            found[name] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            message = f"{path}: cannot be read ({error}); evaluate again with sharp evaluate"
            raise DocumentError(message) from error
    if not found:
        message = f"{folder}: neither {' nor '.join(_FILES)} in it; give what sharp evaluate wrote"
        raise DocumentError(message)
    return found


def reporting_sheet(bundle: Bundle, evaluation: Mapping[str, Any]) -> Sheet:
    """The sheet of a findings bundle.

    Args:
        bundle: The bundle.
        evaluation: See `read_evaluation`; nothing where it is not evaluated.
    """
    facts = facts_of(bundle.meta) | _evaluated(evaluation)
    return Sheet(
        f"Reporting sheet of {bundle.name}",
        [
            (
                checklist.name,
                checklist.source,
                [
                    (section, item.number, item.what, _answer(item.facts, facts))
                    for section, items in checklist.items
                    for item in items
                ],
            )
            for checklist in CHECKLISTS
        ],
    )


def facts_of(meta: Mapping[str, Any]) -> dict[str, str]:
    """What the tool does, and what a bundle says of itself, by the names in `checklists`.

    Args:
        meta: The content of its `bundle.json`.
    """
    settings = {key: one for key, one in meta.get("settings", {}).items() if one is not None}
    members, size = len(meta["members"]), meta["input"]["size"]
    found = {
        "data": meta.get("trained_on", ""),
        "patches": f"Patches of {size} pixels; {meta['input']['normalisation']}.",
        "architecture": meta.get("architecture", ""),
        "inputs": f"Input sets: {', '.join(meta['models'])}.",
        "thresholds": _thresholds(meta["thresholds"]),
        "folds": f"Cross-validation with {meta['folds']} folds." if "folds" in meta else "",
        "start": f"init: {settings['init']}." if "init" in settings else "",
        "training": "; ".join(f"{key}: {_shown(one)}" for key, one in settings.items()),
        "ensemble": f"The mean of {members} networks for each joint." if members > 1 else "",
        "internal": _internal(meta.get("figures", ())),
        "numbers": _numbers(meta.get("figures", ())),
        "limits": "" if meta.get("validated_on_patients") else NOTICE,
        "availability": f"Sharp {__version__}; bundle {meta['name']} {meta['version']} of "
        f"{meta['date']}, licence {meta['licence']}.",
        "software": _software(),
    }
    return {**_OF_THE_TOOL, **{name: text for name, text in found.items() if text}}


def _evaluated(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """What an evaluation says."""
    found = {}
    if binary := evaluation.get("classification.json"):
        found["metrics"] = "By joint set: " + ", ".join(_METRICS) + "."
        found["uncertainty"] = _bootstrap(binary)
        found["performance"] = "; ".join(_figures(binary["figures"]))
        found["parts"] = "; ".join(_figures(binary.get("breakdown", ())))
        found["agreement"] = "; ".join(
            f"{one['between']}, {one['finding']}: kappa {one['kappa']:.2f}"
            for one in binary["agreement"]
            if one["joints"] == _ALL_JOINTS and one["kappa"] is not None
        )
    if graded := evaluation.get("grades.json"):
        kappa = [
            f"{one['first']} – {one['second']}, {one['finding']}: quadratic weighted kappa "
            f"{_with_ends(one)}"
            for one in graded["grades"]
            if (one["by"], one["joints"], one["metric"]) == ("", _ALL_JOINTS, "quadratic_kappa")
        ]
        icc = [
            f"{one['between']}, total score of a study, {one['quantity']}: ICC(2,1) "
            f"{_with_ends(one)}"
            for one in graded["scores"]
            if (one["by"], one["unit"], one["score"], one["metric"])
            == ("", "study", "total", "icc_2_1")
        ]
        found["agreement"] = "; ".join(filter(None, [found.get("agreement"), *kappa, *icc]))
        found.setdefault("uncertainty", _bootstrap(graded))
    return {name: text for name, text in found.items() if text}


def to_markdown(sheet: Sheet) -> bytes:
    """The sheet as Markdown, a table for each guideline."""
    lines = [f"# {sheet.title}", ""]
    for name, source, items in sheet.parts:
        lines += [f"## {name}", "", f"{source}. {_INTRODUCTION}", ""]
        lines += ["| section | item | asks for | answer |", "| --- | --- | --- | --- |"]
        lines += [
            "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in items
        ]
        lines.append("")
    return "\n".join(lines).encode()


def to_docx(sheet: Sheet) -> bytes:
    """The sheet as a document of Word, a table for each guideline; needs the extra `docx`."""
    import docx  # noqa: PLC0415

    document = docx.Document()
    document.add_heading(sheet.title, level=0)
    for name, source, items in sheet.parts:
        document.add_heading(name, level=1)
        document.add_paragraph(f"{source}. {_INTRODUCTION}")
        table = document.add_table(rows=0, cols=4, style="Table Grid")
        for row in [("Section", "Item", "Asks for", "Answer"), *items]:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


_INTRODUCTION: Final = (
    f"Items are shortened; the guideline itself counts. Filled in by Sharp {__version__} from the "
    "model bundle and its evaluation; check every answer."
)


def _answer(names: Sequence[str], facts: Mapping[str, str]) -> str:
    return " ".join(facts[name] for name in names if name in facts) or OPEN


def _thresholds(thresholds: Mapping[str, Mapping[str, float]]) -> str:
    return "Thresholds: " + "; ".join(
        f"{model}: " + ", ".join(f"{head} {limit:g}" for head, limit in heads.items())
        for model, heads in thresholds.items()
    )


def _software() -> str:
    found = {one.metadata["Name"]: one.version for one in distributions()}
    names = [f"{name} {found[name]}" for name in _LIBRARIES if name in found]
    return f"{', '.join([f'Sharp {__version__}', *names])}."


def _numbers(figures: Sequence[Mapping[str, Any]]) -> str:
    """How many joints the figures of the first model are of."""
    parts = [
        f"{one['finding']}/{one['group']} {one['joints']} ({one['non_intact']} non-intact)"
        for one in figures
        if one["model"] == figures[0]["model"]
    ]
    return f"Joints in cross-validation: {'; '.join(parts)}." if parts else ""


def _internal(figures: Sequence[Mapping[str, Any]]) -> str:
    """The figures of a bundle's own cross-validation."""
    return "; ".join(
        f"{one['model']} {one['finding']}/{one['group']}: sensitivity {one['sensitivity']:.2f}, "
        f"specificity {one['specificity']:.2f}"
        for one in figures
        if None not in (one.get("sensitivity"), one.get("specificity"))
    )


def _bootstrap(evaluation: Mapping[str, Any]) -> str:
    return f"95 % intervals by a bootstrap of patients, {evaluation['bootstrap']} samples."


def _figures(figures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in figures:
        if one["joints"] == _ALL_JOINTS and one["metric"] in _METRICS and one["value"] is not None:
            part = f"{one['by']} {one['part']}, " if one.get("by") else ""
            yield f"{part}{one['name']}, {one['finding']}: {one['metric']} {_with_ends(one)}"


def _with_ends(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "not defined"
    ends = "" if one["low"] is None else f" ({one['low']:.2f} to {one['high']:.2f})"
    return f"{one['value']:.2f}{ends}"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
