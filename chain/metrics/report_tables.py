"""A report as tables: what a CSV file has, and what stands under every picture of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from chain.ledger.identifiers import Address
from chain.ledger.money import Currency
from chain.metrics.binomial import Share
from chain.metrics.inequality import Decomposition, lorenz_curve
from chain.metrics.latency import Latency, Mark, Reach
from chain.metrics.period import Handover
from chain.metrics.plots import STAGES_IN_WORDS, STEPS_IN_WORDS, shown_duration
from chain.metrics.plots.durations import time_ticks
from chain.metrics.report import ValueChainReport

UNDEFINED: Final = "not defined"
_TENTHS: Final = 11
_HALF: Final = 0.5


@dataclass(frozen=True)
class ReportTable:
    """`name` is its file's; `numbers` are the columns that are aligned as numbers, from 0."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]


def report_tables(report: ValueChainReport) -> dict[str, ReportTable]:
    """Every table of the report, by name. Empty ones are left out."""
    made = (
        _summary(report),
        _lorenz(report),
        _payees(report),
        _settlement(report),
        _curve(report),
        _stages(report),
        _funnel(report),
        _decomposition(report),
        _rule_change(report),
    )
    return {table.name: table for table in made if table.rows}


def _table(
    name: str, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1
) -> ReportTable:
    """The first `texts` columns are words."""
    numbers = frozenset(range(texts, len(columns)))
    return ReportTable(name, title, tuple(columns), tuple(map(tuple, rows)), numbers)


def shown(value: Fraction | float | None, digits: int = 4) -> str:
    return UNDEFINED if value is None else f"{float(value):.{digits}f}"


def percent(value: Fraction | float | None, digits: int = 1) -> str:
    """In percent. What rounding would make nothing or all of it is told as nearly so."""
    if value is None:
        return UNDEFINED
    text, least = f"{100 * float(value):.{digits}f}", 10.0**-digits
    if 0 < value < 1 and float(text) in (0.0, 100.0):
        return f"below {least:g} %" if value < _HALF else f"above {100 - least:g} %"
    return f"{text} %"


def interval_of(share: Share) -> str:
    if share.low is None or share.high is None:
        return UNDEFINED
    return f"{percent(share.low, 2)} to {percent(share.high, 2)}"


def mark_text(mark: Mark) -> str:
    seconds = mark.estimate.seconds
    return reach_text(mark.estimate.reach) if seconds is None else shown_duration(seconds)


def reach_text(reach: Reach) -> str:
    return reach.value.replace("-", " ")


def mark_interval(mark: Mark) -> str:
    if mark.interval is None:
        return ""
    low, high = mark.interval.low, mark.interval.high
    if low is None:
        return "not bounded" if high is None else f"up to {shown_duration(high)}"
    return f"{shown_duration(low)} " + ("or more" if high is None else f"to {shown_duration(high)}")


def currency_of(report: ValueChainReport) -> Currency:
    money = report.record.money
    return Currency(Address(money.token), money.symbol, money.decimals)


def _summary(report: ValueChainReport) -> ReportTable:
    registered, paid = report.inequality.registered, report.inequality.paid
    payouts, done = report.record.payouts, report.fulfilment
    disputes = report.record.disputes
    coins = currency_of(report)
    of_payees = f"{registered.payees} registered payees, {registered.paid_payees} paid"
    in_hand, available = report.latency.in_hand, report.latency.available
    arrived = f"{arrived_of(in_hand)} uses arrived"
    theil = registered.theil
    rows = [
        ("paid to communities", f"{coins.text(registered.total)} {coins.symbol}", of_payees),
        (
            "time until available: median",
            mark_text(available.median),
            f"{arrived_of(available)} uses arrived",
        ),
        ("time until in hand: median", mark_text(in_hand.median), arrived),
        ("time until in hand: 90th percentile", mark_text(in_hand.p90), arrived),
        ("Gini, all registered", shown(registered.gini), of_payees),
        ("Gini, paid payees only", shown(paid.gini), f"{paid.payees} payees"),
        ("Jain, all registered", shown(registered.jain), of_payees),
        ("Theil's T, all registered", shown(None if theil is None else theil.value), of_payees),
        ("traceability", percent(report.traceability.traced.rate), _of(report.traceability.traced)),
        (
            "false attribution",
            percent(report.traceability.false_attribution.rate),
            _of(report.traceability.false_attribution),
        ),
        (
            "value traceability",
            percent(report.value_traceability, 2),
            f"{coins.text(payouts.traced_units)} of {coins.text(payouts.units)} {coins.symbol}",
        ),
        (
            "payouts that lead back in full",
            percent(report.payout_traceability, 2),
            f"{payouts.traced_count:,} of {payouts.count:,} payouts",
        ),
        ("on-chain failure rate", percent(report.failure_rate.rate, 2), _of(report.failure_rate)),
        ("dispute rate", percent(report.dispute_rate.rate, 2), _of(report.dispute_rate, "shares")),
        (
            "roots and reports thrown out",
            f"{disputes.thrown_out}",
            f"of {disputes.put_forward} put forward",
        ),
        (
            "automatic fulfilment, of money",
            percent(done.rate),
            f"{coins.text(done.units[Handover.PUSHED])} of {coins.text(done.payable_units)} "
            f"{coins.symbol}",
        ),
        (
            "automatic fulfilment, of uses",
            percent(done.rate_by_use),
            ", ".join(f"{count:,} {how.value}" for how, count in done.uses.items()),
        ),
    ]
    return _table("summary", "The figures", ("figure", "value", "of"), rows, texts=3)


