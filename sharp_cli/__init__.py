"""Sharp: joint damage on hand radiographs of people with rheumatoid arthritis."""

__version__ = "0.1.0"
