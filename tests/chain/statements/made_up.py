"""Statements made of lines nobody paid, for what draws and reads them: no chain is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.indexer.records import DirectPayout, Place
from chain.ledger.identifiers import Address, WorkId
from chain.ledger.money import Currency
from chain.ledger.rights import SHARE_SCALE, UNIT_NUMERATOR
from chain.statements.books import _direct_balances
from chain.statements.document import document_of
from chain.statements.lines import Line, Source
from chain.statements.payee_book import PayeeBook
from chain.statements.periods import Period
from chain.statements.statement import Statement

PAYEE = Address("0x" + "17" * 20)
OTHER = Address("0x" + "2b" * 20)
START = 1_790_000_000
NAMES = ("RoyaltyLedger", "EpochDistributor", "UsageOracle", "DisputeCourt", "DevStablecoin")

Titles = Sequence[tuple[str, str]]


def place(block: int, log_index: int = 0) -> Place:
    return Place(block, log_index, block.to_bytes(32, "big"), START + 12 * block)


def pin(block: int) -> BlockPin:
    return BlockPin(block, block.to_bytes(32, "big"), START + 12 * block)


def currency(decimals: int = 6) -> Currency:
    return Currency(Address("0x" + "70" * 20), "aUSD", decimals)


def payment(work: int, gross: int, bps: int, block: int) -> Line:
    at = place(block)
    return Line(
        payee=PAYEE,
        source=Source.PAYMENT,
        source_work=WorkId(work),
        work_id=WorkId(work),
        licences=(),
        units=None,
        gross=gross,
        share=SHARE_SCALE,
        bps=bps,
        numerator=gross * SHARE_SCALE * bps,
        version=1,
        paid_in=at,
        booked=at,
    )


def made_up(
    titles: Sequence[Titles],
    *,
    gross: int = 1_000_001,
    bps: int = 3_333,
    decimals: int = 6,
    count: int = 1,
) -> dict[str, Any]:
    """One payee with `count` payments for each title's work, from 1, all whole units paid out."""
    book = PayeeBook(PAYEE)
    block = 1
    for work in range(1, len(titles) + 1):
        for _ in range(count):
            line = payment(work, gross, bps, block)
            book.earn(line.booked, [line])
            block += 1
        share = book.shares[WorkId(work), 1]
        units = share.due // UNIT_NUMERATOR
        if units:
            at = place(block)
            book.pay_direct(
                DirectPayout(WorkId(work), currency().token, PAYEE, 1, OTHER, units, units, at)
            )
            block += 1
    works = tuple(WorkId(work) for work in range(1, len(titles) + 1))
    contracts = {name: Address("0x" + f"{i:02x}" * 20) for i, name in enumerate(NAMES, start=1)}
    deployment = Deployment(31337, 1, contracts, (OTHER,), 1, 7200, OTHER, OTHER)
    statement = Statement(
        subject=PAYEE,
        currency=currency(decimals),
        deployment=deployment,
        period=Period("made up", pin(0), pin(block)),
        opening={},
        closing=book.stocks(),
        payees={},
        entries=tuple(book.entries),
        direct=tuple(_direct_balances(book, None)),
        epochs=(),
        works=works,
        licences=(),
        unsound=(),
    )
    return document_of(statement, lambda work: titles[work - 1])
