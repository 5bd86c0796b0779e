"""Why a mutant changes nothing: by a rule, or because it is listed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.mutants import Mutant


@dataclass(frozen=True)
class Rule:
    """Two ways to write one thing: lines that `pattern` makes equal are equivalent."""

    pattern: re.Pattern[str]
    instead: str
    why: str

    def applies_to(self, mutant: Mutant) -> bool:
        was, now = (self.pattern.sub(self.instead, line) for line in (mutant.was, mutant.now))
        return was == now


RULES: Final = (
    Rule(
        re.compile(r"\b(public|private|internal) (?:immutable|constant)? ?(?=\w)"),
        r"\1 ",
        "read from storage, for more gas, and never written again",
    ),
    Rule(re.compile(r"(?:<=|==) (0\b|\w+\.NONE\b)"), r"== \1", "nothing comes before the first"),
    Rule(re.compile(r"(?:>|!=) (0\b|\w+\.NONE\b)"), r"!= \1", "nothing comes before the first"),
    Rule(
        re.compile(r"(for \(uint256 i; i )(?:<|!=)( [\w.]+; \+\+i\))"),
        r"\1<\2",
        "what counts on by one reaches its end",
    ),
)


def reason_for(mutant: Mutant) -> str | None:
    if (mutant.was, mutant.now) == ("", "continue;") and _ends_a_loop(mutant):
        return "the loop goes on there anyway"
    for rule in RULES:
        if rule.applies_to(mutant):
            return rule.why
    for known in EQUIVALENTS:
        if (mutant.unit, mutant.was) == (known.unit, known.was) and mutant.now in known.now:
            return known.why
    return None


def _ends_a_loop(mutant: Mutant) -> bool:
    """Whether the new line is the last of a loop's body."""
    lines = mutant.content.splitlines()
    if lines[mutant.line].strip() != "}":
        return False
    depth = 1
    for line in reversed(lines[: mutant.line - 1]):
        depth += line.count("}") - line.count("{")
        if depth == 0:
            return line.strip().startswith(("for ", "while "))
    return False
