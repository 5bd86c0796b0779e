"""Lines of the direct lane: payments and what they bring each payee, by ancestors and split."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.client.direct_reports import DirectReports
from chain.indexer.direct_report_store import DirectReportRecord
from chain.indexer.records import LicenceRecord, PaymentRecord, Place, SplitRecord
from chain.indexer.store import Store
from chain.ledger.identifiers import Address, Digest, LicenceId, WorkId
from chain.ledger.rights import SHARE_SCALE
from chain.ledger.vectors import AncestorVector
from chain.statements.lines import Line, Source


@dataclass(frozen=True)
class _Accrual:
    """A payment's part for one work: `share` of SHARE_SCALE of it, accrued at a place."""

    payment: PaymentRecord
    share: int
    place: Place


class DirectLane:
    """All payments in one token up to a block, ready to be asked for any payee."""

    def __init__(self, store: Store, deployment: Deployment, token: Address, at: BlockPin) -> None:
        """Raises NotIndexedYet, IndexEmpty."""
        self._reports_contract = deployment.contracts[DirectReports.NAME]
        self._splits: dict[WorkId, list[SplitRecord]] = defaultdict(list)
        self._works_of: dict[Address, set[WorkId]] = defaultdict(set)
        for record in store.splits(at=at):
            self._splits[record.work_id].append(record)
            for share in record.split.shares:
                self._works_of[share.payee].add(record.work_id)
        self.licences = {licence.licence_id: licence for licence in store.licences(at=at)}
        self._taken: dict[bytes, list[LicenceRecord]] = defaultdict(list)
        for licence in self.licences.values():
            self._taken[licence.place.tx_hash].append(licence)
        self._released: dict[bytes, list[DirectReportRecord]] = defaultdict(list)
        for report in store.direct_reports(at=at):
            if report.ended is not None:
                self._released[report.ended.tx_hash].append(report)
        payments = [p for p in store.payments(at=at) if p.token == token]
        self._sources = {payment.place: self._source(payment) for payment in payments}
        self._accruals = _accruals(store, token, payments, at)

    def payees_of(self, works: set[WorkId]) -> set[Address]:
        return {payee for payee, of in self._works_of.items() if of & works}

    def works_of(self, payee: Address) -> set[WorkId]:
        """The works of which some split names the payee."""
        return self._works_of.get(payee, set())

    def lines(self, payee: Address) -> Iterator[Line]:
        """All that a payee ever earned in this lane, by work and version."""
        for work_id in sorted(self.works_of(payee)):
            accruals = self._accruals.get(work_id, [])
            versions = self._splits[work_id]
            for record in versions:
                bps = record.split.bps_of(payee)
                if not bps:
                    continue
                # The first version owns all that came before it.
                first = 0 if record.version == 1 else _until(accruals, record.place)
                later = versions[record.version] if record.version < len(versions) else None
                last = len(accruals) if later is None else _until(accruals, later.place)
                for accrual in accruals[first:last]:
                    booked = max(accrual.place, record.place)
                    yield self._line(payee, work_id, record.version, bps, accrual, booked)

    def _line(
        self,
        payee: Address,
        work_id: WorkId,
        version: int,
        bps: int,
        accrual: _Accrual,
        booked: Place,
    ) -> Line:
        payment = accrual.payment
        source, licences, event_id = self._sources[payment.place]
        return Line(
            payee=payee,
            source=source,
            source_work=payment.work_id,
            work_id=work_id,
            licences=licences,
            units=1 if source is Source.DIRECT_REPORT else None,
            gross=payment.amount,
            share=accrual.share,
            bps=bps,
            numerator=payment.amount * accrual.share * bps,
            version=version,
            paid_in=payment.place,
            booked=booked,
            event_id=event_id,
        )

    def _source(
        self, payment: PaymentRecord
    ) -> tuple[Source, tuple[LicenceId, ...], Digest | None]:
        """What a payment was for, by what else its transaction says just before it."""
        tx_hash, place = payment.place.tx_hash, payment.place
        if payment.payer == self._reports_contract:
            released = self._released.get(tx_hash, ())
            before = [(r.ended, r) for r in released if r.ended is not None and r.ended < place]
            if before:
                _, report = max(before, key=lambda pair: pair[0])
                return Source.DIRECT_REPORT, (report.held.licence_id,), report.event_id
        # Licences are taken before they are paid for, and leave the list when they are.
        taken = self._taken.get(tx_hash, [])
        mine = [x for x in taken if x.work_id == payment.work_id and x.place < place]
        mine = [x for x in mine if x.terms.token == payment.token and x.parent_id is None]
        if sum(licence.terms.price for licence in mine) != payment.amount or not mine:
            return Source.PAYMENT, (), None
        self._taken[tx_hash] = [x for x in taken if x not in mine]
        return Source.LICENCE, tuple(licence.licence_id for licence in mine), None


def _until(accruals: list[_Accrual], place: Place) -> int:
    return bisect_left(accruals, place, key=lambda accrual: accrual.place)


def _accruals(
    store: Store, token: Address, payments: list[PaymentRecord], at: BlockPin
) -> dict[WorkId, list[_Accrual]]:
    """What each work took in, in the order in which it accrued.

    A derivative's payments accrue when they are passed on: each with the first settlement after it.
    """
    vectors = {record.child: record.vector for record in store.derivatives(at=at)}
    settled: dict[WorkId, list[Place]] = defaultdict(list)
    for record in store.settlements(at=at):
        if record.token == token:
            settled[record.work_id].append(record.place)
    found: dict[WorkId, list[_Accrual]] = defaultdict(list)
    for payment in payments:
        work_id, place = payment.work_id, payment.place
        vector = vectors.get(work_id, AncestorVector())
        if work_id in vectors:
            passed_on = bisect_right(settled[work_id], place)
            if passed_on == len(settled[work_id]):
                continue  # it waits at the derivative, and is nobody's yet
            place = settled[work_id][passed_on]
        for entry in vector.entries:
            found[entry.work_id].append(_Accrual(payment, entry.share, place))
        if vector.stack < SHARE_SCALE:
            found[work_id].append(_Accrual(payment, SHARE_SCALE - vector.stack, place))
    for accruals in found.values():
        accruals.sort(key=lambda accrual: accrual.place)
    return dict(found)
