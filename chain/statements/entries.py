"""Entries: one event each, with the change that it made to what a payee has of each work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chain.client.dispute_court import CaseStatus
from chain.indexer.records import Place
from chain.ledger.identifiers import Address, Digest, EpochNumber, WorkId, address_bytes
from chain.statements.lines import Line
from chain.statements.stocks import Stocks, total

_WORD = 8
_NAME_BYTES = 12


class Cause(StrEnum):
    """What an entry is about; the words are those of docs/GLOSSARY.md."""

    EARNED = "earned"
    PAID = "paid"
    DEFERRED = "deferred"
    CASE_OPENED = "case opened"
    CASE_ENDED = "case ended"
    FREEZE_OVER = "freeze over"
    """By the clock: no transaction says it."""
    EPOCH_POSTED = "epoch posted"
    ROOT_ACTIVATED = "payout root activated"
    ROOT_REJECTED = "payout root rejected"
    CORRECTED = "corrected"
    """A published statement said something that the chain says no more, or not yet."""


@dataclass(frozen=True)
class Entry:
    """One event and the change that it made, by work. `place` is None for what no event says.

    `corrects` names the entry that this one takes back or ends. `lines` are what was earned.
    """

    name: str
    payee: Address
    cause: Cause
    time: int
    place: Place | None
    by_work: Mapping[WorkId, Stocks]
    lines: tuple[Line, ...] = ()
    corrects: str | None = None
    epoch: EpochNumber | None = None
    case_id: Digest | None = None
    case_status: CaseStatus | None = None
    work_id: WorkId | None = None
    recipient: Address | None = None
    amount: int | None = None
    """Base units that a push paid, or that could not be taken."""

    @property
    def change(self) -> Stocks:
        return total(self.by_work.values())


def entry_name(
    payee: Address, cause: Cause, place: Place | None, time: int, about: int | None
) -> str:
    """24 hex digits that name an entry in every statement it is in."""
    said = hashlib.sha256(cause.encode() + b"\0" + address_bytes(payee))
    said.update(b"" if place is None else place.tx_hash)
    for number in (time, -1 if place is None else place.log_index, about or 0):
        said.update(number.to_bytes(_WORD, "big", signed=number < 0))
    return said.digest()[:_NAME_BYTES].hex()
