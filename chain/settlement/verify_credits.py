"""Is every epoch paid by whom it should be? Replays what licence holders have in the epoch lane."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Sequence

from chain.client.blocks import BlockPin
from chain.indexer.records import CreditChange, EpochRecord
from chain.indexer.store import Store
from chain.ledger.identifiers import Address
from chain.settlement.findings import Check, Findings


def replay_credits(
    findings: Findings, store: Store, at: BlockPin
) -> tuple[dict[Address, int], dict[tuple[Address, Address], int]]:
    """What each token's lane was funded with, and what each holder has left of its own in it, by
    token and holder; in base units."""
    funded: dict[Address, int] = defaultdict(int)
    left: dict[tuple[Address, Address], int] = defaultdict(int)
    for step in store.credit_steps(at=at):
        place = f"{step.token} at block {step.place.block_number}"
        if step.change is CreditChange.FUNDED:
            funded[step.token] += step.amount
            expected = funded[step.token]
            findings.compare_units(Check.EPOCH_LANE, f"funds in {place}", expected, step.funded)
        key = (step.token, step.holder)
        left[key] += -step.amount if step.change is CreditChange.CHARGED else step.amount
        where = f"credit of {step.holder} in {place}"
        findings.compare_units(Check.EPOCH_LANE, where, left[key], step.credit)
        # Nobody's use is paid out of another's money.
        findings.compare(Check.EPOCH_LANE, f"{where}, not less than nothing", True, left[key] >= 0)
    return funded, left


def verify_charges(
    findings: Findings, store: Store, records: Sequence[EpochRecord], at: BlockPin
) -> None:
    """Each report charged the holders of the licences that it counts, line by line, and nobody
    else. `records` are all reports, in their order."""
    holders = {licence.licence_id: licence.holder for licence in store.licences(at=at)}
    posted = [record.place for record in records]
    # A report charges right after it is posted, so a charge is of the last report before it.
    charges: dict[int, list[tuple[Address, int]]] = defaultdict(list)
    for step in store.credit_steps(at=at):
        if step.change is CreditChange.CHARGED:
            charges[bisect(posted, step.place)].append((step.holder, step.amount))
    for number, record in enumerate(records, start=1):
        expected = [(holders[u.licence_id], u.revenue) for u in record.licence_usage if u.revenue]
        place = f"report of epoch {record.report.epoch}, whom it charged"
        findings.compare(Check.REPORTS, place, expected, charges.pop(number, []))
    for strayed in charges.values():
        findings.differ(Check.REPORTS, "charges without a report", "none", str(strayed))
