"""Lines of the epoch lane: every report settled again from its segments, nothing taken over.

A report that is not what its segments come to earns nobody anything here; one that is paid from all
the same ends the statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.indexer.records import EpochRecord, Place, RootRecord, RootState
from chain.indexer.store import Store
from chain.ledger.epoch import LicenceUsage
from chain.ledger.identifiers import (
    ZERO_DIGEST,
    Address,
    CommunityId,
    Digest,
    WorkId,
)
from chain.ledger.rights import Split
from chain.ledger.sharing import Announcement
from chain.settlement.carried import Carried
from chain.settlement.counted_ids import CountedIds
from chain.settlement.findings import Findings
from chain.settlement.segment_sets import ReadBlock, read_segment_set
from chain.settlement.segments import segment_domain
from chain.settlement.settle import Credit
from chain.settlement.settle_columns import settle_records
from chain.settlement.state import settlement_state
from chain.statements.errors import EpochUnreadable, EpochUnsound
from chain.statements.lines import EpochPaper, Line, Source

ByPayee = Mapping[Address, Mapping[WorkId, int]]


@dataclass(frozen=True)
class SettledReport:
    """A report computed again, in numerators; `is_sound` when it is what was posted.

    `entitled` is what it brings each payee by each work, `kept_back` all that frozen shares have
    kept back with it.
    """

    is_sound: bool
    counted: CountedIds
    carried: Carried
    usage: tuple[LicenceUsage, ...]
    source_works: dict[int, WorkId]
    credits: tuple[Credit, ...]
    entitled: ByPayee
    kept_back: ByPayee
    leaf_index: dict[Address, int]
    splits: dict[WorkId, Split]
    rules: dict[WorkId, tuple[CommunityId, Announcement]]


class EpochRecomputation:
    """Settles reports again, each once: what a report comes to never changes."""

    def __init__(
        self,
        store: Store,
        deployment: Deployment,
        *,
        pin_of: Callable[[int], BlockPin],
        read_block: ReadBlock,
    ) -> None:
        """`pin_of` gives a block by number; `read_block` as in `settlement.segment_sets`."""
        self._store = store
        self._domain = segment_domain(deployment.chain_id, deployment.contracts["UsageOracle"])
        self._pin_of = pin_of
        self._read_block = read_block
        self._settled: dict[Digest, SettledReport] = {}

    def settled(self, record: EpochRecord) -> SettledReport:
        """What a report comes to; those that it is built on must have been asked for before.

        Raises EpochUnreadable.
        """
        if record.report_hash not in self._settled:
            self._settled[record.report_hash] = self._settle(record)
        return self._settled[record.report_hash]

    def _settle(self, record: EpochRecord) -> SettledReport:
        report, findings = record.report, Findings()
        segments = read_segment_set(
            findings, report.epoch, report.segments_digest, self._domain, self._read_block
        )
        if segments is None:
            raise EpochUnreadable(report.epoch, str(findings.discrepancies[0]))
        before = self._settled.get(report.previous_report)
        if before is None and report.previous_report != ZERO_DIGEST:
            raise EpochUnreadable(report.epoch, "the report it is built on is not known")
        state = settlement_state(
            self._store,
            at=self._pin_of(report.state_block),
            token=report.token,
            epoch=report.epoch,
            previous_report=report.previous_report,
            counted_ids=before.counted if before else CountedIds(),
        )
        carried = before.carried if before else Carried()
        outcome = settle_records(segments.records, state, carried)
        sound = segments.whole and outcome.report(report.segments_digest) == report
        return SettledReport(
            is_sound=sound and (before is None or before.is_sound),
            counted=(before.counted if before else CountedIds()).plus(outcome.counted),
            carried=outcome.carried,
            usage=outcome.licence_usage,
            source_works={
                use.licence_id: state.licences[use.licence_id].work_id
                for use in outcome.licence_usage
            },
            credits=outcome.credits,
            entitled=_by_payee(outcome.entitled),
            kept_back=_by_payee(outcome.carried.kept_back.get(report.token, {})),
            leaf_index={payout.payee: i for i, payout in enumerate(outcome.payouts)},
            splits={credit.work_id: state.splits[credit.work_id] for credit in outcome.credits},
            rules={
                work: (community, state.rules[community])
                for work, community in state.communities.items()
                if community in state.rules
            },
        )


@dataclass(frozen=True)
class PostedEpoch:
    """A sound report, and when its root was activated or rejected, if it was."""

    record: EpochRecord
    settled: SettledReport
    activated: Place | None
    rejected: Place | None


class EpochLane:
    """All reports in one token up to a block, ready to be asked for any payee."""

    def __init__(
        self, recomputation: EpochRecomputation, store: Store, token: Address, at: BlockPin
    ) -> None:
        """Raises EpochUnreadable, EpochUnsound, NotIndexedYet, IndexEmpty."""
        roots = {root.epoch: root for root in store.roots(at=at) if root.token == token}
        self.posted: list[PostedEpoch] = []
        self.unsound: list[EpochRecord] = []
        for record in store.epochs(at=at):
            if record.report.token != token:
                continue
            settled = recomputation.settled(record)
            activated, rejected = _decision(roots.get(record.report.epoch))
            if settled.is_sound:
                self.posted.append(PostedEpoch(record, settled, activated, rejected))
            elif activated is not None:
                raise EpochUnsound(record.report.epoch)
            else:
                self.unsound.append(record)

    def payees_of(self, works: set[WorkId]) -> set[Address]:
        return {
            payee
            for each in self.posted
            for payee, by_work in each.settled.entitled.items()
            if by_work.keys() & works
        }

    def lines(self, payee: Address, posted: PostedEpoch) -> Iterator[Line]:
        """What one report brings a payee: by licence and work, and what a rule adds or takes."""
        settled, record = posted.settled, posted.record
        if payee not in settled.entitled:
            return
        usage = {use.licence_id: use for use in settled.usage}
        by_split: dict[WorkId, int] = defaultdict(int)
        paper = EpochPaper(
            record.report.epoch,
            record.report_hash,
            record.report.leaf_root,
            settled.leaf_index.get(payee, 0),
            record.report.segments_digest,
        )
        for credit in settled.credits:
            bps = settled.splits[credit.work_id].bps_of(payee)
            use = usage[credit.licence_id]
            if not bps:
                continue
            by_split[credit.work_id] += credit.numerator * bps
            yield Line(
                payee=payee,
                source=Source.USAGE,
                source_work=settled.source_works[credit.licence_id],
                work_id=credit.work_id,
                licences=(credit.licence_id,),
                units=use.units,
                gross=use.revenue,
                share=credit.numerator // use.revenue,
                bps=bps,
                numerator=credit.numerator * bps,
                version=0,
                paid_in=record.place,
                booked=record.place,
                paper=paper,
            )
        for work_id, (community, announced) in sorted(settled.rules.items()):
            entitled = settled.entitled.get(payee, {}).get(work_id, 0)
            given = entitled - by_split.get(work_id, 0)
            if given:
                yield Line(
                    payee=payee,
                    source=Source.SHARING_RULE,
                    source_work=work_id,
                    work_id=work_id,
                    licences=(),
                    units=None,
                    gross=0,
                    share=0,
                    bps=0,
                    numerator=given,
                    version=0,
                    paid_in=record.place,
                    booked=record.place,
                    paper=paper,
                    announced=announced,
                    community_id=community,
                    by_split=by_split.get(work_id, 0),
                )


def _decision(root: RootRecord | None) -> tuple[Place | None, Place | None]:
    """When a root was activated, when rejected; one of the two at most."""
    if root is None or root.state is RootState.PENDING:
        return None, None
    return (None, root.decided) if root.state is RootState.REJECTED else (root.decided, None)


def _by_payee(numerators: Mapping[tuple[WorkId, Address], int]) -> ByPayee:
    found: dict[Address, dict[WorkId, int]] = defaultdict(dict)
    for (work, payee), numerator in numerators.items():
        found[payee][work] = numerator
    return dict(found)
