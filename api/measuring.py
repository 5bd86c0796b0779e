"""The numbers of a ledger: the record of a period, and the report made from it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from api.application import Application
from api.circumstances import Circumstances, all_simulated
from api.periods import Asked, period_of
from api.reading import show_work
from api.recounting import Recount, Recounts
from api.timelines import direct_uses, epoch_uses
from api.transactions import TransactionLog
from chain.client.blocks import BlockPin
from chain.client.direct_reports import DirectReportState
from chain.client.dispute_court import CaseStatus
from chain.indexer import tables
from chain.indexer.records import DirectPayout, EpochPayout, RootState
from chain.ledger.identifiers import Address, CommunityId, WorkId
from chain.ledger.rights import UNIT_NUMERATOR
from chain.metrics.period import (
    Disputes,
    Handover,
    Money,
    Payee,
    Payouts,
    Period,
    PeriodRecord,
    Rule,
)
from chain.metrics.report import ValueChainReport, value_chain_report
from chain.settlement.state import royalty_book

OF_ONE_ACCOUNT: Final = CommunityId(0)
SEVERAL: Final = "several"
UNTOLD: Final = "not told"
REPORTS_KEPT: Final = 8


class Measuring:
    """Makes each report once: what a period comes to at a block never changes, once all of it is

    held here.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._recounts = Recounts(app)
        self._transactions = TransactionLog(app)
        self._turn = threading.Lock()
        self._kept: dict[Period, ValueChainReport] = {}

    def report(self, at: BlockPin, asked: Asked | None = None) -> ValueChainReport:
        """Everything up to a block, or a period of it followed up to there.

        Raises PeriodRefused, MetricRefused, and what reading the chain and the index raises.
        """
        period = period_of(self._app, asked or Asked(), at)
        with self._turn:
            found = self._kept.pop(period, None) or value_chain_report(self._record(period, at))
            if not found.record.uncounted_epochs:
                self._kept[period] = found
            while len(self._kept) > REPORTS_KEPT:
                del self._kept[next(iter(self._kept))]
        return found

    def _record(self, period: Period, at: BlockPin) -> PeriodRecord:
        app, token = self._app, self._app.token.address
        circumstances = Circumstances.load(app.settings.state)
        recounts = self._recounts.of(token, at)
        within = [r for r in recounts if period.holds_block(r.record.place.block_number)]
        payouts: list[DirectPayout | EpochPayout] = [
            *(payout for payout in app.store.direct_payouts(at=at) if payout.token == token),
            *(payout for payout in app.store.epoch_payouts(at=at) if payout.token == token),
        ]
        senders = self._transactions.senders(payout.place.tx_hash for payout in payouts)

        def how_paid(payout: DirectPayout | EpochPayout) -> Handover:
            is_asked = senders[payout.place.tx_hash] in (payout.payee, payout.recipient)
            return Handover.ASKED if is_asked else Handover.PUSHED

        uses = (*direct_uses(app, token, at, how_paid), *epoch_uses(app, recounts, at, how_paid))
        arrived = [p for p in payouts if period.holds_block(p.place.block_number)]
        return PeriodRecord(
            chain_id=app.deployment.chain_id,
            ledger=app.ledger.address,
            period=period,
            money=Money(token, app.currency.symbol, app.currency.decimals),
            payees=tuple(self._payees(period, at, arrived, within)),
            uses=tuple(use for use in uses if period.holds_use(use.times[0])),
            payouts=self._payouts(period, at, payouts, recounts),
            disputes=self._disputes(period, at),
            transactions=self._transactions.counts(period.first_block, period.last_block, at),
            rules=tuple(self._rules(within, at)),
            exam=circumstances.exam,
            simulated=all_simulated(circumstances, app.deployment.chain_id),
            uncounted_epochs=tuple(r.record.report.epoch for r in within if r.settled is None),
        )

    def _payees(
        self,
        period: Period,
        at: BlockPin,
        arrived: Iterable[DirectPayout | EpochPayout],
        within: Iterable[Recount],
    ) -> Iterable[Payee]:
        """Payees of works that belong to a community: those whose equality is asked about.

        A platform's own share of its derivatives is no community's money.
        """
        app = self._app
        works = {work.work_id: work for work in app.store.works(at=at)}
        communities: dict[Address, set[str]] = defaultdict(set)
        traditions: dict[Address, set[str]] = defaultdict(set)
        for record in app.store.splits(at=at):
            work = works[record.work_id]
            if work.community_id == OF_ONE_ACCOUNT or record.place.block_number > period.last_block:
                continue
            genre = show_work(app, work).genre or UNTOLD
            for share in record.split.shares:
                communities[share.payee].add(f"community {work.community_id}")
                traditions[share.payee].add(genre)
        paid, earned, by_split = (defaultdict[Address, int](int) for _ in range(3))
        for payout in arrived:
            paid[payout.payee] += payout.amount
        for recount in within:
            if recount.settled is not None:
                for (_, payee), numerator in recount.settled.entitled.items():
                    earned[payee] += numerator
                for (_, payee), numerator in recount.by_split.items():
                    by_split[payee] += numerator
        for payee in sorted(communities, key=str.lower):
            yield Payee(
                payee,
                _only(communities[payee]),
                _only(traditions[payee]),
                paid[payee],
                earned[payee] // UNIT_NUMERATOR,
                by_split[payee] // UNIT_NUMERATOR,
            )

    def _payouts(
        self,
        period: Period,
        at: BlockPin,
        payouts: Iterable[DirectPayout | EpochPayout],
        recounts: Iterable[Recount],
    ) -> Payouts:
        """How much of what was paid leads back to payments or counted events of known works.

        Each payee can have what its events and payments come to; what it had beyond that, or for a
        work that is not registered, leads nowhere.
        """
        app, token = self._app, self._app.token.address
        works = {work.work_id for work in app.store.works(at=at)}
        book = royalty_book(app.store, at=at)
        counted: dict[Address, int] = defaultdict(int)
        for recount in recounts:
            if recount.settled is not None:
                for (work, payee), numerator in recount.settled.entitled.items():
                    counted[payee] += numerator if work in works else 0
        count = traced_count = units = traced_units = 0
        for payout in payouts:
            if not period.holds_block(payout.place.block_number):
                continue
            if isinstance(payout, EpochPayout):
                whole, founded = payout.claimed, counted[payout.payee] // UNIT_NUMERATOR
            else:
                split = book.split(payout.work_id, payout.version)
                income = book.segment_income(payout.work_id, token, payout.version)
                due = income * split.bps_of(payout.payee) // UNIT_NUMERATOR
                whole, founded = payout.paid, due if payout.work_id in works else 0
            traced = max(0, min(whole, founded) - (whole - payout.amount))
            count, units = count + 1, units + payout.amount
            traced_units += traced
            traced_count += traced == payout.amount
        return Payouts(count, traced_count, units, traced_units)

    def _disputes(self, period: Period, at: BlockPin) -> Disputes:
        store = self._app.store
        shares = {
            (record.work_id, share.payee)
            for record in store.splits(at=at)
            if record.place.block_number <= period.last_block
            for share in record.split.shares
        }
        ended = {row["case_id"]: row["status"] for row in store.rows(tables.case_ended, at=at)}
        opened = [
            row
            for row in store.rows(tables.case_opened, at=at)
            if period.holds_block(row["block_number"])
        ]
        cases: dict[str, int] = {}
        for row in opened:
            status = CaseStatus(ended.get(row["case_id"], CaseStatus.OPEN)).name.lower()
            cases[status] = cases.get(status, 0) + 1
        disputed = {(WorkId(row["work_id"]), row["payee"]) for row in opened}
        roots = [
            root.state is RootState.REJECTED
            for root in store.roots(at=at)
            if period.holds_block(root.place.block_number)
        ]
        reports = [
            report.state is DirectReportState.REJECTED
            for report in store.direct_reports(at=at)
            if period.holds_block(report.place.block_number)
        ]
        thrown_out = sum(roots) + sum(reports)
        return Disputes(
            len(shares | disputed), len(disputed), cases, len(roots) + len(reports), thrown_out
        )

    def _rules(self, within: Iterable[Recount], at: BlockPin) -> Iterable[Rule]:
        held = {
            (community, announced)
            for recount in within
            for community, announced in self._app.store.sharing_rules(
                recount.record.report.epoch, at=at
            ).items()
        }
        for community, announced in sorted(held, key=lambda one: (one[0], one[1].version)):
            yield Rule(
                f"community {community}",
                announced.rule.name,
                announced.phi_bps,
                announced.from_epoch,
            )


def _only(names: set[str]) -> str:
    """The one group of a payee; a payee of several is in a group of its own."""
    return next(iter(names)) if len(names) == 1 else SEVERAL
