"""Are the balances right? Replays both lanes' events and compares with the contracts' views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from chain.client.blocks import BlockPin
from chain.client.consent_registry import ConsentRegistry
from chain.client.contract import Contract
from chain.client.deployment import Deployment
from chain.client.derivative_graph import DerivativeGraph
from chain.client.direct_reports import DirectReportState
from chain.client.epoch_distributor import EpochDistributor
from chain.client.licence_registry import LicenceRegistry
from chain.client.node import Node
from chain.client.royalty_ledger import RoyaltyLedger, shares_list
from chain.client.stablecoin import Stablecoin
from chain.client.work_registry import WorkRegistry
from chain.indexer.records import CreditChange, RootState
from chain.indexer.store import Store
from chain.ledger.accrual import RoyaltyBook
from chain.ledger.errors import Inconsistent, LedgerError
from chain.ledger.identifiers import ZERO_DIGEST, Address
from chain.ledger.vectors import LicensedParent, flatten
from chain.settlement.findings import Check, Findings, TokenTotals
from chain.settlement.state import royalty_book
from chain.settlement.verify_credits import replay_credits

# Reads sent in one request; anvil and public nodes take this many without complaint.
READS_PER_REQUEST: Final = 100


class View(NamedTuple):
    """One view of a contract: how to ask, and what it must answer."""

    place: str
    function: str
    arguments: tuple[Any, ...]
    expected: Any
    pick: Callable[[Any], Any] = lambda answer: answer
    is_money: bool = False


def compare_views(
    findings: Findings, check: Check, contract: Contract, views: Sequence[View], at: BlockPin
) -> None:
    """Ask a contract for views at a block, in few requests, and compare."""
    for first in range(0, len(views), READS_PER_REQUEST):
        part = views[first : first + READS_PER_REQUEST]
        answers = contract.read_many([(v.function, v.arguments) for v in part], at=at)
        for view, answer in zip(part, answers, strict=True):
            compare = findings.compare_units if view.is_money else findings.compare
            compare(check, view.place, view.expected, view.pick(answer))


def verify_registers(
    findings: Findings, store: Store, node: Node, deployment: Deployment, at: BlockPin
) -> None:
    """Works, consents, licences and derivatives against the contracts' views."""
    works = store.works(at=at)
    views = [View("number of works", "workCount", (), len(works))]
    views += [
        View(
            f"manifest of work {work.work_id}",
            "workOf",
            (work.work_id,),
            work.manifest_digest,
            lambda answer: answer["manifestDigest"],
        )
        for work in works
    ]
    compare_views(findings, Check.REGISTERS, WorkRegistry.of(node, deployment), views, at)
    consents = [
        View(
            f"consent to {record.tier.name} of work {record.work_id}",
            "consentOf",
            (record.work_id, record.tier),
            record.state,
            lambda answer: answer["state"],
        )
        for record in store.consents(at=at)
    ]
    compare_views(findings, Check.REGISTERS, ConsentRegistry.of(node, deployment), consents, at)
    licences = [
        View(
            f"use of licence {record.licence_id}",
            "licenceOf",
            (record.licence_id,),
            (
                record.terms_hash,
                record.terms.unit_cap,
                record.terms.revenue_cap,
                record.units_used,
                record.revenue_used,
            ),
            lambda answer: (
                answer["termsHash"],
                answer["unitCap"],
                answer["revenueCap"],
                answer["unitsUsed"],
                answer["revenueUsed"],
            ),
        )
        for record in store.licences(at=at)
    ]
    compare_views(findings, Check.REGISTERS, LicenceRegistry.of(node, deployment), licences, at)
    _verify_vectors(findings, store, node, deployment, at)


