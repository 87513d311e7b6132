"""Write a findings bundle; `inference.findings_weights` reads it and says what it holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save
from torch import nn

from sharp_cli.bundles.store import CARD_FILE, initial_meta, write_bundle
from sharp_cli.core.inputs import MODELS
from sharp_cli.fileio import output
from sharp_cli.inference.networks import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName


@dataclass(frozen=True, slots=True)
class Member:
    """One of the networks whose probabilities a bundle averages.

    Attributes:
        trunks: For each head, by its name `<model>/<finding>/<group>`, the tensors of the trunk
            whose features it takes, as `trunk_tensors` gives them.
        heads: The tensors of all heads, as `head_tensors` gives them.
        grades: Likewise those of the heads that grade; each takes the same trunk's features as the
            head of its name.
    """

    trunks: Mapping[str, Mapping[str, NDArray[Any]]]
    heads: Mapping[str, NDArray[Any]]
    grades: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def trunk_tensors(trunk: nn.Sequential) -> dict[str, NDArray[Any]]:
    """A trunk's tensors under torchvision's names, batch normalisation folded."""
    return {name: value.cpu().numpy() for name, value in plain(trunk).state_dict().items()}


def head_tensors(name: str, head: nn.Module) -> dict[str, NDArray[Any]]:
    """The tensors of a head of the name `<model>/<finding>/<group>`; see `inference.heads`."""
    linear = [layer for layer in head.modules() if isinstance(layer, nn.Linear)]
    tensors = {
        f"{k}.{part}": value
        for k, layer in enumerate(linear)
        for part, value in layer.state_dict().items()
    }
    tensors |= {part: value.detach() for part, value in head.named_parameters(recurse=False)}
    return {f"{name}/{part}": value.cpu().numpy() for part, value in tensors.items()}


def write_findings(
    folder: Path,
    members: Sequence[Member],
    *,
    size: int,
    thresholds: Mapping[ModelName, Mapping[str, float]],
    extra: Mapping[str, Any],
    card: str | None,
    familiarity: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
) -> None:
    """Write a bundle, its weights in 16 bit, each distinct trunk once.

    Args:
        folder: The bundle's folder, whose name becomes its name.
        members: The networks, one or several.
        size: Width and height of the trunks' input.
        thresholds: By model and `<finding>/<group>`, for every head.
        extra: Further entries of `bundle.json`: architecture, data, metrics.
        card: The model card; None for none.
        familiarity: By the heads of the first member, the tensors that describe the patches that
            its trunks know; see `inference.familiarity`.

    Raises:
        OutputError: Something cannot be written.
    """
    trunks: dict[str, str] = {}
    entries = []
    for number, member in enumerate(members, start=1):
        entry: dict[str, Any] = {"heads": f"heads-{number}.safetensors", "trunks": {}}
        output.write(folder / entry["heads"], _half(member.heads))
        if member.grades:
            entry["grades"] = f"grades-{number}.safetensors"
            output.write(folder / entry["grades"], _half(member.grades))
        for head, tensors in member.trunks.items():
            content = _half(tensors)
            checksum = hashlib.sha256(content).hexdigest()
            if checksum not in trunks:
                trunks[checksum] = f"trunk-{len(trunks) + 1}.safetensors"
                output.write(folder / trunks[checksum], content)
            entry["trunks"][head] = trunks[checksum]
        entries.append(entry)
    known: dict[str, dict[str, NDArray[Any]]] = {}
    for head, tensors in (familiarity or {}).items():
        _, _, group = head.partition("/")
        named = {f"{group}/{name}": value for name, value in tensors.items()}
        known.setdefault(entries[0]["trunks"][head], {}).update(named)
    familiar = {trunk: trunk.replace("trunk", "familiarity") for trunk in known}
    for trunk, file in familiar.items():
        output.write(folder / file, _half(known[trunk]))
    if card is not None:
        output.write(folder / CARD_FILE, card.encode())
    meta = {
        **initial_meta(folder, "findings"),
        "input": {"size": size, "normalisation": "mean 0 and standard deviation 1 a patch"},
        "models": [model for model in MODELS if model in thresholds],
        "members": entries,
        "thresholds": thresholds,
        **({"familiarity": familiar} if familiar else {}),
        **extra,
    }
    heads = [entry[kind] for entry in entries for kind in ("heads", "grades") if kind in entry]
    write_bundle(folder, meta, [*heads, *trunks.values(), *familiar.values()])


def _half(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """A safetensors file in 16 bit."""
    return bytes(
        save({name: np.ascontiguousarray(value, np.float16) for name, value in tensors.items()})
    )
