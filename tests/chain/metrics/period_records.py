"""A period small enough to work out by hand, and ways to change it."""

from __future__ import annotations

from typing import Any

import msgspec

from chain.metrics.period import (
    Block,
    Disputes,
    Handover,
    Lane,
    Money,
    Payee,
    Payouts,
    Period,
    PeriodRecord,
    Rule,
    Traced,
    Transactions,
    Use,
)

TOKEN = "0x" + "77" * 20
AS_OF = 1_000_000


def account(number: int) -> str:
    return f"0x{number:040x}"


def block(number: int, timestamp: int = AS_OF) -> Block:
    return Block(number, "0x" + "00" * 32, timestamp)


def use(
    number: int,
    *times: int,
    value: int = 1,
    lane: Lane = Lane.EPOCH,
    how: Handover = Handover.PENDING,
) -> Use:
    return Use(f"use {number}", lane, value, how, times)


def payees(*paid: int) -> tuple[Payee, ...]:
    """Payees 0, 1, 2 …: two communities in turn, one tradition each."""
    return tuple(
        Payee(account(i), f"community {i % 2 + 1}", f"tradition {i % 2 + 1}", amount, 0, 0)
        for i, amount in enumerate(paid)
    )


EMPTY = PeriodRecord(
    chain_id=1,
    ledger=account(99),
    period=Period(5, 9, None, AS_OF, block(9)),
    money=Money(TOKEN, "aUSD", 6),
    payees=(),
    uses=(),
    payouts=Payouts(0, 0, 0, 0),
    disputes=Disputes(0, 0, {}, 0, 0),
    transactions=Transactions(0, 0),
)


def changed(record: PeriodRecord, **fields: Any) -> PeriodRecord:
    return msgspec.structs.replace(record, **fields)


# Payees with 0 to 3 units; a use paid after 6 s, one asked for after 8 s, one that waits.
RECORD = changed(
    EMPTY,
    payees=tuple(
        msgspec.structs.replace(payee, earned=earned, by_split=by_split)
        for payee, earned, by_split in zip(
            payees(0, 1, 2, 3), (1, 1, 2, 2), (0, 1, 2, 3), strict=True
        )
    ),
    uses=(
        use(1, 0, 1, 2, 3, 4, 5, 6, value=3, how=Handover.PUSHED),
        use(2, 0, 0, 0, 0, 0, 0, 8, value=2, lane=Lane.DIRECT, how=Handover.ASKED),
        use(3, 0, 1, 2, 3, 4, 5, how=Handover.REFUSED),
        use(4, 0, 1),
    ),
    payouts=Payouts(4, 3, 6, 5),
    disputes=Disputes(8, 1, {"open": 1}, 3, 1),
    transactions=Transactions(1, 4),
    rules=(Rule("community 1", "FLOOR_PRO_RATA", 3_000, 2),),
    exam=(Traced(True, "PAYEES", True), Traced(False, None, None)),
    simulated=("demand", "the passing of a day (time-warp)"),
)
