"""Chapters 7 and 8: the numbers of this very run, and a verifier that recomputes every balance."""

from __future__ import annotations

from rich.table import Table

from api.circumstances import Circumstances
from api.demo.world import World
from api.measuring import Measuring
from api.report_files import write_report
from api.verifying import verify_everything
from chain.metrics.binomial import Share
from chain.metrics.latency import Latency, Mark
from chain.metrics.report import ValueChainReport

SIMULATED = (
    "communities and prices",
    "plays and their times",
    "passing of a day and of the window (time-warp)",
)
SYNTHESISED = "the recordings and their copies"
MINUTE, HOUR = 60, 3600


def measure_run(world: World) -> None:
    """Write down what was arranged, then measure as everybody can who opens this ledger."""
    simulated = (*SIMULATED, SYNTHESISED) if world.recordings.synthesised else SIMULATED
    Circumstances.of(simulated, world.outcomes).write(world.folder)
    report = Measuring(world.app).report(world.app.refresh())
    page = write_report(report, world.folder / "report")
    world.narrator.fact(
        f"measured over {report.record.period.name}, {report.latency.uses:,} uses and payees; "
        f"{report.label}"
    )
    world.narrator.draw(table(report))
    world.narrator.fact(f"pictures, figures and their tables: {page}")


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
    payouts, done = report.record.payouts, report.fulfilment
    traced = report.value_traceability
    rows.add_row(
        "value traceability",
        "not defined" if traced is None else f"{100 * float(traced):.2f} %",
        f"{payouts.traced_count:,} of {payouts.count:,} payouts lead back in full",
    )
    rows.add_row(
        "automatic fulfilment",
        "not defined" if done.rate is None else f"{100 * float(done.rate):.2f} %",
        "of money; uses: " + ", ".join(f"{n:,} {how.value}" for how, n in done.uses.items()),
    )
    rows.add_row("dispute rate", *share(report.dispute_rate))
    rows.add_row("on-chain failure rate", *share(report.failure_rate))
    return rows


def duration(mark: Mark) -> str:
    seconds = mark.estimate.seconds
    if seconds is None:
        return str(mark.estimate.reach)
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
