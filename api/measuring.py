"""The numbers of a ledger: settlement latency, equality, traceability, failures."""

from __future__ import annotations

from collections.abc import Sequence

from api.application import Application
from api.reading import payee_balances
from api.timelines import direct_timelines, epoch_timelines
from chain.client.blocks import BlockPin
from chain.ledger.identifiers import Address, CommunityId
from chain.metrics.latency import Timeline
from chain.metrics.report import MetricInputs, ValueChainReport, value_chain_report
from chain.metrics.traceability import TraceOutcome

OF_ONE_ACCOUNT = CommunityId(0)
RECEIPT_BLOCKS = 50


def community_payees(app: Application, at: BlockPin) -> set[Address]:
    """Payees of works that belong to a community: those whose equality is asked about.

    A platform's own share of its derivatives is no community's money.
    """
    communal = {
        work.work_id for work in app.store.works(at=at) if work.community_id != OF_ONE_ACCOUNT
    }
    return {
        share.payee
        for record in app.store.splits(at=at)
        if record.work_id in communal
        for share in record.split.shares
    }


def measure(
    app: Application,
    at: BlockPin,
    *,
    traces: Sequence[TraceOutcome] = (),
    simulated: tuple[str, ...] = (),
) -> tuple[ValueChainReport, list[Timeline], list[int]]:
    """The report, with the timelines and the amounts per payee that the two pictures draw."""
    communal = community_payees(app, at)
    paid = {b.payee: b.paid for b in payee_balances(app, at) if b.payee in communal}
    timelines = direct_timelines(app, at) + epoch_timelines(app, at)
    failed, submitted = transactions(app, at)
    inputs = MetricInputs(
        period=f"blocks {app.deployment.block} to {at.number}",
        token=app.token.address,
        paid_by_payee=paid,
        timelines=timelines,
        traces=traces,
        units_traced=0,
        units_paid=0,
        transactions_failed=failed,
        transactions_submitted=submitted,
        simulated=simulated,
    )
    return value_chain_report(inputs), timelines, list(paid.values())


def transactions(app: Application, at: BlockPin) -> tuple[int, int]:
    """Failed and all transactions sent to our contracts since they were deployed."""
    ours = {address.lower() for address in app.deployment.contracts.values()}
    failed = submitted = 0
    for first in range(app.deployment.block, at.number + 1, RECEIPT_BLOCKS):
        last = min(first + RECEIPT_BLOCKS, at.number + 1)
        asked = [("eth_getBlockReceipts", (hex(number),)) for number in range(first, last)]
        for receipts in app.node.rpc.batch(asked):
            sent = [r for r in receipts if (r["to"] or "").lower() in ours]
            submitted += len(sent)
            failed += sum(1 for receipt in sent if int(receipt["status"], 16) == 0)
    return failed, submitted
