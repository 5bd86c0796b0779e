"""How much of what payees could have came to them without their asking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from chain.metrics.latency.timelines import Milestone
from chain.metrics.period import Use


@dataclass(frozen=True)
class Fulfilment:
    """Uses and their base units that were payable: pushed to the payee, asked for, or waiting."""

    pushed: int
    asked: int
    waiting: int
    pushed_units: int
    asked_units: int
    waiting_units: int

    @property
    def payable(self) -> int:
        return self.pushed + self.asked + self.waiting

    @property
    def payable_units(self) -> int:
        return self.pushed_units + self.asked_units + self.waiting_units

    @property
    def rate(self) -> Fraction | None:
        """Pushed of payable base units; None when nothing was payable."""
        return Fraction(self.pushed_units, self.payable_units) if self.payable_units else None

    @property
    def rate_by_use(self) -> Fraction | None:
        """Pushed of payable uses; None when none was payable."""
        return Fraction(self.pushed, self.payable) if self.payable else None


def automatic_fulfilment(uses: Iterable[Use]) -> Fulfilment:
    """Measure the uses whose money could be had: those that reached CLAIMABLE."""
    counts = {"pushed": [0, 0], "asked": [0, 0], "waiting": [0, 0]}
    for use in uses:
        if len(use.times) > Milestone.CLAIMABLE:
            is_paid = len(use.times) > Milestone.PAID
            of = counts[("asked" if use.asked else "pushed") if is_paid else "waiting"]
            of[0] += 1
            of[1] += use.value
    return Fulfilment(*(count for count, _ in counts.values()), *(u for _, u in counts.values()))
