"""Synthetic hand radiographs with known truth, drawn from bones to film.

Nothing here reads a radiograph.
"""

from __future__ import annotations

from sharp_cli.synthetic.phantom.film import Film, film
from sharp_cli.synthetic.phantom.hand import Condition, Phantom, draw, random_phantom

__all__ = ["Condition", "Film", "Phantom", "draw", "film", "random_phantom"]
