"""Who gained and who lost when payees were paid one way rather than another."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Change(Generic[Name]):
    """One payee: base units `before` and `after`."""

    payee: Name
    before: int
    after: int

    @property
    def difference(self) -> int:
        return self.after - self.before

    @property
    def loss(self) -> Fraction:
        """The share of `before` that is gone; zero for who lost nothing."""
        if self.difference >= 0:
            return Fraction(0)
        return Fraction(-self.difference, self.before)


@dataclass(frozen=True)
class Gains(Generic[Name]):
    """`changes` are of every payee, the largest loss first, the largest gain last.

    `moved` base units went to others than before, `created` came in or (below zero) went missing:
    zero under every sharing rule.
    """

    changes: tuple[Change[Name], ...]
    gained: int
    lost: int
    unchanged: int
    moved: int
    created: int
    largest_loss: Fraction | None

    @property
    def moved_share(self) -> Fraction | None:
        """`moved` of all that was paid before; None without money."""
        before = sum(change.before for change in self.changes)
        return Fraction(self.moved, before) if before else None


def compare(before: Mapping[Name, int], after: Mapping[Name, int]) -> Gains[Name]:
    """Compare two divisions; a payee that is missing from one has nothing in it."""
    names = {**before, **after}
    changes = [Change(name, before.get(name, 0), after.get(name, 0)) for name in names]
    changes.sort(key=lambda change: (change.difference, str(change.payee)))
    gains = [change.difference for change in changes if change.difference > 0]
    losses = [-change.difference for change in changes if change.difference < 0]
    return Gains(
        changes=tuple(changes),
        gained=len(gains),
        lost=len(losses),
        unchanged=len(changes) - len(gains) - len(losses),
        moved=min(sum(gains), sum(losses)),
        created=sum(gains) - sum(losses),
        largest_loss=max((change.loss for change in changes), default=None),
    )