def verify_direct_lane(
    findings: Findings, store: Store, node: Node, deployment: Deployment, at: BlockPin
) -> RoyaltyBook | None:
    """Every balance of the RoyaltyLedger; None when the events contradict each other."""
    try:
        book = royalty_book(store, at=at)
    except Inconsistent as error:
        findings.differ(Check.DIRECT_LANE, error.place, str(error.expected), str(error.found))
        return None
    tokens = store.tokens(at=at)
    for token in tokens:
        try:
            book.check_identity(token)
            findings.checks[Check.DIRECT_LANE] += 1
        except Inconsistent as error:
            findings.differ(Check.DIRECT_LANE, error.place, str(error.expected), str(error.found))
    views = [view for token in tokens for view in _work_views(store, book, token, at)]
    ledger = RoyaltyLedger.of(node, deployment)
    compare_views(findings, Check.DIRECT_LANE, ledger, views, at)
    return book


def _work_views(store: Store, book: RoyaltyBook, token: Address, at: BlockPin) -> list[View]:
    views = []
    for work in store.works(at=at):
        flow = book.flow(work.work_id, token)
        of_work = f"work {work.work_id} in {token}"
        key = (work.work_id, token)
        accrued = book.accrued(*key)
        views.append(View(f"accrued of {of_work}", "accruedOf", key, accrued))
        if work.kind.name == "DERIVATIVE":
            pair = (flow.gross, flow.settled)
            views.append(
                View(
                    f"flow of {of_work}", "flowOf", key, pair, lambda a: (a["gross"], a["settled"])
                )
            )
    for record in store.splits(at=at):
        work_id, version = record.work_id, record.version
        of_split = f"work {work_id} split {version} in {token}"
        start = book.segment_start(work_id, token, version)
        given = (work_id, token, version)
        views.append(View(f"segment start of {of_split}", "segmentStartOf", given, start))
        for share in record.split.shares:
            payee = share.payee
            paid = book.paid_to(work_id, token, version, payee)
            due = book.due(work_id, token, version, payee)
            asked = (*given, shares_list(record.split), payee)
            views += [
                View(
                    f"paid to {payee} from {of_split}",
                    "paidTo",
                    (*given, payee),
                    paid,
                    is_money=True,
                ),
                View(f"due to {payee} from {of_split}", "dueTo", asked, due, is_money=True),
            ]
    return views


def verify_epoch_lane(
    findings: Findings, store: Store, node: Node, deployment: Deployment, at: BlockPin
) -> None:
    """Funds, credits, roots and payouts of the EpochDistributor."""
    funded, credit_of = replay_credits(findings, store, at)
    claimed: dict[tuple[Address, Address], int] = defaultdict(int)
    for payout in store.epoch_payouts(at=at):
        key = (payout.token, payout.payee)
        claimed[key] += payout.amount
        place = f"payout to {payout.payee} at block {payout.place.block_number}"
        findings.compare_units(Check.EPOCH_LANE, place, claimed[key], payout.claimed)
    views = [
        View(f"paid to {payee} in {token}", "claimedBy", (token, payee), amount, is_money=True)
        for (token, payee), amount in sorted(claimed.items())
    ]
    views += [
        View(f"credit of {holder} in {token}", "creditOf", (token, holder), credit, is_money=True)
        for (token, holder), credit in sorted(credit_of.items())
    ]
    roots = store.roots(at=at)
    reports = {record.report.epoch: record.report_hash for record in store.epochs(at=at)}
    for token in sorted({*funded, *(root.token for root in roots)}):
        of_token = [root for root in roots if root.token == token]
        active = next((root for root in of_token if root.state is RootState.ACTIVE), None)
        waiting = [root for root in of_token if root.state is RootState.PENDING]
        paid = sum(amount for (of, _), amount in claimed.items() if of == token)
        lane = (funded[token], active.total if active else 0, paid)
        views += [
            View(
                f"lane of {token}",
                "laneOf",
                (token,),
                lane,
                lambda a: (a["funded"], a["committed"], a["claimed"]),
            ),
            View(
                f"active root in {token}",
                "activeRoot",
                (token,),
                (reports[active.epoch], active.epoch) if active else (ZERO_DIGEST, 0),
                lambda a: (a["reportHash"], a["epoch"]),
            ),
            View(
                f"waiting roots in {token}",
                "pendingRoots",
                (token,),
                [(reports[root.epoch], root.epoch) for root in waiting],
                lambda a: [(root["reportHash"], root["epoch"]) for root in a],
            ),
        ]
    compare_views(findings, Check.EPOCH_LANE, EpochDistributor.of(node, deployment), views, at)


