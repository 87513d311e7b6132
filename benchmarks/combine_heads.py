"""Combine the heads of two findings bundles on one trunk, as findings 3 was made.

`python benchmarks/combine_heads.py FIRST SECOND OUT --take jsn --models siso,mimo-local` writes the
heads and thresholds of FIRST, but those of one finding and some models from SECOND. Both must have
one member and the same trunk. The model card is FIRST's: rewrite it, and its checksum in
bundle.json with it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save_file

HEADS = "heads-1.safetensors"
TRUNK = "trunk-1.safetensors"


def main() -> None:
    """Write the combined bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name in ("first", "second", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--take", choices=("erosion", "jsn"), required=True)
    parser.add_argument("--models", required=True, help="Separated by commas.")
    options = parser.parse_args()
    first, second, out = options.first, options.second, options.out
    if (first / TRUNK).read_bytes() != (second / TRUNK).read_bytes():
        parser.error("the bundles have different trunks")
    taken = {(model, options.take) for model in options.models.split(",")}
    shutil.copytree(first, out)
    heads = load_file(first / HEADS)
    for name, tensor in load_file(second / HEADS).items():
        if tuple(name.split("/")[:2]) in taken:
            heads[name] = tensor
    save_file(heads, out / HEADS)
    meta = json.loads((first / "bundle.json").read_text(encoding="utf-8"))
    theirs = json.loads((second / "bundle.json").read_text(encoding="utf-8"))
    for mine, other in zip(_of_heads(meta), _of_heads(theirs), strict=True):
        for model, heads in mine.items():
            for head in heads:
                if (model, head.split("/")[0]) in taken:
                    heads[head] = other[model][head]
    meta["sha256"][HEADS] = hashlib.sha256((out / HEADS).read_bytes()).hexdigest()
    (out / "bundle.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


def _of_heads(meta: dict[str, Any]) -> list[dict[str, Any]]:
    """What `bundle.json` holds by model and head."""
    limits = meta.get("conformal", {}).get("limits", {})
    return [meta["thresholds"], meta.get("calibration", {}), limits]


if __name__ == "__main__":
    main()
