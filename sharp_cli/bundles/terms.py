"""Who may use a bundle for what: three lines in every `bundle.json` and model card."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BUNDLED_TERMS: Final = (
    "Code and weights: Apache-2.0. Use, change and pass them on, with the licence and its notices.",
    (
        "The radiographs that they learned from: RSNA Pediatric Bone Age Challenge 2017, for "
        "research. The joint detector also learned from 25 wrists of RAM-W600, CC BY 4.0, whose "
        "authors are to be named; the classifiers also learned from a network that began with "
        "ImageNet weights, Apache-2.0."
    ),
    (
        "Research, teaching, a hospital's evaluation on its own radiographs: yes. A product, also "
        "with weights fine-tuned from these: not without RSNA's permission. Patient care: no, they "
        "are not validated."
    ),
)
"""Of the bundles that come with the package; `docs/licences.md` says why."""

OWN_TERMS: Final = (
    (
        "Code: Apache-2.0. Weights: theirs who trained them; `licence` in bundle.json is theirs to "
        "change."
    ),
    (
        "The radiographs that they learned from: the terms of these, and the consent of the "
        "patients, decide what the weights may be used for."
    ),
    (
        "Weights that started from those of Sharp are bound by the terms of these, too: `sharp "
        "models` prints them."
    ),
)
"""Of a bundle that a user trains or imports."""

_TITLE: Final = "## May I use it?"
_SECTION: Final = re.compile(rf"^{re.escape(_TITLE)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def with_terms(card: str, terms: Sequence[str]) -> str:
    """A model card with these terms as its last section, in place of any that it had."""
    text = _SECTION.sub("", card).rstrip()
    return f"{text}\n\n{_TITLE}\n\n" + "".join(f"- {line}\n" for line in terms)
