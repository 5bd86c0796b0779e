"""Mutants that change nothing anyone could notice, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.mutation.mutants import Mutant


@dataclass(frozen=True)
class Equivalent:
    """Lines of `unit` that are `was` and become one of `now`."""

    unit: str
    was: str
    now: tuple[str, ...]
    why: str


EQUIVALENTS: Final[tuple[Equivalent, ...]] = ()


def reason_for(mutant: Mutant) -> str | None:
    for known in EQUIVALENTS:
        if (mutant.unit, mutant.was) == (known.unit, known.was) and mutant.now in known.now:
            return known.why
    return None
