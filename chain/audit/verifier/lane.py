"""The epoch lane's record on chain, and its comparison with the papers in the bundle."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, NamedTuple

from bundle import Report
from epochs import (
    Carried,
    Outcome,
    Segment,
    State,
    climb,
    read_segments,
    report_hash,
    settle,
    usage_hash,
)
from events import Chain, Event
from formats import Broken, octets, parse_json
from ledger import UNIT, ZERO

PROVEN_LEAVES_MAX = 4_096
SUM = re.compile(r"[0-9]{1,78}")
NOTHING = Carried({}, 0, {}, frozenset())


class Posted(NamedTuple):
    """A report as it was posted."""

    event: Event
    report: dict[str, Any]
    hash: str
    usage: list[tuple[int, int, int]]
    charges: list[tuple[str, int]]


class Lane:
    """What the EpochDistributor and the UsageOracle said."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.posted: list[Posted] = []
        self.funded: dict[str, int] = defaultdict(int)
        self.claimed: dict[tuple[str, str], int] = defaultdict(int)
        self.paid: dict[str, int] = defaultdict(int)
        self.roots: dict[tuple[str, int], dict[str, Any]] = {}
        self.active: dict[str, int] = {}
        self.rejected: set[int] = set()
        self.payouts: list[tuple[Event, int]] = []

    def apply(self, event: Event) -> None:
        """Take over one event."""
        of, place = event.values, event.place
        if event.name == "UsageOracle.EpochPosted":
            usage = [(u["licenceId"], u["units"], u["revenue"]) for u in of["licenceUsage"]]
            self.posted.append(Posted(event, of["report"], of["reportHash"], usage, []))
        elif event.name == "EpochDistributor.Charged":
            # Reports alone charge holders, right after they are posted.
            if self._check(f"{place}: charged for a report", True, bool(self.posted)):
                self.posted[-1].charges.append((of["holder"], of["amount"]))
        elif event.name == "EpochDistributor.Funded":
            self.funded[of["token"]] += of["amount"]
            self._check(f"{place}: funds so far", self.funded[of["token"]], of["funded"])
        elif event.name == "EpochDistributor.RootProposed":
            self.roots[of["token"], of["epoch"]] = {**of, "place": place}
        elif event.name == "EpochDistributor.RootActivated":
            root = self.roots.get((of["token"], of["epoch"]))
            due = root is not None and root["claimableFrom"] <= event.time
            self._check(f"{place}: its window was over", True, due)
            self._check(f"{place}: total", root and root["total"], of["total"])
            self.active[of["token"]] = of["epoch"]
            covered = of["total"] <= self.funded[of["token"]]
            self._check(f"{place}: no more than was funded", True, covered)
        elif event.name == "EpochDistributor.RootRejected":
            self.rejected.add(of["epoch"])
        elif event.name == "EpochDistributor.PaidOut":
            key = (of["token"], of["payee"])
            self.claimed[key] += of["amount"]
            self.paid[of["token"]] += of["amount"]
            self._check(f"{place}: paid to {of['payee']} so far", self.claimed[key], of["claimed"])
            self.payouts.append((event, self.active.get(of["token"], 0)))

    def _check(self, place: str, expected: Any, found: Any) -> bool:
        same: bool = self.report.compare("epoch lane", place, expected, found)
        return same


def settle_all(
    report: Report,
    files: dict[str, bytes],
    chain: Chain,
    lane: Lane,
    states: dict[int, State],
) -> tuple[dict[int, Outcome], dict[int, list[Segment]]]:
    """Every report that stands, computed again; by epoch, with its segments."""
    _compare_order(report, lane)
    carried: dict[str, Carried] = {ZERO: NOTHING}
    outcomes: dict[int, Outcome] = {}
    read: dict[int, list[Segment]] = {}
    for posted in lane.posted:
        epoch = posted.report["epoch"]
        if epoch in lane.rejected:
            continue
        segments = None
        try:
            oracle = chain.contracts["UsageOracle"]
            segments = read_segments(report, files, posted.report, chain.id, oracle)
        except Broken as error:
            report.broken("segments", error)
        header = chain.headers.get(posted.report["stateBlock"])
        before = carried.get(posted.report["previousReport"])
        if segments is None or header is None or before is None or header.number not in states:
            report.fail("reports", f"epoch {epoch}", "segments and a state to settle by", "none")
            continue
        uses = [use for segment in segments for use in segment.uses]
        outcome = settle(posted.report, uses, states[header.number], header, before)
        outcomes[epoch], read[epoch] = outcome, segments
        carried[posted.hash] = outcome.carried
        _compare_report(report, posted, outcome, lane)
        _compare_charges(report, posted, outcome, states[header.number])
        _compare_paper(report, files, posted, outcome, lane)
        _compare_conservation(report, epoch, outcome)
    _compare_presence(report, files, outcomes)
    _compare_payouts(report, lane, outcomes)
    return outcomes, read


