"""Are the direct reports right? Their prices, the deposits they come from, and that no event is
paid in both lanes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from chain.client.blocks import BlockPin
from chain.client.deployment import Deployment
from chain.client.direct_reports import DirectReports, DirectReportState
from chain.client.node import Node
from chain.indexer.direct_report_store import DirectReportRecord
from chain.indexer.records import LicenceRecord, Place
from chain.indexer.store import Store
from chain.ledger.identifiers import Address, Digest, LicenceId
from chain.settlement.findings import Check, Findings
from chain.settlement.verify_ledgers import View, compare_views

Deposit = tuple[Address, Address]


class _Step(NamedTuple):
    """A change of a deposit, and what it is said to leave unlocked."""

    place: Place
    deposit: Deposit
    amount: int
    free: int


def verify_direct_reports(
    findings: Findings, store: Store, node: Node, deployment: Deployment, at: BlockPin
) -> None:
    """Prices against the licences, deposits replayed, releases against the RoyaltyLedger's
    payments, and all of it against the contract's views."""
    records = store.direct_reports(at=at)
    licences = {licence.licence_id: licence for licence in store.licences(at=at)}
    for record in records:
        _compare_price(findings, record, licences)
    free = _replay_deposits(findings, store, records, at)
    _compare_payments(findings, store, records, deployment, at)
    views = [
        View(
            f"deposit of {platform} in {token}",
            "depositOf",
            (platform, token),
            amount,
            is_money=True,
        )
        for (platform, token), amount in sorted(free.items())
    ]
    views += [
        View(f"{_place(record)}, state", "stateOf", (record.event_id,), record.state)
        for record in records
    ]
    contract = DirectReports.of(node, deployment)
    compare_views(findings, Check.DIRECT_REPORTS, contract, views, at)


def verify_paid_once(
    findings: Findings, store: Store, counted: AbstractSet[Digest], at: BlockPin
) -> None:
    """No event is both paid by a report of its own and counted in an epoch that stands."""
    for record in store.direct_reports(at=at):
        if record.state is DirectReportState.RELEASED:
            twice = record.held.amount if record.event_id in counted else 0
            place = f"{_place(record)}, paid again with an epoch"
            findings.compare_units(Check.DIRECT_REPORTS, place, 0, twice)


def _compare_price(
    findings: Findings,
    record: DirectReportRecord,
    licences: dict[LicenceId, LicenceRecord],
) -> None:
    place, held, event = _place(record), record.held, record.report.event
    findings.compare(Check.DIRECT_REPORTS, f"{place}, id", event.event_id, held.event_id)
    licence = licences.get(held.licence_id)
    if licence is None:
        findings.differ(Check.DIRECT_REPORTS, f"{place}, licence", "one that was taken", "none")
        return
    expected = (licence.work_id, licence.holder, licence.terms.token)
    found = (held.work_id, held.platform, held.token)
    findings.compare(Check.DIRECT_REPORTS, f"{place}, work, platform and token", expected, found)
    price = licence.terms.unit_price
    findings.compare_units(Check.DIRECT_REPORTS, f"{place}, price", price, held.amount)


def _replay_deposits(
    findings: Findings, store: Store, records: list[DirectReportRecord], at: BlockPin
) -> dict[Deposit, int]:
    """What every platform has unlocked, in base units."""
    steps = [_Step(d.place, (d.platform, d.token), d.amount, d.free) for d in store.deposits(at=at)]
    for record in records:
        deposit, amount = (record.held.platform, record.held.token), record.held.amount
        steps.append(_Step(record.place, deposit, -amount, record.free))
        if record.ended is not None and record.free_again is not None:
            steps.append(_Step(record.ended, deposit, amount, record.free_again))
    free: dict[Deposit, int] = defaultdict(int)
    for step in sorted(steps):
        free[step.deposit] += step.amount
        place = f"deposit of {step.deposit[0]} at block {step.place.block_number}"
        findings.compare_units(Check.DIRECT_REPORTS, place, free[step.deposit], step.free)
    return dict(free)


def _compare_payments(
    findings: Findings,
    store: Store,
    records: list[DirectReportRecord],
    deployment: Deployment,
    at: BlockPin,
) -> None:
    """What was released of each work's reports is what the ledger was paid for them."""
    released: dict[tuple[int, Address], int] = defaultdict(int)
    paid: dict[tuple[int, Address], int] = defaultdict(int)
    for record in records:
        if record.state is DirectReportState.RELEASED:
            released[record.held.work_id, record.held.token] += record.held.amount
    for payment in store.payments(at=at):
        if payment.payer == deployment.contracts[DirectReports.NAME]:
            paid[payment.work_id, payment.token] += payment.amount
    for work_id, token in sorted(released.keys() | paid.keys()):
        place = f"direct reports of work {work_id} in {token}, released"
        key = (work_id, token)
        findings.compare_units(Check.DIRECT_REPORTS, place, released[key], paid[key])


def _place(record: DirectReportRecord) -> str:
    return f"direct report of event 0x{record.event_id.hex()}"
