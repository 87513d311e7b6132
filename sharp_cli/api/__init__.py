"""Scoring from Python: what `sharp score` does, with pandas tables and a view in notebooks.

Nothing here prints, or ends the process.
"""

from __future__ import annotations

from sharp_cli.api.scores import Scores
from sharp_cli.api.scoring import score

__all__ = ["Scores", "score"]
