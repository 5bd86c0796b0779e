"""Mutants that no compiler accepts, seen from the text alone: most of what a list of replacements
writes, and each would take the compiler a tenth of a second to refuse."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"\w+")
_NUMBER: Final = re.compile(r"\d[\d_]*|0x[0-9a-fA-F]+")
_TORN_TYPE: Final = re.compile(r"\b(?:uint|int|bytes|IERC|ERC)\s*[-(]\s*\d")
_BEGINS: Final = re.compile(r"\b(?:function|constructor|modifier)\b")
_LOOPS: Final = re.compile(r"\b(?:for|while|do)\b")
_COMMENT: Final = re.compile(r"/\*.*?\*/|//.*")
_PAIRS: Final = ("()", "[]", "{}")
_LANGUAGE: Final = frozenset(
    _WORD.findall(
        """revert break continue true false return if else while for do require assert this super
        msg sender tx origin block timestamp number value public private internal external pure view
        payable virtual override memory storage calldata constant immutable indexed unchecked emit
        delete new address bool string byte mapping uint int bytes callcode delegatecall staticcall
        """
    )
    + [f"{kind}{bits}" for kind in ("uint", "int") for bits in range(8, 257, 8)]
    + [f"bytes{size}" for size in range(1, 33)]
)


class Vocabulary:
    """The words and lines of one source."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._words = _LANGUAGE | set(_WORD.findall(text))

    def is_hopeless(self, line: int, was: str, now: str) -> bool:
        """Whether `now` in the place of `was` at this line (from 1) cannot compile: a word that
        nothing declares, a bracket without its other half, a jump out of no loop."""
        was, now = _COMMENT.sub("", was), _COMMENT.sub("", now)
        words = _WORD.findall(now)
        if any(word not in self._words and not _NUMBER.fullmatch(word) for word in words):
            return True
        if any(_surplus(was, pair) != _surplus(now, pair) for pair in _PAIRS):
            return True
        if _TORN_TYPE.search(now) and not _TORN_TYPE.search(was):
            return True
        return now in {"break;", "continue;"} and not self._is_in_loop(line)

    def _is_in_loop(self, line: int) -> bool:
        for before in reversed(self._lines[: line - 1]):
            if _LOOPS.search(before):
                return True
            if _BEGINS.search(before):
                return False
        return False


def _surplus(text: str, pair: str) -> int:
    return text.count(pair[0]) - text.count(pair[1])
