"""Sharp: joint damage on hand radiographs of people with rheumatoid arthritis."""

from __future__ import annotations

from sharp_cli.core.about import __version__

__all__ = ["Scores", "__version__", "score"]

# Type checkers take it for that of typing, which takes longer to load than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from sharp_cli.api import Scores, score
else:

    def __getattr__(name: str) -> object:
        """Load what is used from Python once it is asked for: the commands do without."""
        if name not in __all__:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        from sharp_cli import api  # noqa: PLC0415

        return getattr(api, name)
