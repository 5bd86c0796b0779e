"""What other sharing rules would have made of a community's pools: the same division as epochs'.

An alternative is a list of rules, each applied within the groups that the one before left: none is
the splits alone; a root and then a floor moves money between groups, and then within each. The
listener-centric rule needs what no chain holds, and divides the whole period at once: who heard
what is not known by epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Address, Digest, EpochNumber, WorkId, address_bytes
from chain.ledger.rights import UNIT_NUMERATOR, Split
from chain.ledger.sharing import (
    Announcement,
    Listener,
    ListenerMode,
    SharingRule,
    listener_centric,
    pro_rata,
)
from chain.settlement.history import CommunityPool
from chain.settlement.pools import Parts, divide_pool

# Numerators of `UNIT_NUMERATOR` by payee.
Earned = dict[Address, int]


@dataclass(frozen=True)
class ListenerOutcome:
    """A period by who heard what: `earned` and `suspense` together are the pool."""

    earned: Earned
    suspense: int
    silent: int


def rule(kind: SharingRule, phi_bps: int = 0) -> Announcement:
    """A rule that nobody announced. Raises Malformed for a floor outside of 1 to 10,000."""
    return Announcement(kind, phi_bps, 0, EpochNumber(0))


def divided_by(pools: Iterable[CommunityPool], rules: Sequence[Announcement]) -> Earned:
    """What each payee would have earned in these epochs under rules one within the other."""
    return _by_payee(
        part for pool in pools for part in _in_turn(pool.parts, rules, pool.previous_report).items()
    )


def settled_as_announced(pools: Iterable[CommunityPool]) -> Earned:
    """What each payee did earn: by the rules that were announced, epoch by epoch."""
    return _by_payee(part for pool in pools for part in pool.as_settled().items())


def divided_by_listening(
    pools: Sequence[CommunityPool],
    listeners: Sequence[Listener],
    mode: ListenerMode,
    splits: Mapping[WorkId, Split],
) -> ListenerOutcome:
    """The pools of a period together, by who heard which of the community's works.

    Fees are in base units. SHAPLEY's parts are equal between groups of works with the same payees
    (a song that is cut in ten is heard once), and by plays within. Works pay by `splits`. Raises
    Malformed for a work without one, or a listener that is there twice.
    """
    unknown = sorted({w for each in listeners for w in each.plays} - splits.keys())
    if unknown:
        raise Malformed("listening", f"work {unknown[0]} is no work of this community with a split")
    turn = pools[-1].previous_report if pools else Digest(bytes(32))
    whole = sum(sum(pool.parts.values()) for pool in pools)
    group_of = {w: WorkId(w) for each in listeners for w in map(WorkId, each.plays)}
    if mode is ListenerMode.SHAPLEY:
        group_of = _first_with_same_payees(group_of, splits)
    crowd = [
        Listener(each.name, each.fee * UNIT_NUMERATOR, _summed(each.plays, group_of))
        for each in listeners
    ]
    found = listener_centric(whole, crowd, mode, turn)
    earned: Earned = {}
    for first, amount in found.amounts.items():
        works = sorted(work for work, group in group_of.items() if group == first)
        plays = [sum(each.plays.get(work, 0) for each in listeners) for work in works]
        for work, part in zip(works, pro_rata(amount, plays, turn).amounts, strict=True):
            shares = splits[work].shares
            amounts = pro_rata(part, [share.bps for share in shares], turn).amounts
            for share, each in zip(shares, amounts, strict=True):
                earned[share.payee] = earned.get(share.payee, 0) + each
    return ListenerOutcome(earned, found.suspense, len(found.silent))


def _in_turn(parts: Parts, rules: Sequence[Announcement], epoch_hash: Digest) -> Parts:
    if not rules:
        return dict(parts)
    divided = divide_pool(parts, rules[0], epoch_hash)
    if len(rules) == 1:
        return divided
    again: Parts = {}
    for group in _groups(divided):
        again |= _in_turn(group, rules[1:], epoch_hash)
    return again


def _groups(parts: Parts) -> list[Parts]:
    """The parts of works that are paid to the same payees, together."""
    payees: dict[WorkId, frozenset[Address]] = {}
    for work, payee in parts:
        payees[work] = payees.get(work, frozenset()) | {payee}
    groups: dict[frozenset[Address], Parts] = {}
    for share, numerator in parts.items():
        groups.setdefault(payees[share[0]], {})[share] = numerator
    return list(groups.values())


def _by_payee(parts: Iterable[tuple[tuple[WorkId, Address], int]]) -> Earned:
    earned: Earned = {}
    for (_, payee), numerator in parts:
        earned[payee] = earned.get(payee, 0) + numerator
    return {payee: earned[payee] for payee in sorted(earned, key=address_bytes)}


def _first_with_same_payees(
    works: Iterable[WorkId], splits: Mapping[WorkId, Split]
) -> dict[WorkId, WorkId]:
    first: dict[frozenset[Address], WorkId] = {}
    found = {}
    for work in sorted(works):
        payees = frozenset(share.payee for share in splits[work].shares)
        found[work] = first.setdefault(payees, work)
    return found


def _summed(plays: Mapping[int, int], group_of: Mapping[WorkId, WorkId]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for work, count in plays.items():
        group = group_of[WorkId(work)]
        sums[group] = sums.get(group, 0) + count
    return sums
