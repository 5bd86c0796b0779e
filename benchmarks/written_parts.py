"""Parts of a page that a command writes, between two comments; the rest is people's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ENDS: Final = "<!-- end of what is written -->"


def begins(command: str) -> str:
    """The comment that opens the part written by a command."""
    return f"<!-- written by {command} -->"


def rewritten(text: str, command: str, lines: Iterable[str]) -> str:
    """The text with that command's part replaced. Raises ValueError when a comment is missing."""
    opening = begins(command)
    before, found, rest = text.partition(opening)
    _, ended, after = rest.partition(ENDS)
    if not found or not ended:
        raise ValueError(f"the page needs the lines {opening} and {ENDS}")
    return before + opening + "\n" + "\n".join(lines) + "\n" + ENDS + after
