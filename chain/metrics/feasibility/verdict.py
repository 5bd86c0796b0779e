"""The verdict on a printed triple, with its reason or its witness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chain.metrics.feasibility.bounds import (
    Contradiction,
    contradictions,
    largest_gini,
    theil_floor,
)
from chain.metrics.feasibility.printed import Triple
from chain.metrics.feasibility.witness import Witness, find_witness


class Possibility(StrEnum):
    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Verdict:
    """What was found of a triple: theorems it breaks, or a witness, or neither."""

    triple: Triple
    possibility: Possibility
    contradictions: tuple[Contradiction, ...]
    witness: Witness | None

    @property
    def reason(self) -> str:
        """One sentence in plain words."""
        if self.contradictions:
            return "; ".join(found.reason for found in self.contradictions)
        if self.witness is not None:
            people = sum(self.witness.people)
            return f"{people:,} people in {len(self.witness.people)} groups measure just that"
        if self.triple.averaged:
            return "no theorem about means over groups forbids it, and one group was not found"
        return "no theorem here forbids it, and no payees were found that measure it"

    def to_plain(self) -> dict[str, Any]:
        """For JSON: verdict, reason, the bounds that each number sets, and the witness."""
        triple = self.triple
        gini, theil, jain = map(float, (triple.gini_low, triple.theil.high, triple.jain.low))
        witness = None
        if self.witness is not None:
            witness = {
                "people": list(self.witness.people),
                "amount_each": [str(amount) for amount in self.witness.amount_each],
                "measured": self.witness.measured.to_plain(),
            }
        return {
            "name": triple.name,
            "jain": triple.jain.text,
            "theil": triple.theil.text,
            "gini": triple.gini.text,
            "payees": triple.payees,
            "corrected": triple.corrected,
            "averaged": triple.averaged,
            "verdict": str(self.possibility),
            "reason": self.reason,
            "theorems": [
                {"name": found.theorem, "holds_for_averages": found.holds_for_averages}
                for found in self.contradictions
            ],
            "bounds": {
                "theil_min_by_gini": theil_floor(gini) if gini < 1 else None,
                "theil_max_by_jain": -math.log(jain) if 0 < jain <= 1 else None,
                "gini_max_by_jain": math.sqrt((1 / jain - 1) / 3) if 0 < jain <= 1 else None,
                "gini_max_by_theil": largest_gini(theil) if theil >= 0 else None,
            },
            "witness": witness,
        }


def judge(triple: Triple) -> Verdict:
    """Look for a theorem that a triple breaks, then for payees that measure it.

    A witness is one group of payees; it shows a mean over several groups possible as well.
    """
    broken = tuple(contradictions(triple))
    if broken:
        return Verdict(triple, Possibility.IMPOSSIBLE, broken, None)
    witness = find_witness(triple)
    possibility = Possibility.UNDECIDED if witness is None else Possibility.POSSIBLE
    return Verdict(triple, possibility, (), witness)
