"""Who would have got what under which sharing rule, and what a change of rule does to whom.

Amounts are whole numbers of 1/`unit` of a base unit, one per payee; payees are the same under every
rule, and who gets nothing is one of them. A difference below a whole base unit is rounding and no
change. Nothing here decides what is fair: it says who gains, who loses, and by how much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from chain.ledger.identifiers import Address, address_bytes
from chain.metrics.errors import PoolsDiffer
from chain.metrics.inequality import InequalityPair, measure_both


@dataclass(frozen=True)
class Outcome:
    """What one rule gives each payee, and what it leaves to nobody (`suspense`)."""

    rule: str
    amounts: Mapping[Address, int]
    suspense: int = 0


@dataclass(frozen=True)
class Change:
    """One payee's difference to the first outcome: `difference` in base units, towards zero, and as
    a part of what the payee had there; None for a payee who had nothing."""

    payee: Address
    difference: int
    share: Fraction | None


@dataclass(frozen=True)
class RuleRow:
    """One rule, measured against the first. `moved` in base units: what left its payee.

    `units` are base units by payee, ascending; `gained` and `lost` begin with the largest.
    """

    rule: str
    units: Mapping[Address, int]
    suspense: int
    inequality: InequalityPair
    moved: int
    moved_share: Fraction | None
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]

    @property
    def largest_loss(self) -> Change | None:
        """Whoever lost most base units."""
        return self.lost[0] if self.lost else None

    @property
    def largest_share_lost(self) -> Change | None:
        """Whoever lost the largest part of its own."""
        return min(self.lost, key=lambda change: change.share or 0, default=None)


def compare_rules(outcomes: Sequence[Outcome], unit: int) -> tuple[RuleRow, ...]:
    """Measure every outcome, and its changes from the first. `unit` is one base unit.

    Raises PoolsDiffer when two rules divide different sums, NegativeAmount.
    """
    payees = sorted({payee for each in outcomes for payee in each.amounts}, key=address_bytes)
    pools = [sum(each.amounts.values()) + each.suspense for each in outcomes]
    for each, pool in zip(outcomes, pools, strict=True):
        if pool != pools[0]:
            raise PoolsDiffer(each.rule, pools[0], pool)
    return tuple(_row(each, outcomes[0], payees, unit) for each in outcomes)


def _row(outcome: Outcome, first: Outcome, payees: Sequence[Address], unit: int) -> RuleRow:
    before = {payee: first.amounts.get(payee, 0) for payee in payees}
    after = {payee: outcome.amounts.get(payee, 0) for payee in payees}
    changes = []
    for payee in payees:
        difference = after[payee] - before[payee]
        if abs(difference) >= unit:
            units = difference // unit if difference > 0 else -(-difference // unit)
            share = Fraction(difference, before[payee]) if before[payee] else None
            changes.append(Change(payee, units, share))
    left = sum(max(0, before[payee] - after[payee]) for payee in payees)
    pool = sum(before.values()) + first.suspense
    return RuleRow(
        rule=outcome.rule,
        units={payee: amount // unit for payee, amount in after.items()},
        suspense=outcome.suspense // unit,
        inequality=measure_both(after.values()),
        moved=left // unit,
        moved_share=Fraction(left, pool) if pool else None,
        gained=tuple(sorted((c for c in changes if c.difference > 0), key=_largest_first)),
        lost=tuple(sorted((c for c in changes if c.difference < 0), key=_largest_first)),
    )


def _largest_first(change: Change) -> tuple[int, bytes]:
    return -abs(change.difference), address_bytes(change.payee)
