"""Every payee's book in one token up to one block, and the statements that are read off them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.indexer.records import Place
from chain.indexer.store import Store
from chain.ledger.identifiers import Address, CommunityId, LicenceId, WorkId, address_bytes
from chain.ledger.money import Currency
from chain.ledger.rights import UNIT_NUMERATOR
from chain.statements.direct_lane import DirectLane
from chain.statements.entries import Entry
from chain.statements.epoch_lane import EpochLane, EpochRecomputation
from chain.statements.errors import CommunityUnknown, PayeeUnknown
from chain.statements.lines import Line
from chain.statements.payee_book import PayeeBook
from chain.statements.periods import Period
from chain.statements.statement import DirectBalance, EpochBalance, Statement
from chain.statements.stocks import Stocks


class _OfPayee(Protocol):
    @property
    def payee(self) -> Address: ...


T = TypeVar("T", bound=_OfPayee)


class Books:
    """Reads one index at one block, once; asked for any payee or community of it."""

    def __init__(
        self,
        store: Store,
        deployment: Deployment,
        recomputation: EpochRecomputation,
        currency: Currency,
        at: BlockPin,
    ) -> None:
        """Raises EpochUnreadable, EpochUnsound, NotIndexedYet, IndexEmpty."""
        self._store, self._deployment, self._currency, self._at = store, deployment, currency, at
        token = currency.token
        self._direct = DirectLane(store, deployment, token, at)
        self._epochs = EpochLane(recomputation, store, token, at)
        self._cases = _by_payee(store.case_steps(at=at))
        self._deferrals = _by_payee(d for d in store.deferrals(at=at) if d.token == token)
        self._direct_payouts = _by_payee(p for p in store.direct_payouts(at=at) if p.token == token)
        self._epoch_payouts = _by_payee(p for p in store.epoch_payouts(at=at) if p.token == token)

    def of_payee(self, payee: Address, period: Period, *, is_known: bool = False) -> Statement:
        """A creator's statement; `period` ends with this block. Raises PayeeUnknown, Inconsistent.

        Somebody in a split who earned nothing has a statement with zeros, and so has whoever became
        known later: `is_known` says that.
        """
        if not (is_known or self.knows(payee)):
            raise PayeeUnknown(payee)
        book = self._book(payee)
        return self._statement(payee, period, [book], book.works(), None)

    def of_community(
        self, community_id: CommunityId, period: Period, *, is_known: bool = False
    ) -> Statement:
        """A community's statement: of its works alone, whoever is paid by them.

        Raises CommunityUnknown, Inconsistent.
        """
        if not (is_known or self._store.community(community_id, at=self._at)):
            raise CommunityUnknown(community_id)
        works = set(self._store.works_of_communities([community_id], at=self._at))
        payees = self._direct.payees_of(works) | self._epochs.payees_of(works)
        books = [self._book(payee) for payee in sorted(payees, key=address_bytes)]
        return self._statement(community_id, period, books, works, works)

    def knows(self, payee: Address) -> bool:
        """Whether a split names the account, or anybody ever paid it."""
        return (
            bool(self._direct.works_of(payee))
            or payee in self._direct_payouts
            or payee in self._epoch_payouts
            or any(payee in each.settled.entitled for each in self._epochs.posted)
        )

    def _book(self, payee: Address) -> PayeeBook:
        """Everything that ever happened to a payee, taken in chain order."""
        book = PayeeBook(payee)
        for _, take in sorted(self._steps(book), key=lambda step: step[0]):
            take()
        book.reach(self._at.timestamp)
        return book

    def _steps(self, book: PayeeBook) -> Iterator[tuple[Place, Callable[[], None]]]:
        payee = book.payee
        earned: dict[Place, list[Line]] = defaultdict(list)
        for line in self._direct.lines(payee):
            earned[line.booked].append(line)
        for place, lines in earned.items():
            yield place, partial(book.earn, place, lines)
        for direct in self._direct_payouts.get(payee, ()):
            yield direct.place, partial(book.pay_direct, direct)
        for paid in self._epoch_payouts.get(payee, ()):
            yield paid.place, partial(book.pay_epoch, paid)
        for deferral in self._deferrals.get(payee, ()):
            yield deferral.place, partial(book.defer, deferral)
        for case in self._cases.get(payee, ()):
            yield case.place, partial(book.dispute, case)
        for posted in self._epochs.posted:
            lines, epoch = list(self._epochs.lines(payee, posted)), posted.record.report.epoch
            yield posted.record.place, partial(book.post, posted, lines)
            if posted.activated is not None:
                yield posted.activated, partial(book.activate, posted.activated, epoch)
            if posted.rejected is not None:
                yield posted.rejected, partial(book.reject, posted.rejected, epoch, lines)

    def _statement(
        self,
        subject: Address | CommunityId,
        period: Period,
        books: list[PayeeBook],
        works: AbstractSet[WorkId],
        only: AbstractSet[WorkId] | None,
    ) -> Statement:
        """From whole books, or from what they say of some works only."""
        opening: dict[WorkId, Stocks] = defaultdict(Stocks)
        closing: dict[WorkId, Stocks] = defaultdict(Stocks)
        payees: dict[Address, tuple[Stocks, Stocks]] = {}
        entries = []
        for book in books:
            at_opening, at_closing = Stocks(), Stocks()
            for entry in book.entries if only is None else restricted(book.entries, only):
                is_before = _is_before(entry, period.opening)
                for work, stocks in entry.by_work.items():
                    closing[work] += stocks
                    if is_before:
                        opening[work] += stocks
                at_closing += entry.change
                if is_before:
                    at_opening += entry.change
                else:
                    entries.append(entry)
            if only is not None and not (at_opening.is_nothing and at_closing.is_nothing):
                payees[book.payee] = at_opening, at_closing
        return Statement(
            subject=subject,
            currency=self._currency,
            deployment=self._deployment,
            period=period,
            opening={work: opening[work] for work in sorted(opening)},
            closing={work: closing[work] for work in sorted(closing)},
            payees=payees,
            entries=tuple(sorted(entries, key=_order)),
            direct=tuple(b for book in books for b in _direct_balances(book, only)),
            epochs=tuple(map(_epoch_balance, books)) if only is None else (),
            works=tuple(sorted({*works, *closing, *_works_named(entries)})),
            licences=tuple(self._direct.licences[each] for each in _licences_named(entries)),
            unsound=tuple(record.report.epoch for record in self._epochs.unsound),
        )


def restricted(entries: Iterable[Entry], works: AbstractSet[WorkId]) -> Iterator[Entry]:
    """What entries say of some works. A payout of the epoch lane is for all works at once: its
    amount is left out, what it paid of these works is its change."""
    for entry in entries:
        by_work = {work: stocks for work, stocks in entry.by_work.items() if work in works}
        lines = tuple(line for line in entry.lines if line.work_id in works)
        if by_work or lines or entry.work_id in works:
            amount = entry.amount if entry.work_id in works else None
            yield replace(entry, by_work=by_work, lines=lines, amount=amount)


def _works_named(entries: Iterable[Entry]) -> set[WorkId]:
    lines = (line for entry in entries for line in entry.lines)
    return {work for line in lines for work in (line.work_id, line.source_work)}


def _licences_named(entries: Iterable[Entry]) -> list[LicenceId]:
    lines = (line for entry in entries for line in entry.lines)
    return sorted({licence for line in lines for licence in line.licences})


def _is_before(entry: Entry, opening: BlockPin) -> bool:
    """Whether an entry belongs before a period; what the clock alone did is told by its time."""
    if entry.place is None:
        return entry.time <= opening.timestamp
    return entry.place.block_number <= opening.number


def _order(entry: Entry) -> tuple[int, int, int, bytes]:
    place = entry.place
    numbers = (-1, -1) if place is None else (place.block_number, place.log_index)
    return (entry.time, *numbers, address_bytes(entry.payee))


def _by_payee(records: Iterable[T]) -> dict[Address, list[T]]:
    found: dict[Address, list[T]] = defaultdict(list)
    for record in records:
        found[record.payee].append(record)
    return dict(found)


def _direct_balances(book: PayeeBook, only: AbstractSet[WorkId] | None) -> Iterator[DirectBalance]:
    for (work, version), share in sorted(book.shares.items()):
        if only is None or work in only:
            due, below = divmod(share.due, UNIT_NUMERATOR)
            income = share.earned // share.bps
            yield DirectBalance(
                book.payee, work, version, share.bps, income, share.paid, due, below
            )


def _epoch_balance(book: PayeeBook) -> EpochBalance:
    cumulative, below = divmod(sum(book.active().values()), UNIT_NUMERATOR)
    return EpochBalance(
        book.payee,
        book.activated[-1] if book.activated else None,
        cumulative,
        book.epoch_claimed,
        below,
    )
