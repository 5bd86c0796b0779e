"""What a transaction may cost, and what its replacement offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain.client.node import GWEI
from chain.client.sending import Fees

# Nodes take a replacement whose both fees are at least this much of the one before (geth's floor).
REPLACEMENT_PERCENT: Final = 110
# What was asked for may be exceeded so far by raising, so that a long wait does not cost the earth.
OVER_ESTIMATE_MAX: Final = 3


@dataclass(frozen=True)
class RelayPolicy:
    """`bump_blocks` without being mined, and a dearer transaction takes the place of the last one;
    none offers more than `fee_cap_wei` per unit of gas. A node is given at most `in_flight_max`
    transactions of one key at a time (the slots that geth keeps per account)."""

    bump_blocks: int = 3
    fee_cap_wei: int = 500 * GWEI
    in_flight_max: int = 16


def dearer_fees(last: Fees, asked: Fees, cap_wei: int) -> Fees | None:
    """Fees for a replacement; None when the cap leaves no room for one.

    A tenth more, or what is asked for now when that is more, but no more than three times that;
    both fields rise, for a node takes no other replacement.
    """
    fee_floor, tip_floor = _floor(last.max_fee_wei), _floor(last.tip_wei)
    if fee_floor > cap_wei:
        return None
    fee = min(max(fee_floor, asked.max_fee_wei), OVER_ESTIMATE_MAX * asked.max_fee_wei)
    tip = min(max(tip_floor, asked.tip_wei), OVER_ESTIMATE_MAX * asked.tip_wei)
    fee = min(max(fee, fee_floor), cap_wei)
    return Fees(fee, min(max(tip, tip_floor), fee))


def is_dear_enough(last: Fees, asked: Fees) -> bool:
    """Whether what was offered is more than three times what is asked for: dearer helps nobody."""
    return last.max_fee_wei > OVER_ESTIMATE_MAX * asked.max_fee_wei and (
        last.tip_wei >= asked.tip_wei
    )


def _floor(wei: int) -> int:
    return -(-wei * REPLACEMENT_PERCENT // 100)
