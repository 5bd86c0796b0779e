"""How a pool is divided among payees, exact to the unit: in proportion, and with a floor.

The twin of contracts/libraries/Allocation.sol. Amounts and weights are whole numbers; what is
allocated and what is left over sum to exactly the pool. Where nobody has a weight there is nobody
to pay in proportion, and the pool is left over. Weights are in canonical order, ascending by payee;
the division begins where the epoch's hash says, so that no payee keeps the last unit for good.
Source: telescoping sums of floor(pool * cumulative weight / all weight).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Final

from chain.ledger.errors import Malformed
from chain.ledger.identifiers import Digest, checked_digest, checked_uint
from chain.ledger.rights import BPS_WHOLE

# Keeps the square root of a weight exact to 2^-32.
_ROOT_SHIFT: Final = 64
_GROUP_BITS: Final = 256 - _ROOT_SHIFT
_WEIGHTS_BITS: Final = 256


@dataclass(frozen=True)
class Allocation:
    """Base units by payee, in the order of the weights, and what is for nobody."""

    amounts: tuple[int, ...]
    left_over: int


@dataclass(frozen=True)
class GroupedAllocation:
    """Base units by group and payee, in the order of the weights, and what is for nobody."""

    amounts: tuple[tuple[int, ...], ...]
    left_over: int


def pro_rata(pool: int, weights: Sequence[int], epoch_hash: Digest) -> Allocation:
    """In proportion to weights. Raises Malformed for numbers a contract could not take."""
    whole = _checked(pool, weights, epoch_hash)
    if whole == 0:
        return Allocation((0,) * len(weights), pool)
    amounts = [0] * len(weights)
    first = int.from_bytes(epoch_hash, "big") % len(weights)
    cumulative = paid = 0
    for step in range(len(weights)):
        at = (first + step) % len(weights)
        cumulative += weights[at]
        up_to = pool * cumulative // whole
        amounts[at], paid = up_to - paid, up_to
    return Allocation(tuple(amounts), 0)


def floor_pro_rata(
    pool: int, weights: Sequence[int], phi_bps: int, epoch_hash: Digest
) -> Allocation:
    """`phi_bps` of the pool equally, the rest in proportion; without any weight, all equally.

    Raises Malformed as `pro_rata`, and for a floor above the whole.
    """
    if not 0 <= checked_uint(phi_bps, 16, "floor") <= BPS_WHOLE:
        raise Malformed("floor", f"{phi_bps} basis points of {BPS_WHOLE}")
    whole = _checked(pool, weights, epoch_hash)
    floor = pool * phi_bps // BPS_WHOLE if whole else pool
    equal = pro_rata(floor, [1] * len(weights), epoch_hash)
    rest = pro_rata(pool - floor, weights, epoch_hash)
    amounts = tuple(a + b for a, b in zip(equal.amounts, rest.amounts, strict=True))
    return Allocation(amounts, equal.left_over + rest.left_over)


def community_root(
    pool: int, groups: Sequence[Sequence[int]], epoch_hash: Digest
) -> GroupedAllocation:
    """Between groups by the square root of their weight, within a group in proportion.

    Raises Malformed as `pro_rata`, and for a group whose weights reach 2^192.
    """
    roots = []
    for number, weights in enumerate(groups):
        weight = _checked(pool, weights, epoch_hash)
        roots.append(isqrt(checked_uint(weight, _GROUP_BITS, f"group {number}") << _ROOT_SHIFT))
    between = pro_rata(pool, roots, epoch_hash)
    # A group without weight gets no pool, so nothing is left over within any.
    amounts = tuple(
        pro_rata(part, weights, epoch_hash).amounts
        for part, weights in zip(between.amounts, groups, strict=True)
    )
    return GroupedAllocation(amounts, between.left_over)


def _checked(pool: int, weights: Sequence[int], epoch_hash: Digest) -> int:
    """The sum of the weights."""
    checked_uint(pool, _WEIGHTS_BITS, "pool")
    checked_digest(epoch_hash, "epoch hash")
    for weight in weights:
        checked_uint(weight, _WEIGHTS_BITS, "weight")
    return checked_uint(sum(weights), _WEIGHTS_BITS, "sum of weights")
