"""Every SELECT on the projection.

Each question names the block it is asked at, and is answered in one transaction. `head()` gives
the newest block there is an answer for.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from chain.client.blocks import BlockPin, RawLog
from chain.indexer import tables
from chain.indexer.case_store import CaseStore
from chain.indexer.consent_fold import fold_consents
from chain.indexer.credit_store import CreditStore
from chain.indexer.direct_report_store import DirectReportStore
from chain.indexer.index_reader import ordered as _ordered
from chain.indexer.records import (
    CommunityRecord,
    ConsentRecord,
    Deferral,
    DerivativeRecord,
    DirectPayout,
    EpochPayout,
    EpochRecord,
    FloorRecord,
    LicenceRecord,
    PaymentRecord,
    Provenance,
    ProvenanceEdge,
    RootRecord,
    SettledRecord,
    SplitProposalRecord,
    SplitRecord,
    TransferRecord,
)
from chain.indexer.row_reading import (
    community_of,
    decisions,
    epoch_of,
    licence_of,
    place_of,
    raw_of,
    reached,
    root_of,
    step_of,
)
from chain.indexer.split_fold import fold_proposals
from chain.indexer.work_store import WorkStore
from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import (
    Address,
    CommunityId,
    EpochNumber,
    GenerationId,
    LicenceId,
    WorkId,
)
from chain.ledger.rights import Parent, Share, Split
from chain.ledger.vectors import AncestorVector


class Store(WorkStore, DirectReportStore, CaseStore, CreditStore):
    """Reads one index. Every method raises IndexEmpty, and NotIndexedYet for a block not there."""

    # communities and consent

    def communities(self, *, at: BlockPin) -> list[CommunityRecord]:
        """All communities by ascending id, with their present stewards."""
        with self._at(at) as connection:
            elders = defaultdict(list)
            for row in _ordered(connection, tables.community_elder, at):
                elders[row.community_id, row.council].append(row.elder)
            seats = {
                row.community_id: row for row in _ordered(connection, tables.council_seated, at)
            }
            accepted = tables.stewardship_step.c.accepted.is_(True)
            steps = _ordered(connection, tables.stewardship_step, at, accepted)
            stewards = {row.community_id: row for row in steps}
            return [
                community_of(
                    row, seats.get(row.community_id), stewards.get(row.community_id), elders
                )
                for row in _ordered(connection, tables.community_founded, at)
            ]

    def community(self, community_id: CommunityId, *, at: BlockPin) -> CommunityRecord | None:
        found = (c for c in self.communities(at=at) if c.community_id == community_id)
        return next(found, None)

    def consents(self, *, at: BlockPin, work_id: WorkId | None = None) -> list[ConsentRecord]:
        """Where consent stands, by work and tier; tiers nobody was asked for are left out."""
        table = tables.consent_step
        wanted = [] if work_id is None else [table.c.work_id == work_id]
        with self._at(at) as connection:
            steps = [step_of(row) for row in _ordered(connection, table, at, *wanted)]
        return fold_consents(steps)

    # licences and derivatives

    def licences(
        self,
        *,
        at: BlockPin,
        work_id: WorkId | None = None,
        holder: Address | None = None,
        licence_id: LicenceId | None = None,
    ) -> list[LicenceRecord]:
        """Licences by ascending id, with the use counted against them so far."""
        table = tables.licence_taken
        given = {"work_id": work_id, "holder": holder, "licence_id": licence_id}
        wanted = [table.c[name] == value for name, value in given.items() if value is not None]
        used = tables.usage_recorded
        of_licence = [] if licence_id is None else [used.c.licence_id == licence_id]
        with self._at(at) as connection:
            usage = {
                row.licence_id: (row.units_used, row.revenue_used)
                for row in _ordered(connection, used, at, *of_licence)
            }
            of_offer = select(table.c.offer).where(*wanted)
            opened = tables.offer_opened
            offers = {
                row.offer: row
                for row in _ordered(connection, opened, at, opened.c.offer.in_(of_offer))
            }
            sublicensed = {
                row.licence_id: row for row in _ordered(connection, tables.licence_sublicensed, at)
            }
            return [
                licence_of(
                    row,
                    offers[row.offer],
                    sublicensed.get(row.licence_id),
                    usage.get(row.licence_id, (0, 0)),
                )
                for row in _ordered(connection, table, at, *wanted)
            ]

    def licence(self, licence_id: LicenceId, *, at: BlockPin) -> LicenceRecord | None:
        return next(iter(self.licences(at=at, licence_id=licence_id)), None)

    def derivatives(
        self, *, at: BlockPin, wanted: ColumnElement[bool] | None = None
    ) -> list[DerivativeRecord]:
        """Linked derivatives in the order of linking."""
        conditions = [] if wanted is None else [wanted]
        with self._at(at) as connection:
            parents = defaultdict(list)
            for row in _ordered(connection, tables.derivative_parent, at):
                parents[row.child].append(Parent(WorkId(row.parent), LicenceId(row.licence_id)))
            return [
                DerivativeRecord(
                    WorkId(row.child),
                    GenerationId(row.generation_id),
                    tuple(parents[row.child]),
                    row.depth,
                    AncestorVector.decode(row.vector),
                    place_of(row),
                )
                for row in _ordered(connection, tables.derivative_linked, at, *conditions)
            ]

    def derivative(self, child: WorkId, *, at: BlockPin) -> DerivativeRecord | None:
        wanted = tables.derivative_linked.c.child == child
        return next(iter(self.derivatives(at=at, wanted=wanted)), None)

    def by_generation(
        self, generation_id: GenerationId, *, at: BlockPin
    ) -> DerivativeRecord | None:
        """The derivative that a watermark's payload names."""
        wanted = tables.derivative_linked.c.generation_id == generation_id
        return next(iter(self.derivatives(at=at, wanted=wanted)), None)

    def floors(self, *, at: BlockPin) -> list[FloorRecord]:
        """Floors under roots' shares, in the order they were declared; later ones are lower."""
        with self._at(at) as connection:
            return [
                FloorRecord(WorkId(row.work_id), row.floor, row.binds_from, place_of(row))
                for row in _ordered(connection, tables.floor_declared, at)
            ]

    def provenance(self, work_id: WorkId, *, at: BlockPin) -> Provenance | None:
        """What a work comes from, upwards, and what came from it, downwards; None if unknown."""
        known = {record.work_id: record for record in self.works(at=at)}
        if work_id not in known:
            return None
        shares = {r.licence_id: r.terms.royalty_share for r in self.licences(at=at)}
        edges = [
            ProvenanceEdge(
                record.child,
                parent.work_id,
                parent.licence_id,
                shares.get(parent.licence_id, 0),
                record.generation_id,
            )
            for record in self.derivatives(at=at)
            for parent in record.parents
        ]
        above = reached(work_id, [(e.child, e.parent) for e in edges])
        below = reached(work_id, [(e.parent, e.child) for e in edges])
        kept = [e for e in edges if {e.child, e.parent} <= above or {e.child, e.parent} <= below]
        nodes = tuple(known[node] for node in sorted(above | below))
        return Provenance(work_id, nodes, tuple(kept))

    # the direct lane

    def tokens(self, *, at: BlockPin) -> list[Address]:
        """Accepted payment tokens, in the order they were accepted."""
        with self._at(at) as connection:
            return [row.token for row in _ordered(connection, tables.token_accepted, at)]

    def splits(self, *, at: BlockPin, work_id: WorkId | None = None) -> list[SplitRecord]:
        """Every split version, in the order they were set."""
        chosen = [] if work_id is None else [tables.split_share.c.work_id == work_id]
        versions = [] if work_id is None else [tables.split_set.c.work_id == work_id]
        with self._at(at) as connection:
            shares = defaultdict(list)
            for row in _ordered(connection, tables.split_share, at, *chosen):
                shares[row.work_id, row.version].append(Share(row.payee, row.bps))
            return [
                SplitRecord(
                    WorkId(row.work_id),
                    row.version,
                    Split(tuple(shares[row.work_id, row.version])),
                    place_of(row),
                )
                for row in _ordered(connection, tables.split_set, at, *versions)
            ]

    def split_in_force(self, work_id: WorkId, *, at: BlockPin) -> SplitRecord | None:
        """Who is paid for a work; None when nobody was named."""
        return next(iter(reversed(self.splits(at=at, work_id=work_id))), None)

    def split_proposals(
        self, *, at: BlockPin, work_id: WorkId | None = None
    ) -> list[SplitProposalRecord]:
        """Every split that was put forward, with what its payees said, in chain order."""
        kinds = (tables.split_proposed, tables.split_proposed_share, tables.split_answer)
        with self._at(at) as connection:
            proposed, shares, answers = (
                list(_ordered(connection, t, at, *([t.c.work_id == work_id] if work_id else [])))
                for t in kinds
            )
        return fold_proposals(proposed, shares, answers, self.splits(at=at, work_id=work_id))

    def payments(self, *, at: BlockPin, work_id: WorkId | None = None) -> list[PaymentRecord]:
        """Payments for works, in chain order."""
        wanted = [] if work_id is None else [tables.payment.c.work_id == work_id]
        with self._at(at) as connection:
            return [
                PaymentRecord(
                    WorkId(row.work_id), row.token, row.payer, row.amount, row.gross, place_of(row)
                )
                for row in _ordered(connection, tables.payment, at, *wanted)
            ]

    def settlements(self, *, at: BlockPin) -> list[SettledRecord]:
        """Derivatives' income passed on to ancestors, in chain order."""
        with self._at(at) as connection:
            return [
                SettledRecord(
                    WorkId(row.work_id), row.token, row.amount, row.settled, place_of(row)
                )
                for row in _ordered(connection, tables.income_settled, at)
            ]

    def direct_payouts(
        self, *, at: BlockPin, payee: Address | None = None, work_id: WorkId | None = None
    ) -> list[DirectPayout]:
        """Payouts of the direct lane, in chain order."""
        table = tables.direct_payout
        given = {"payee": payee, "work_id": work_id}
        wanted = [table.c[name] == value for name, value in given.items() if value is not None]
        with self._at(at) as connection:
            return [
                DirectPayout(
                    WorkId(row.work_id),
                    row.token,
                    row.payee,
                    row.version,
                    row.recipient,
                    row.amount,
                    row.paid,
                    place_of(row),
                )
                for row in _ordered(connection, table, at, *wanted)
            ]

    def deferrals(self, *, at: BlockPin, payee: Address | None = None) -> list[Deferral]:
        """Pushes that a payee could not take, of both lanes, in chain order."""
        direct, epoch = tables.direct_deferral, tables.epoch_deferral
        of_direct = [] if payee is None else [direct.c.payee == payee]
        of_epoch = [] if payee is None else [epoch.c.payee == payee]
        paid_direct = {
            (p.work_id, p.token, p.payee, p.version): p.place
            for p in self.direct_payouts(at=at, payee=payee)
        }
        paid_epoch = {(p.token, p.payee): p.place for p in self.epoch_payouts(at=at, payee=payee)}
        found = []
        with self._at(at) as connection:
            for row in _ordered(connection, direct, at, *of_direct):
                place, of = place_of(row), (row.work_id, row.token, row.payee, row.version)
                later = paid_direct.get(of)
                waiting = later is None or later < place
                found.append(Deferral(*of, row.amount, waiting, place))
            for row in _ordered(connection, epoch, at, *of_epoch):
                place = place_of(row)
                later = paid_epoch.get((row.token, row.payee))
                waiting = later is None or later < place
                unnamed = (None, row.token, row.payee, None)
                found.append(Deferral(*unnamed, row.amount, waiting, place))
        return sorted(found, key=lambda deferral: deferral.place)

    # the epoch lane

    def epochs(self, *, at: BlockPin) -> list[EpochRecord]:
        """Posted reports, in their order."""
        with self._at(at) as connection:
            usage = defaultdict(list)
            for row in _ordered(connection, tables.epoch_licence_usage, at):
                line = LicenceUsage(LicenceId(row.licence_id), row.units, row.revenue)
                usage[row.epoch].append(line)
            return [
                epoch_of(row, tuple(usage[row.epoch]))
                for row in _ordered(connection, tables.epoch_posted, at)
            ]

    def roots(self, *, at: BlockPin) -> list[RootRecord]:
        """Payout roots in the order they were put forward, with what became of each."""
        with self._at(at) as connection:
            proposed = list(_ordered(connection, tables.root_proposed, at))
            active = decisions(_ordered(connection, tables.root_activated, at))
            thrown_out = _ordered(connection, tables.root_rejected, at)
            rejected = {(row.token, row.epoch): row for row in thrown_out}
        newest = dict(sorted(active, key=lambda key: active[key]))
        return [root_of(row, active, rejected, newest) for row in proposed]

    def rejected_epochs(self, *, at: BlockPin) -> frozenset[EpochNumber]:
        """The epochs whose payout root was thrown out."""
        with self._at(at) as connection:
            thrown_out = _ordered(connection, tables.root_rejected, at)
            return frozenset(EpochNumber(row.epoch) for row in thrown_out)

    def paused(self, *, at: BlockPin) -> dict[str, int]:
        """The contracts that a guardian has paused at a block's time, and until when."""
        with self._at(at) as connection:
            last = {row.contract: row.until for row in _ordered(connection, tables.pause_step, at)}
        return {name: until for name, until in last.items() if (until or 0) > at.timestamp}

    def epoch_payouts(self, *, at: BlockPin, payee: Address | None = None) -> list[EpochPayout]:
        """Payouts of the epoch lane, in chain order."""
        table = tables.epoch_payout
        wanted = [] if payee is None else [table.c.payee == payee]
        with self._at(at) as connection:
            return [
                EpochPayout(
                    row.token, row.payee, row.recipient, row.amount, row.claimed, place_of(row)
                )
                for row in _ordered(connection, table, at, *wanted)
            ]

    # what verification needs

    def transfers(self, *, at: BlockPin) -> list[TransferRecord]:
        """Tokens moved from and to the contracts that hold money, in chain order."""
        with self._at(at) as connection:
            return [
                TransferRecord(row.token, row.sender, row.recipient, row.amount, place_of(row))
                for row in _ordered(connection, tables.token_transfer, at)
            ]

    def logs(self, *, at: BlockPin) -> list[RawLog]:
        """The raw logs the projection was made from, in chain order."""
        with self._at(at) as connection:
            return [raw_of(row) for row in _ordered(connection, tables.log, at)]

    def rows(self, table: Table, *, at: BlockPin) -> list[dict[str, Any]]:
        """A projection table's rows as they are stored, in chain order."""
        query = select(table).where(table.c.block_number <= at.number)
        with self._at(at) as connection:
            found = connection.execute(query.order_by(*table.primary_key.columns))
            return [dict(row._mapping) for row in found]

    def block(self, number: int, *, at: BlockPin) -> BlockPin | None:
        """A block that holds one of our events, or is young enough to be kept anyway."""
        table = tables.block
        with self._at(at) as connection:
            row = connection.execute(select(table).where(table.c.number == number)).first()
        return None if row is None else BlockPin(row.number, row.hash, row.timestamp)
