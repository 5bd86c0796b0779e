"""The fonts that statements are drawn with: files of pinned packages, never those of the machine.

So the same statement looks the same everywhere, and a script that no font here can draw is told,
not shown as boxes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from chain.statements.errors import FontsMissing

# Families in the order in which a letter is looked for, each with its files: package, folder.
FAMILIES: Final = (
    ("Noto Sans", (("noto-sans", "400Regular"), ("noto-sans", "700Bold"))),
    ("Noto Sans Javanese", (("noto-sans-javanese", "400Regular"),)),
    ("Noto Sans Balinese", (("noto-sans-balinese", "400Regular"),)),
    ("Noto Serif Tibetan", (("noto-serif-tibetan", "400Regular"),)),
    ("Noto Sans Devanagari", (("noto-sans-devanagari", "400Regular"),)),
    ("Noto Sans SC", (("noto-sans-sc", "400Regular"),)),
)
_INSTALLED: Final = Path(__file__).resolve().parents[2] / "node_modules" / "@expo-google-fonts"


def font_folders() -> list[Path]:
    """Where the files are: `ANTIPHON_FONTS`, or where setup put them. Raises FontsMissing."""
    base = Path(os.environ.get("ANTIPHON_FONTS") or _INSTALLED)
    folders = [base / package / style for _, files in FAMILIES for package, style in files]
    missing = [folder for folder in folders if not any(folder.glob("*.ttf"))]
    if missing:
        raise FontsMissing(f"{missing[0].parent.name}/{missing[0].name}")
    return folders


def undrawn(texts: Iterable[str]) -> list[str]:
    """The letters that no font here has, each once, in their order. Raises FontsMissing."""
    wanted = dict.fromkeys(char for text in texts for char in text if not char.isspace())
    if all(ord(char) < 0x7F for char in wanted):
        return []
    drawn = _letters(tuple(font_folders()))
    return [char for char in wanted if ord(char) not in drawn and not _is_unseen(char)]


def _is_unseen(char: str) -> bool:
    """Joiners, selectors and spaces of no width draw nothing of their own."""
    return char in "\u200b\u200c\u200d\u2060\ufeff" or "\ufe00" <= char <= "\ufe0f"


@cache
def _letters(folders: tuple[Path, ...]) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for folder in folders:
        for path in folder.glob("*.ttf"):
            with TTFont(path, lazy=True) as font:
                found.update(font.getBestCmap())
    return frozenset(found)
