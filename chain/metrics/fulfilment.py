"""How much of what payees could have came to them without their asking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from chain.metrics.latency.timelines import Milestone
from chain.metrics.period import Handover, Use


@dataclass(frozen=True)
class Fulfilment:
    """Uses and their base units that were payable, by how they came to their payees or did not."""

    uses: dict[Handover, int]
    units: dict[Handover, int]

    @property
    def payable(self) -> int:
        return sum(self.uses.values())

    @property
    def payable_units(self) -> int:
        return sum(self.units.values())

    @property
    def rate(self) -> Fraction | None:
        """Pushed of payable base units; None when nothing was payable."""
        whole = self.payable_units
        return Fraction(self.units[Handover.PUSHED], whole) if whole else None

    @property
    def rate_by_use(self) -> Fraction | None:
        """Pushed of payable uses; None when none was payable."""
        return Fraction(self.uses[Handover.PUSHED], self.payable) if self.payable else None


def automatic_fulfilment(uses: Iterable[Use]) -> Fulfilment:
    """Measure the uses whose money could be had: those that reached CLAIMABLE."""
    found = Fulfilment(dict.fromkeys(Handover, 0), dict.fromkeys(Handover, 0))
    for use in uses:
        if len(use.times) > Milestone.CLAIMABLE:
            found.uses[use.handover] += 1
            found.units[use.handover] += use.value
    return found
