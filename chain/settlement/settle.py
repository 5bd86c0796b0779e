"""Usage events of one epoch to payouts: pure, exact, and the same bytes whatever the input's order.

An event's value is its licence's frozen unit price. It is income of the licence's work, flows by
that work's ancestor vector and then by the split in force of each receiving work (and by the
sharing rule of its community, where one was announced), as numerators over `UNIT_NUMERATOR` that
are carried from epoch to epoch; a payee's cumulative payout is their floor.
What a frozen share earns is kept back, and let go when it is frozen no more.
Identity: sum of payouts * UNIT_NUMERATOR + sum of remainders + what is kept back
== UNIT_NUMERATOR * sum of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from chain.columns.sum_tree import ColumnarSumTree
from chain.ledger.epoch import (
    EpochReport,
    LicenceUsage,
    Withheld,
    licence_usage_hash,
    withheld_hash,
)
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import (
    Address,
    Digest,
    EpochNumber,
    LicenceId,
    WorkId,
    address_bytes,
)
from chain.ledger.keccak import keccak256
from chain.ledger.rights import UNIT_NUMERATOR
from chain.ledger.standard_tree import StandardTree
from chain.ledger.sum_tree import Payout, SumTree, leaf_hash
from chain.ledger.usage import UsageEvent, usage_tree
from chain.settlement.carried import Carried
from chain.settlement.counting import Refusal, RefusalReason, Tally
from chain.settlement.facts import DerivativeFacts, LicenceFacts, SettlementState
from chain.settlement.pools import entitlements
from chain.settlement.rows import event_in, rows_of

__all__ = [
    "PROGRAM_HASH",
    "Carried",
    "Credit",
    "DerivativeFacts",
    "Division",
    "EpochSettlement",
    "LicenceFacts",
    "Refusal",
    "RefusalReason",
    "SettlementState",
    "divide_usage",
    "income_by_work",
    "settle_epoch",
    "settle_rows",
]

# Names these rules in every report. A change of any result is another program: count it up.
PROGRAM: Final = b"antiphon.settle/6"
PROGRAM_HASH: Final = Digest(keccak256(PROGRAM))


@dataclass(frozen=True, slots=True)
class Credit:
    """What one licence's use brought one work in one epoch, as a numerator of `SHARE_SCALE`."""

    licence_id: LicenceId
    work_id: WorkId
    numerator: int


@dataclass(frozen=True)
class Division:
    """What an epoch's counted use comes to in money, in base units of `token`.

    `payouts` are cumulative, ascending by payee, and hold everybody who was ever entitled to a part
    of a unit. `credits` are what each work earned, `entitled` what that brings each of its payees,
    in numerators of `UNIT_NUMERATOR`.
    """

    token: Address
    epoch: EpochNumber
    previous_report: Digest
    state_block: int
    state_time: int
    licence_usage: tuple[LicenceUsage, ...]
    payouts: tuple[Payout, ...]
    credits: tuple[Credit, ...]
    entitled: Mapping[tuple[WorkId, Address], int]
    withheld: tuple[Withheld, ...]
    carried: Carried

    @property
    def cumulative_total(self) -> int:
        """All that was ever promised."""
        return sum(payout.cumulative for payout in self.payouts)

    def _report(
        self,
        usage_root: Digest,
        event_count: int,
        payouts: SumTree | ColumnarSumTree,
        leaf_root: Digest,
        segments_digest: Digest,
    ) -> EpochReport:
        return EpochReport(
            epoch=self.epoch,
            previous_report=self.previous_report,
            token=self.token,
            usage_root=usage_root,
            event_count=event_count,
            segments_digest=segments_digest,
            sum_root=payouts.root.hash,
            leaf_root=leaf_root,
            leaf_count=payouts.leaf_count,
            cumulative_total=payouts.root.sum,
            state_block=self.state_block,
            state_time=self.state_time,
            licence_usage_hash=licence_usage_hash(self.licence_usage),
            withheld_hash=withheld_hash(self.withheld),
            program_hash=PROGRAM_HASH,
        )


