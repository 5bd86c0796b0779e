"""What a report says, in sentences: beside every picture, and for those who cannot see it."""

from __future__ import annotations

from fractions import Fraction

from chain.metrics.failure import failure_in_words
from chain.metrics.latency import Latency
from chain.metrics.period import Handover
from chain.metrics.report import ValueChainReport
from chain.metrics.report_tables import currency_of, mark_text, percent, shown


def in_short(report: ValueChainReport) -> dict[str, str]:
    """One paragraph for each part of the report, by the name of its section."""
    return {
        "settlement": _settlement(report),
        "fairness": _fairness(report),
        "rule_change": _rule_change(report),
        "traceability": _traceability(report),
        "value": _value(report),
        "failure": failure_in_words(report.failure_rate),
        "disputes": _disputes(report),
        "fulfilment": _fulfilment(report),
    }


def alternative(name: str, report: ValueChainReport) -> str:
    """A picture of `plots.PICTURES` in words; its table has every figure."""
    return {
        "lorenz": f"Lorenz curve of payouts. {_fairness(report)}",
        "settlement": f"Share of uses in hand over time. {_settlement(report)}",
        "stages": f"Waterfall of the stages from a use to its payee. {_slowest_stage(report)}",
        "funnel": f"Funnel of traced files beside wrong names. {_traceability(report)}",
        "decomposition": f"Inequality split into between and within groups. {_between(report)}",
    }[name]


def _settlement(report: ValueChainReport) -> str:
    found = report.latency.in_hand
    if not found.entered:
        return "No use fell into the period, so there is nothing to time."
    skewed = report.latency.skewed
    left_out = f" {skewed:,} more are left out: their clocks disagree." if skewed else ""
    return (
        f"Of {found.entered:,} uses, counted once per payee, {found.arrived:,} are in hand. "
        f"{_reached('Half were', found, 'median')}, {_reached('nine tenths', found, 'p90')}. "
        f"{_waiting(report, found)}{left_out}"
    )


def _reached(who: str, found: Latency, name: str) -> str:
    mark = found.median if name == "median" else found.p90
    if mark.estimate.seconds is None:
        return f"{who} not yet"
    return f"{who} within {mark_text(mark)}"


def _waiting(report: ValueChainReport, found: Latency) -> str:
    waiting = found.entered - found.arrived
    if not waiting:
        return "None waits."
    uses = report.record.uses
    refused = sum(1 for use in uses if use.handover is Handover.REFUSED)
    why = (
        f", {refused:,} of them because the payee's account refuses the money: those count as "
        "never arriving until it is taken"
        if refused
        else ""
    )
    return (
        f"{waiting:,} still wait{why}. What merely waits counts as longer than its age. An "
        f"estimated {percent(found.plateau)} take longer than the longest wait seen."
    )


def _fairness(report: ValueChainReport) -> str:
    measured = report.inequality.registered
    if not measured.payees:
        return "No community's work names a payee, so there is nothing to compare."
    if measured.gini is None:
        return f"None of {measured.payees} community payees was paid in the period."
    unpaid = measured.payees - measured.paid_payees
    return (
        f"Gini {shown(measured.gini, 3)} and Jain {shown(measured.jain, 3)} over "
        f"{measured.payees} community payees, of whom {unpaid} got nothing; over the paid "
        f"ones alone Gini is {shown(report.inequality.paid.gini, 3)}. {_between(report)}"
    )


def _between(report: ValueChainReport) -> str:
    found = report.by_community
    if found is None:
        return "Nothing was paid, so there is no inequality to split."
    share = found.theil.between_share
    if share is None:
        return "Everybody was paid the same."
    return f"{percent(share)} of the inequality (Theil's T) lies between communities."


def _rule_change(report: ValueChainReport) -> str:
    gains = report.rule_change
    if gains is None:
        return (
            "No community's announced sharing rule held in the period: "
            "every payee had what the splits alone give."
        )
    coins = currency_of(report)
    largest = gains.largest_loss if gains.largest_loss is not None else Fraction(0)
    return (
        f"Against the splits alone, {gains.gained} payees gained, {gains.lost} lost and "
        f"{gains.unchanged} have the same. {coins.text(gains.moved)} {coins.symbol} "
        f"({percent(gains.moved_share)}) moved; the largest loss of any one payee is "
        f"{percent(largest)} of what the splits give it."
    )


def _traceability(report: ValueChainReport) -> str:
    measured = report.traceability
    traced, false = measured.traced, measured.false_attribution
    if traced.low is None or traced.high is None:
        return (
            "No marked file with known truth was traced, so there is no traceability figure. "
            "It needs an exam: files whose origin is known."
        )
    assert false.high is not None
    return (
        f"{traced.part} of {traced.whole} marked files led to the right payees through all seven "
        f"steps ({percent(traced.low)} to {percent(traced.high)} at 95 %). Wrong names: "
        f"{false.part} of {false.whole} files, which still allows up to {percent(false.high)}. "
        "Works that an unlicensed model absorbed leave no mark and are in neither number."
    )


def _value(report: ValueChainReport) -> str:
    payouts, coins = report.record.payouts, currency_of(report)
    if not payouts.count:
        return "Nothing was paid in the period, so no value can be traced."
    text = (
        f"{coins.text(payouts.traced_units)} of {coins.text(payouts.units)} {coins.symbol} paid "
        f"({percent(report.value_traceability, 2)}) lead back to a recorded payment or a counted "
        f"event, and to registered works; {payouts.traced_count:,} of {payouts.count:,} payouts in "
        "full."
    )
    uncounted = report.record.uncounted_epochs
    if uncounted:
        epochs = ", ".join(map(str, uncounted))
        text += f" The events of epochs {epochs} are not held here and could not be counted again."
    return text


def _disputes(report: ValueChainReport) -> str:
    disputes = report.record.disputes
    if not disputes.shares:
        return "No split names a payee, so there is nothing to dispute."
    cases = ", ".join(f"{count} {state}" for state, count in sorted(disputes.cases.items()))
    said = f" Cases: {cases}." if cases else ""
    return (
        f"{disputes.disputed_shares} of {disputes.shares} shares (a payee in a work's split) were "
        f"disputed ({percent(report.dispute_rate.rate)}).{said} {disputes.thrown_out} of "
        f"{disputes.put_forward} payout roots and direct reports were thrown out."
    )


def _fulfilment(report: ValueChainReport) -> str:
    found, coins = report.fulfilment, currency_of(report)
    if not found.payable:
        return "Nothing became payable in the period."
    return (
        f"{percent(found.rate)} of what payees could have came to them without their asking. They "
        f"asked for {coins.text(found.units[Handover.ASKED])} {coins.symbol}; "
        f"{coins.text(found.units[Handover.REFUSED])} {coins.symbol} wait because the payee's "
        f"account refuses them, and {coins.text(found.units[Handover.PENDING])} {coins.symbol} "
        "because nobody has sent them yet."
    )


def _slowest_stage(report: ValueChainReport) -> str:
    said = []
    for sums in report.stage_sums:
        if sums.paid and sums.whole:
            milestone, seconds = max(sums.stages, key=lambda stage: stage[1])
            share = percent(Fraction(seconds, sums.whole))
            said.append(
                f"In the {sums.lane.value} lane the stage up to {milestone.name} takes {share}."
            )
    return " ".join(said) or "Nothing was paid yet, or all of it at once."