def arrived_of(latency: Latency) -> str:
    return f"{latency.arrived:,} of {latency.entered:,}"


def _of(share: Share, noun: str = "") -> str:
    counts = f"{share.part:,} of {share.whole:,}{f' {noun}' if noun else ''}"
    return counts if share.low is None else f"{counts}; 95 % interval {interval_of(share)}"


def _lorenz(report: ValueChainReport) -> ReportTable:
    curves = {"registered payees": report.amounts, "paid payees": [a for a in report.amounts if a]}
    if report.rule_change is not None:
        curves["by the splits alone"] = [one.before for one in report.rule_change.changes]
        curves["under the rules"] = [one.after for one in report.rule_change.changes]
    drawn = {name: lorenz_curve(amounts) for name, amounts in curves.items()}
    drawn = {name: points for name, points in drawn.items() if points}
    rows = []
    for tenth in range(_TENTHS) if drawn else ():
        at = Fraction(tenth, _TENTHS - 1)
        rows.append([percent(at, 0), *(percent(_height(p, at), 2) for p in drawn.values())])
    columns = ["poorest share of payees", *(f"{name}: share of money" for name in drawn)]
    return _table("lorenz", "The Lorenz curve in tenths", columns, rows, texts=0)


def _height(points: Sequence[tuple[Fraction, Fraction]], at: Fraction) -> Fraction:
    """The curve at a share of payees, straight between its points."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= at <= x1:
            return y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    return Fraction(1)


def _payees(report: ValueChainReport) -> ReportTable:
    coins, payees = currency_of(report), report.record.payees
    total = sum(payee.paid for payee in payees)
    rows = [
        (
            one.payee,
            one.community,
            one.tradition,
            coins.text(one.paid),
            percent(Fraction(one.paid, total) if total else None),
        )
        for one in sorted(payees, key=lambda payee: (-payee.paid, payee.payee.lower()))
    ]
    columns = ("payee", "community", "tradition", f"paid, {coins.symbol}", "share")
    return _table("payees", "What each payee was paid", columns, rows, texts=3)


def _settlement(report: ValueChainReport) -> ReportTable:
    ways = {"both lanes": report.latency} | {
        f"{lane.value} lane": found for lane, found in report.latency_by_lane.items()
    }
    rows: list[tuple[str, ...]] = []
    for name, found in ways.items():
        for what, latency in (("available", found.available), ("in hand", found.in_hand)):
            if latency.entered:
                rows += _marked(f"{name}, {what}", latency)
    columns = (
        "way",
        "of all uses",
        "within",
        "95 % interval",
        "at most",
        "of all value, within",
        "arrived",
        "still waiting at the longest wait",
    )
    return _table("settlement", "How long it took", columns, rows, texts=2)


def _marked(name: str, latency: Latency) -> Iterator[tuple[str, ...]]:
    """The marks of one way, and how much of it waits."""
    for share, mark, by_value in (
        ("half", latency.median, latency.median_by_value),
        ("nine tenths", latency.p90, latency.p90_by_value),
    ):
        bound = mark.bound
        yield (
            name,
            share,
            mark_text(mark),
            mark_interval(mark),
            reach_text(bound.reach) if bound.seconds is None else shown_duration(bound.seconds),
            mark_text(by_value),
            arrived_of(latency),
            percent(latency.plateau),
        )


def _curve(report: ValueChainReport) -> ReportTable:
    rows = []
    for lane, curve in report.curves.items():
        if curve.follow_up is None:
            continue
        seen = [step.seconds for step in curve.steps] + [curve.follow_up]
        for seconds, text in time_ticks(seen):
            waiting = curve.waiting_after(seconds)
            arrived = "nobody waited so long" if waiting is None else percent(1 - waiting)
            rows.append((f"{lane.value} lane", text, arrived, f"{curve.at_risk(seconds):,}"))
    columns = ("way", "within", "share in hand", "waiting so long")
    return _table("settlement_curve", "The share that had arrived, over time", columns, rows)


def _stages(report: ValueChainReport) -> ReportTable:
    rows = []
    for sums in report.stage_sums:
        found = report.latency_by_lane[sums.lane]
        for (milestone, seconds), (_, latency) in zip(sums.stages, found.stages, strict=True):
            if latency.entered:
                rows.append(
                    (
                        f"{sums.lane.value} lane",
                        STAGES_IN_WORDS[milestone],
                        arrived_of(latency),
                        shown_duration(seconds / sums.paid) if sums.paid else UNDEFINED,
                        mark_text(latency.median),
                        mark_text(latency.p90),
                    )
                )
        if sums.paid:
            mean = shown_duration(sums.whole / sums.paid)
            marks = (mark_text(found.in_hand.median), mark_text(found.in_hand.p90))
            rows.append((f"{sums.lane.value} lane", "all", arrived_of(found.in_hand), mean, *marks))
    columns = ("way", "stage", "arrived", "mean of paid uses", "median", "90th percentile")
    return _table("stages", "Where the time goes", columns, rows, texts=2)


def _funnel(report: ValueChainReport) -> ReportTable:
    measured = report.traceability
    rows, before = [], measured.marked
    for step, count in measured.funnel if measured.marked else ():
        share = Fraction(count, measured.marked)
        words = STEPS_IN_WORDS[step]
        rows.append((f"{step.value}. {words}", str(count), str(before - count), percent(share)))
        before = count
    if measured.marked + measured.unmarked:
        false = measured.false_attribution
        rows.append(("false attribution, of all files", str(false.part), "", percent(false.rate)))
    columns = ("step", "files", "lost here", "of marked files")
    return _table("funnel", "From a found file to its payees", columns, rows)


def _decomposition(report: ValueChainReport) -> ReportTable:
    rows: list[tuple[str, ...]] = []
    for name, found in (("community", report.by_community), ("tradition", report.by_tradition)):
        if found is not None:
            rows += _parts(name, found)
    columns = ("by", "part", "payees", "share of money", "adds to Theil's T", "of Theil's T")
    return _table("decomposition", "Between groups and within them", columns, rows, texts=2)


def _parts(name: str, found: Decomposition) -> Iterator[tuple[str, ...]]:
    whole = found.theil.whole.value

    def of_whole(value: float) -> str:
        return percent(value / whole if whole else None)

    between = found.theil.between.value
    everyone = str(found.whole.payees)
    yield name, "between", everyone, percent(Fraction(1)), shown(between), of_whole(between)
    for term in found.groups:
        yield (
            name,
            f"within {term.group}",
            str(term.measured.payees),
            percent(term.share_of_money),
            shown(term.theil.value),
            of_whole(term.theil.value),
        )


def _rule_change(report: ValueChainReport) -> ReportTable:
    gains, coins = report.rule_change, currency_of(report)
    rows = [
        (
            one.payee,
            coins.text(one.before),
            coins.text(one.after),
            ("+" if one.difference > 0 else "") + coins.text(one.difference),
            percent(Fraction(one.difference, one.before) if one.before else None),
        )
        for one in (gains.changes if gains is not None else ())
    ]
    symbol = coins.symbol
    columns = (
        "payee",
        f"by the splits alone, {symbol}",
        f"under the rules, {symbol}",
        "difference",
        "in percent",
    )
    return _table("rule_change", "Who gained and who lost by the rules", columns, rows)