@dataclass(frozen=True)
class EpochSettlement(Division):
    """Everything one epoch comes to. `counted` are event ids ascending."""

    sum_tree: SumTree
    leaf_root: Digest
    usage_root: Digest
    counted: tuple[Digest, ...]
    tally: Tally

    @property
    def counted_events(self) -> tuple[UsageEvent, ...]:
        """The events of `counted`, in the same order."""
        return tuple(event_in(self.tally.counted[event_id]) for event_id in self.counted)

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """What is not counted, in the order in which events are taken."""
        return self.tally.refused

    def report(self, segments_digest: Digest) -> EpochReport:
        """The report that operators sign for this epoch."""
        return self._report(
            self.usage_root,
            len(self.counted),
            self.sum_tree,
            self.leaf_root,
            segments_digest,
        )


def settle_epoch(
    events: Iterable[UsageEvent], state: SettlementState, carried: Carried
) -> EpochSettlement:
    """Settle one epoch. The input's order changes nothing; an event is counted or refused aloud.

    Raises Inconsistent if a unit were lost or created, which no input can bring about.
    """
    return settle_rows(rows_of(events), state, carried)


def settle_rows(rows: Iterable[bytes], state: SettlementState, carried: Carried) -> EpochSettlement:
    """Settle one epoch from its events as rows (see `rows`). As `settle_epoch`."""
    tally = Tally(state)
    tally.count(rows)
    division = divide_usage(tally.licence_usage(), state, carried)
    counted = tuple(sorted(tally.counted))
    return EpochSettlement(
        **vars(division),
        sum_tree=SumTree(state.token, division.payouts),
        leaf_root=StandardTree(leaf_hash(state.token, p) for p in division.payouts).root,
        usage_root=usage_tree(counted).root,
        counted=counted,
        tally=tally,
    )


def divide_usage(
    usage: tuple[LicenceUsage, ...], state: SettlementState, carried: Carried
) -> Division:
    """Divide what each licence's use is worth among payees. Raises Inconsistent as above."""
    flows = _credits(usage, state)
    value = sum(line.revenue for line in usage)
    entitled = entitlements(income_by_work(flows), state)
    after = carried.plus(state.token, entitled, value, state.frozen)
    division = Division(
        token=state.token,
        epoch=state.epoch,
        previous_report=state.previous_report,
        state_block=state.block,
        state_time=state.time,
        licence_usage=usage,
        payouts=_payouts(after, state.token),
        credits=flows,
        entitled=entitled,
        withheld=_withheld(after, state),
        carried=after,
    )
    _check_conservation(after, state.token, division.cumulative_total)
    return division


def _credits(usage: Iterable[LicenceUsage], state: SettlementState) -> tuple[Credit, ...]:
    """Each licence's revenue divided among its work and that work's ancestors."""
    return tuple(
        Credit(line.licence_id, receiver, numerator)
        for line in usage
        for work in [state.licences[line.licence_id].work_id]
        for receiver, numerator in state.vector_of(work).divide(work, line.revenue)
        if numerator
    )


def income_by_work(flows: Iterable[Credit]) -> dict[WorkId, int]:
    """What each work earned, in numerators of `SHARE_SCALE`."""
    income: dict[WorkId, int] = {}
    for credit in flows:
        income[credit.work_id] = income.get(credit.work_id, 0) + credit.numerator
    return income


def _payouts(carried: Carried, token: Address) -> tuple[Payout, ...]:
    """Everybody ever entitled to a part of a unit, with what may be paid of it now."""
    entitled, payable = carried.of(token), carried.payable(token)
    return tuple(
        Payout(payee, payable[payee] // UNIT_NUMERATOR)
        for payee in sorted(entitled, key=address_bytes)
        if entitled[payee]
    )


def _withheld(carried: Carried, state: SettlementState) -> tuple[Withheld, ...]:
    """Every frozen share, earning or not: one that is missing gets the report rejected."""
    kept = carried.kept_back.get(state.token, {})
    return tuple(
        Withheld(work, payee, kept.get((work, payee), 0) // UNIT_NUMERATOR)
        for work, payee in sorted(
            state.frozen, key=lambda share: (share[0], address_bytes(share[1]))
        )
    )


def _check_conservation(carried: Carried, token: Address, paid_units: int) -> None:
    remainders = sum(numerator % UNIT_NUMERATOR for numerator in carried.payable(token).values())
    kept_back = sum(carried.kept_back.get(token, {}).values())
    whole = UNIT_NUMERATOR * carried.value_of(token)
    found = paid_units * UNIT_NUMERATOR + remainders + kept_back
    if found != whole:
        raise Inconsistent(f"payouts in {token}", whole, found)
