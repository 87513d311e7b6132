"""Synthetic hand radiographs with known truth.

`generate_hand` makes one hand, `make_radiograph` puts one or two on a radiograph, `random_phantom`
feeds training.
"""

from __future__ import annotations

from sharp_cli.synthetic.phantom.hand import Condition, Phantom, generate_hand, random_phantom
from sharp_cli.synthetic.phantom.radiograph import PhantomRadiograph, make_radiograph

__all__ = [
    "Condition",
    "Phantom",
    "PhantomRadiograph",
    "generate_hand",
    "make_radiograph",
    "random_phantom",
]
