"""Scoring from Python: what `sharp score` does, with tables of pandas and a view in notebooks."""

from __future__ import annotations

from sharp_cli.api.scores import Scores
from sharp_cli.api.scoring import score

__all__ = ["Scores", "score"]
