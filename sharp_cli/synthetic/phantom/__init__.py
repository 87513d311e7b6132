"""Synthetic hand radiographs with known truth.

`draw` makes one hand, `film` puts one or two on a film, `random_phantom` feeds training.
"""

from __future__ import annotations

from sharp_cli.synthetic.phantom.film import Film, film
from sharp_cli.synthetic.phantom.hand import Condition, Phantom, draw, random_phantom

__all__ = ["Condition", "Film", "Phantom", "draw", "film", "random_phantom"]
