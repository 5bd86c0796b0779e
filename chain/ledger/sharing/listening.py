"""The listener-centric rule: each listener's money goes to what that listener heard.

Computed off chain; no contract has it. A listener is a digest (a platform's own pseudonym, hashed:
never a name), what it heard are ids: works, or communities, whatever is paid. Three ways:

- USER_CENTRIC: a listener's part of the pool by its fee, then by its plays.
- SHAPLEY: by its fee, then equally among all that it heard (source: Bergantinos and Moreno-Ternero,
  arXiv 2411.07166: the Shapley value of the streaming game).
- SCALED: a listener contributes gamma for each play, at most its fee, with the one gamma at which
  the contributions are the pool: who listens a hundred times as much pays no more than its fee, so
  an account that only plays in order to earn can never earn more than it costs. Fraud-proof in the
  sense of Ghosh and others, "Fraud-Proof Revenue Division on Subscription Platforms", ICML 2025,
  arXiv 2511.04465; there every fee is 1. gamma is an exact fraction, never a float.

What is allocated and what is in suspense sum to exactly the pool. In suspense is the part of
listeners who heard nothing, and under SCALED what all fees together do not cover; both are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Final

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest, checked_digest, checked_uint
from chain.ledger.sharing.dividing import pro_rata

_FEE_BITS: Final = 160
_PLAYS_BITS: Final = 64


class ListenerMode(StrEnum):
    """How a listener's money is divided."""

    USER_CENTRIC = "user-centric"
    """By its plays."""
    SHAPLEY = "shapley"
    """Equally among all that it heard."""
    SCALED = "scaled"
    """By its plays; it contributes in proportion to them, at most its fee."""


@dataclass(frozen=True)
class Listener:
    """One account in one epoch: `fee` in the pool's units, plays by the id of what was heard.

    Raises Malformed for numbers that are none.
    """

    name: Digest
    fee: int
    plays: Mapping[int, int]

    def __post_init__(self) -> None:
        checked_digest(self.name, "listener")
        checked_uint(self.fee, _FEE_BITS, "fee")
        for heard, count in self.plays.items():
            checked_uint(heard, _PLAYS_BITS, "id of what was heard")
            checked_uint(count, _PLAYS_BITS, "plays")

    @property
    def volume(self) -> int:
        """All plays."""
        return sum(self.plays.values())


@dataclass(frozen=True)
class ListenerAllocation:
    """What each id gets, ascending by id; and what nobody gets, with the reason.

    `silent` are the listeners who heard nothing, ascending, with their part of the pool;
    `uncovered` is what SCALED's fees do not reach. `gamma` is SCALED's contribution per play, None
    under the other modes and where every listener gives its whole fee.
    """

    amounts: Mapping[int, int]
    silent: Mapping[Digest, int]
    uncovered: int
    gamma: Fraction | None

    @property
    def suspense(self) -> int:
        """All that is for nobody."""
        return sum(self.silent.values()) + self.uncovered


def listener_centric(
    pool: int, listeners: Sequence[Listener], mode: ListenerMode, epoch_hash: Digest
) -> ListenerAllocation:
    """Divide a pool by who heard what. The order of listeners and of plays changes nothing.

    Raises Malformed for a listener that is there twice, and as `pro_rata`.
    """
    ordered = sorted(listeners, key=lambda listener: listener.name)
    for before, after in pairwise(ordered):
        if before.name == after.name:
            raise Malformed("listeners", f"0x{after.name.hex()} is there twice: add up its plays")
    gamma = None
    if mode is ListenerMode.SCALED:
        parts, gamma = contributions(pool, ordered, epoch_hash)
    else:
        parts = pro_rata(pool, [listener.fee for listener in ordered], epoch_hash).amounts
    amounts = dict.fromkeys(sorted({heard for each in ordered for heard in each.plays}), 0)
    silent = {}
    for listener, part in zip(ordered, parts, strict=True):
        if not listener.volume:
            silent[listener.name] = part
            continue
        for heard, amount in divide_part(part, listener, mode, epoch_hash).items():
            amounts[heard] += amount
    return ListenerAllocation(amounts, silent, pool - sum(parts), gamma)


def divide_part(
    part: int, listener: Listener, mode: ListenerMode, epoch_hash: Digest
) -> dict[int, int]:
    """One listener's part among what it heard: all that a challenger need recompute.

    The turn is the epoch's and the listener's together: were it the epoch's alone, the same id
    would win the last unit of every listener. Sums to `part` if anything was heard.
    """
    heard = sorted(listener.plays)
    by_plays = mode is not ListenerMode.SHAPLEY
    weights = [listener.plays[h] if by_plays else min(listener.plays[h], 1) for h in heard]
    turn = Digest(bytes(a ^ b for a, b in zip(epoch_hash, listener.name, strict=True)))
    return dict(zip(heard, pro_rata(part, weights, turn).amounts, strict=True))


def contributions(
    pool: int, listeners: Sequence[Listener], epoch_hash: Digest
) -> tuple[tuple[int, ...], Fraction | None]:
    """What each gives under SCALED, min(gamma * plays, fee), and gamma; in the listeners' order.

    Listeners reach their fee in the order of fee / plays, so gamma follows from how many have. None
    where all fees of those who heard anything are together no more than the pool.
    """
    plays = [listener.volume for listener in listeners]
    heavy_first = sorted(
        (index for index, count in enumerate(plays) if count),
        key=lambda index: Fraction(listeners[index].fee, plays[index]),
    )
    given = [0] * len(plays)
    owed, volume = pool, sum(plays)
    for place, index in enumerate(heavy_first):
        fee, count = listeners[index].fee, plays[index]
        if owed * count <= fee * volume:
            # Nobody from here on reaches its fee, and fees are whole: no unit goes over one.
            rest = sorted(heavy_first[place:])
            parts = pro_rata(owed, [plays[each] for each in rest], epoch_hash).amounts
            for each, part in zip(rest, parts, strict=True):
                given[each] = part
            return tuple(given), Fraction(owed, volume)
        given[index] = fee
        owed, volume = owed - fee, volume - count
    return tuple(given), None
