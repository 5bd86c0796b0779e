"""Pools through the deployed contracts: signed segments in, balances out, one epoch per pool.

The balances that payees hold afterwards are read from the token and must be those of the
settlement's own code, unit for unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.table2.dividing import NOTHING, Divider
from benchmarks.table2.world import World, running_world
from chain.ledger.epoch import EpochReport
from chain.ledger.identifiers import EpochNumber
from chain.ledger.rights import UNIT_NUMERATOR
from chain.ledger.sharing import NOTICE_EPOCHS, Announcement, SharingRule
from chain.settlement.carried import Carried
from oracle.operator import Calculator

# What the contract asks a platform to wait before a root pays; the clock is moved past it.
WINDOW_SECONDS: Final = 7_200


@dataclass(frozen=True)
class PaidPool:
    """One pool: what each payee's balance grew by, and what the settlement's code says it should
    have; both in base units."""

    received: tuple[int, ...]
    computed: tuple[int, ...]


def pay_pools(
    pools: Sequence[Sequence[int]],
    floor_bps: int,
    calculator: Calculator,
    progress: Callable[[str], None],
) -> tuple[PaidPool, ...]:
    """Settle pools of uses by payee on a node of their own, with a floor or without (zero).

    With a floor, the first pools that the notice of a rule takes are settled without it; they
    are not among the answers.
    """
    rule = None
    if floor_bps:
        first = EpochNumber(NOTICE_EPOCHS + 1)
        rule = Announcement(SharingRule.FLOOR_PRO_RATA, floor_bps, 1, first)
    with running_world(
        len(pools[0]), window_seconds=WINDOW_SECONDS, rule=rule, calculator=calculator
    ) as world:
        without, within = Divider(world.payees), Divider(world.payees, rule)
        carried, paid = NOTHING, []
        for number, uses in enumerate(pools, start=1):
            divider = within if rule is not None and number >= rule.from_epoch else without
            pool, carried = _pay(world, divider, uses, carried)
            paid.append(pool)
            if number % 10 == 0:
                progress(f"{number} of {len(pools)} pools paid")
    return tuple(paid if rule is None else paid[rule.from_epoch - 1 :])


def _pay(
    world: World, divider: Divider, uses: Sequence[int], carried: Carried
) -> tuple[PaidPool, Carried]:
    before, now = world.balances(), world.now()
    world.file([event for i, count in enumerate(uses) for event in world.uses(i, [now] * count)])
    report: EpochReport = world.close_epoch().report
    world.wait_until(world.now() + WINDOW_SECONDS + 1)
    world.pay_due()
    division = divider.division(uses, carried, report.previous_report)
    earlier = [carried.of(division.token).get(p, 0) // UNIT_NUMERATOR for p in world.payees]
    computed = [a - b for a, b in zip(divider.amounts(division), earlier, strict=True)]
    received = [a - b for a, b in zip(world.balances(), before, strict=True)]
    return PaidPool(tuple(received), tuple(computed)), division.carried
