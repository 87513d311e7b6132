"""Text as a terminal may get it, and times in words."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with escapes such as `\x1b` for whatever controls a terminal or cannot be shown."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def printable_lines(text: str) -> str:
    """The same of each line; the breaks between them stay."""
    return "\n".join(map(printable, text.split("\n")))


def duration(minutes: float) -> str:
    """A time as people say it, in whole minutes."""
    hours, rest = divmod(round(minutes), 60)
    if hours:
        return f"{hours} h {rest} min"
    return f"{rest} min" if rest else "less than a minute"