def _compare_order(report: Report, lane: Lane) -> None:
    last: dict[str, str] = {}
    for number, posted in enumerate(lane.posted, 1):
        of, place = posted.report, f"report of epoch {posted.report['epoch']}"
        report.compare("reports", f"{place}, number", number, of["epoch"])
        report.compare("reports", f"{place}, hash", report_hash(of), posted.hash)
        usage = usage_hash(posted.usage)
        report.compare("reports", f"{place}, usage per licence", usage, of["licenceUsageHash"])
        if of["epoch"] in lane.rejected:
            continue
        before = last.get(of["token"], ZERO)
        report.compare("reports", f"{place}, previous report", before, of["previousReport"])
        last[of["token"]] = posted.hash
        earlier = sum(1 for p in lane.posted if p.event.block <= of["stateBlock"])
        place += ", epochs posted at its state block"
        report.compare("reports", place, of["epoch"] - 1, earlier)


def _compare_report(report: Report, posted: Posted, outcome: Outcome, lane: Lane) -> None:
    epoch = posted.report["epoch"]
    for name, expected in outcome.fields.items():
        place = f"report of epoch {epoch}, {name}"
        report.compare("reports", place, expected, posted.report[name])
    ours = {licence: line for licence, *line in outcome.usage}
    theirs = {licence: line for licence, *line in posted.usage}
    for licence in sorted(ours | theirs):
        place = f"use of licence {licence} in epoch {epoch}, events and value"
        report.compare("reports", place, ours.get(licence), theirs.get(licence))
    root = lane.roots.get((posted.report["token"], epoch), {})
    expected = [posted.report[n] for n in ("sumRoot", "cumulativeTotal", "leafCount")]
    found = [root.get(n) for n in ("sumRoot", "total", "leafCount")]
    report.compare("reports", f"payout root of epoch {epoch} as proposed", expected, found)


def _compare_charges(report: Report, posted: Posted, outcome: Outcome, state: State) -> None:
    """Each line was charged to the holder of its licence; one that earned nothing to nobody."""
    expected = [
        (state.licences[licence]["holder"], revenue)
        for licence, _, revenue in outcome.usage
        if revenue
    ]
    place = f"report of epoch {posted.report['epoch']}, whom it charged"
    report.compare("reports", place, expected, posted.charges)


def _compare_paper(
    report: Report, files: dict[str, bytes], posted: Posted, outcome: Outcome, lane: Lane
) -> None:
    epoch, token = posted.report["epoch"], posted.report["token"]
    name = f"epochs/{epoch:06d}.json"
    if name not in files:
        report.fail("leaves", name, "a file", "nothing")
        return
    paper = parse_json(files[name], name)
    if not isinstance(paper, dict):
        report.fail("leaves", name, "a paper of an epoch", "something else")
        return
    plain = {
        "epoch": epoch,
        "reportHash": posted.hash,
        "token": token,
        "events": len(outcome.counted),
    }
    for field, expected in plain.items():
        report.compare("leaves", f"{name}, {field}", expected, paper.get(field))
    lists = {
        "usage": [[str(part) for part in line] for line in outcome.usage],
        "withheld": [[str(w), payee, str(a)] for w, payee, a in outcome.withheld],
        "refused": [[event, reason] for event, reason in outcome.refused],
    }
    for field, lines in lists.items():
        compare_lists(report, "leaves", f"{name}, {field}", lines, paper.get(field))
    _compare_leaves(report, name, outcome, paper.get("payouts"))
    proven = lane.active.get(token) == epoch and len(outcome.payouts) <= PROVEN_LEAVES_MAX
    _compare_proofs(report, name, outcome, paper.get("proofs"), proven)


