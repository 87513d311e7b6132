"""Write the terms of use into the bundled models and their cards, and seal them again.

    python benchmarks/seal_models.py

To be run whenever a bundle under `models` is replaced, or its card edited: `bundle.json` holds the
checksum of the card, too.
"""

from __future__ import annotations

import json
from pathlib import Path

from sharp_cli.bundles.store import BUNDLE_FILE, write_bundle
from sharp_cli.bundles.terms import BUNDLED_TERMS


def main() -> None:
    """Seal every bundle."""
    for file in sorted(Path("models").glob(f"*/{BUNDLE_FILE}")):
        meta = json.loads(file.read_text(encoding="utf-8"))
        files = meta.pop("sha256")
        write_bundle(file.parent, {**meta, "terms": BUNDLED_TERMS}, files)


if __name__ == "__main__":
    main()
