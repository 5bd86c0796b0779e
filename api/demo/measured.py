"""Chapters 7 and 8: the numbers of this very run, and a verifier that recomputes every balance."""

from __future__ import annotations

import json

from rich.table import Table

from api.demo.world import World
from api.measuring import measure
from api.verifying import verify_everything
from chain.metrics.binomial import Share
from chain.metrics.latency import Latency, Percentile
from chain.metrics.plots import lorenz_svg, settlement_svg
from chain.metrics.report import ValueChainReport

SIMULATED = ("plays and their times", "passing of a day and of the window (time-warp)")
MINUTE, HOUR = 60, 3600


def measure_run(world: World) -> None:
    at = world.app.refresh()
    report, timelines, amounts = measure(world.app, at, traces=world.outcomes, simulated=SIMULATED)
    label = f"SIMULATED: {', '.join(SIMULATED)}"
    folder = world.folder
    (folder / "lorenz.svg").write_text(lorenz_svg(amounts, label))
    (folder / "settlement.svg").write_text(settlement_svg(timelines, label))
    plain = json.dumps(report.to_plain(), indent=2, ensure_ascii=False)
    (folder / "metrics.json").write_text(plain + "\n")
    world.narrator.fact(
        f"measured over {report.period}, {len(timelines):,} uses and payees; {label}"
    )
    world.narrator.draw(table(report))
    world.narrator.fact(f"pictures: {folder / 'lorenz.svg'} and {folder / 'settlement.svg'}")


def table(report: ValueChainReport) -> Table:
    """The figures of a run, as people read them."""
    rows = Table(show_edge=False, pad_edge=False)
    for column in ("figure", "value", "of"):
        rows.add_column(column)
    equality = report.inequality.registered
    for name, latency in (
        ("in hand", report.latency.in_hand),
        ("available", report.latency.available),
    ):
        rows.add_row(
            f"settlement latency, {name}: median",
            duration(latency.median),
            f"{latency.arrived:,} of {latency.entered:,} arrived",
        )
        rows.add_row(f"settlement latency, {name}: p90", duration(latency.p90), by_value(latency))
    of_payees = f"{equality.payees} community payees, {equality.paid_payees} paid"
    for name, value in (("Gini", equality.gini), ("Jain", equality.jain)):
        rows.add_row(name, "not defined" if value is None else f"{float(value):.4f}", of_payees)
    theil = equality.theil
    rows.add_row("Theil T", "not defined" if theil is None else f"{theil.value:.4f}", of_payees)
    rows.add_row("traceability", *share(report.traceability.traced))
    rows.add_row("false attribution", *share(report.traceability.false_attribution))
    rows.add_row("on-chain failure rate", *share(report.failure_rate))
    return rows


def duration(percentile: Percentile) -> str:
    seconds = percentile.seconds
    if seconds is None:
        return str(percentile.reach)
    if seconds < MINUTE:
        return f"{seconds} s"
    return f"{seconds / HOUR:.2f} h" if seconds >= HOUR else f"{seconds / MINUTE:.1f} min"


def by_value(latency: Latency) -> str:
    return f"by value: {duration(latency.median_by_value)} and {duration(latency.p90_by_value)}"


def share(part: Share) -> tuple[str, str]:
    """A rate with its exact 95 % interval, and what it is of."""
    counts = f"{part.part} of {part.whole}"
    if part.rate is None or part.low is None or part.high is None:
        return "not defined", counts
    interval = f"{100 * part.low:.1f} to {100 * part.high:.1f} %"
    return f"{100 * float(part.rate):.1f} %", f"{counts}; 95 % interval {interval}"


def verify_run(world: World) -> None:
    assert world.oracle is not None
    published = {row.report.epoch: row.payouts_cid for row in world.oracle.status().epochs}
    report = verify_everything(world.app, world.app.refresh(), published)
    counts = ", ".join(f"{count:,} {check}" for check, count in report.checks.items())
    world.narrator.fact(f"replayed every event up to block {report.at.number}; compared {counts}")
    for totals in report.totals.values():
        world.narrator.fact(
            f"paid in {world.money(totals.paid_in + totals.funded)}, "
            f"paid out {world.money(totals.paid_out + totals.claimed)}, the rest is held for payees"
        )
    for discrepancy in report.discrepancies:
        world.narrator.fact(str(discrepancy))
    world.narrator.fact(f"difference: {report.difference_units} units")
    assert report.is_clean, "the ledger does not verify"