def verify_custody(
    findings: Findings,
    store: Store,
    node: Node,
    deployment: Deployment,
    book: RoyaltyBook | None,
    at: BlockPin,
) -> dict[Address, TokenTotals]:
    """What the contracts hold, by the tokens' own word, against transfers and liabilities."""
    transfers = store.transfers(at=at)
    payouts = store.epoch_payouts(at=at)
    fundings = [s for s in store.credit_steps(at=at) if s.change is CreditChange.FUNDED]
    deposits = _deposits(store, at)
    totals = {}
    for token in sorted({*store.tokens(at=at), *deposits, *(f.token for f in fundings)}):
        coin = Stablecoin(node, token)
        funded = sum(f.amount for f in fundings if f.token == token)
        claimed = sum(p.amount for p in payouts if p.token == token)
        custody = book.custody(token) if book else None
        totals[token] = TokenTotals(
            custody.paid_in if custody else 0, custody.paid_out if custody else 0, funded, claimed
        )
        owed = {
            "RoyaltyLedger": custody.held if custody else 0,
            "EpochDistributor": funded - claimed,
            "DirectReports": deposits.get(token, 0),
        }
        for name, liability in owed.items():
            holder = deployment.contracts[name]
            came = sum(t.amount for t in transfers if t.token == token and t.recipient == holder)
            left = sum(t.amount for t in transfers if t.token == token and t.sender == holder)
            held = coin.balance_of(holder, at=at)
            findings.compare_units(
                Check.CUSTODY, f"{token} held by {name}, by its transfers", came - left, held
            )
            # More than is owed is a donation; less is a theft.
            findings.compare_units(
                Check.CUSTODY, f"{token} owed by {name}", liability, min(liability, held)
            )
    return totals


def _deposits(store: Store, at: BlockPin) -> dict[Address, int]:
    """What platforms put down less what they took back and what was released, by token."""
    held: dict[Address, int] = defaultdict(int)
    for step in store.deposits(at=at):
        held[step.token] += step.amount
    for record in store.direct_reports(at=at):
        if record.state is DirectReportState.RELEASED:
            held[record.held.token] -= record.held.amount
    return dict(held)


def _verify_vectors(
    findings: Findings, store: Store, node: Node, deployment: Deployment, at: BlockPin
) -> None:
    """Flatten every derivative's parents again and compare with what was linked."""
    declared = store.floors(at=at)
    shares = {r.licence_id: r.terms.royalty_share for r in store.licences(at=at)}
    known: dict[int, Any] = {}
    views = []
    for record in store.derivatives(at=at):
        place = f"ancestors of work {record.child}"
        parents = [
            LicensedParent(
                parent.work_id,
                shares.get(parent.licence_id, 0),
                *((known[parent.work_id],) if parent.work_id in known else ()),
            )
            for parent in record.parents
        ]
        try:
            linked = record.place
            floors = {
                f.work_id: f.floor
                for f in declared
                if f.place < linked and f.binds_from <= linked.timestamp
            }
            vector = flatten(parents, floors)
        except LedgerError as error:
            findings.differ(Check.REGISTERS, place, "a linkable derivative", str(error))
            continue
        known[record.child] = vector
        findings.compare(Check.REGISTERS, place, vector.encode(), record.vector.encode())
        views.append(View(f"{place}, hash", "vectorHashOf", (record.child,), vector.hash()))
    compare_views(findings, Check.REGISTERS, DerivativeGraph.of(node, deployment), views, at)