def compare_lists(report: Report, kind: str, place: str, expected: list[Any], found: Any) -> None:
    """Two lists line by line."""
    lines = found if isinstance(found, list) else []
    for n in range(max(len(expected), len(lines))):
        ours = expected[n] if n < len(expected) else None
        report.compare(kind, f"{place} {n}", ours, lines[n] if n < len(lines) else None)


def _compare_leaves(report: Report, name: str, outcome: Outcome, found: Any) -> None:
    lines = found if isinstance(found, list) else []
    if not all(
        isinstance(line, list) and len(line) == 2 and all(isinstance(p, str) for p in line)
        for line in lines
    ):
        report.fail("leaves", f"{name}, payouts", "payees and amounts", "something else")
        return
    ours = {payee: str(amount) for payee, amount in outcome.payouts}
    theirs = dict(lines)
    for payee in sorted(ours | theirs):
        place = f"{name}, cumulative payout of {payee}"
        report.compare("leaves", place, ours.get(payee), theirs.get(payee))
    order = [payee for payee, _ in lines]
    report.compare("leaves", f"{name}, payees ascend, each once", True, order == sorted(theirs))


def _compare_proofs(report: Report, name: str, outcome: Outcome, found: Any, proven: bool) -> None:
    count = len(outcome.payouts) if proven else 0
    lines = found if isinstance(found, list) else []
    if not report.compare("leaves", f"{name}, number of proofs", count, len(lines)) or not lines:
        return
    place = f"{name}, proofs"
    try:
        proofs = [_siblings(line, place) for line in lines]
    except Broken:
        report.fail("leaves", place, "hashes and sums", "something else")
        return
    depth = len(outcome.levels) - 1
    if any(len(proof) != depth for proof in proofs):
        report.fail("leaves", place, f"{depth} siblings each", "others")
        return
    leaves, amounts = outcome.levels[0]
    root = ["0x" + outcome.levels[-1][0][0].hex(), outcome.levels[-1][1][0]]
    ends = climb(leaves[:count], amounts[:count], proofs)
    for (payee, _), end in zip(outcome.payouts, ends, strict=True):
        report.compare("leaves", f"{name}, where the proof of {payee} leads", root, end)


def _siblings(line: Any, place: str) -> list[tuple[bytes, int]]:
    if not isinstance(line, list) or not all(
        isinstance(s, list) and len(s) == 2 and isinstance(s[1], str) and SUM.fullmatch(s[1])
        for s in line
    ):
        raise Broken(place, "hashes and sums", "something else")
    return [(octets(digest, place, 32), int(units)) for digest, units in line]


def _compare_conservation(report: Report, epoch: int, outcome: Outcome) -> None:
    """Paid, remainders and what is kept back are all that the usage is worth, to the numerator."""
    paid = sum(amount for _, amount in outcome.payouts)
    kept = sum(outcome.carried.kept.values())
    payable = sum(outcome.carried.numerators.values()) - kept
    place = f"epoch {epoch}, all entitlements in numerators"
    value = UNIT * outcome.carried.value
    report.compare("conservation", place, value, payable + kept)
    within = 0 <= payable - UNIT * paid < UNIT * max(1, len(outcome.payouts))
    place = f"epoch {epoch}, less than a unit a payee is left to rounding"
    report.compare("conservation", place, True, within)


def _compare_presence(
    report: Report, files: dict[str, bytes], outcomes: dict[int, Outcome]
) -> None:
    expected = {f"epochs/{epoch:06d}.json" for epoch in outcomes}
    for name in sorted(name for name in files if name.startswith("epochs/")):
        report.compare("leaves", f"{name} is of an epoch that stands", True, name in expected)


def _compare_payouts(report: Report, lane: Lane, outcomes: dict[int, Outcome]) -> None:
    """Every payment of the epoch lane is the leaf of the epoch that was active when it was made."""
    leaves = {epoch: dict(outcome.payouts) for epoch, outcome in outcomes.items()}
    for event, epoch in lane.payouts:
        of = event.values
        expected = leaves.get(epoch, {}).get(of["payee"], 0)
        place = f"{event.place}: leaf of {of['payee']} in epoch {epoch}"
        report.compare("epoch lane", place, expected, of["claimed"])
