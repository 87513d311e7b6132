"""docs/licences.md: it names every package that is not permissive, and what the cards say."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sharp_cli.bundles.store import CARD_FILE, Bundle, bundled
from sharp_cli.bundles.terms import BUNDLED_TERMS

PAGE = (Path(__file__).parents[1] / "docs" / "licences.md").read_text(encoding="utf-8")
PERMISSIVE = re.compile(
    r"(?!.*(?:GPL|General Public|Mozilla|MPL-|Proprietary))"
    r".*(?:\bMIT\b|BSD|Apache|\bISC|\bPSF|Python Software Foundation|Unlicense)",
    re.IGNORECASE,
)


def installed() -> set[str]:
    """What is installed of Sharp's dependencies, those of its extras and of theirs included."""
    seen: set[tuple[str, str]] = set()
    left = [("sharp-cli", extra) for extra in ("", "all", "dev")]
    while left:
        name, extra = left.pop()
        if (name, extra) in seen or not _is_installed(name):
            continue
        seen.add((name, extra))
        for need in map(Requirement, metadata.requires(name) or []):
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                left += [(canonicalize_name(need.name), one) for one in ("", *need.extras)]
    return {name for name, _ in seen} - {"sharp-cli"}


@cache
def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def licence_of(name: str) -> str:
    """What a package states: an expression, else classifiers, else the first line of a text."""
    stated = metadata.metadata(name)
    classifiers = [
        one for one in stated.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    texts = [one.partition("\n")[0] for one in stated.get_all("License") or []]
    return " ".join([*(stated.get_all("License-Expression") or []), *classifiers, *texts])


def test_every_package_that_is_not_permissive_is_on_the_page() -> None:
    rows = PAGE[PAGE.index("| package |") :].split("\n\n")[0].splitlines()[2:]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    packages = installed()
    assert {"numpy", "openvino", "torch", "deeplabcut"} <= packages
    missing = {
        name: licence_of(name)
        for name in packages
        if not PERMISSIVE.match(licence_of(name)) and not any(fnmatch(name, one) for one in named)
    }
    assert missing == {}


@pytest.mark.parametrize("bundle", bundled(), ids=lambda one: one.kind)
def test_every_bundled_card_ends_with_the_terms(bundle: Bundle) -> None:
    again = "run: python benchmarks/seal_models.py"
    assert bundle.terms == BUNDLED_TERMS, again
    card = (bundle.path / CARD_FILE).read_text(encoding="utf-8")
    lines = "".join(f"- {line}\n" for line in BUNDLED_TERMS)
    assert card.endswith(f"\n## May I use it?\n\n{lines}"), again
