"""Chapter 6: usage becomes one segment set, a quorum signs, and every payee is paid."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from api.demo.cast import UNIT
from api.demo.world import World
from chain.ledger.rights import Tier
from oracle.intake_receipt import RowOutcome

PLAYS = 10_200
DAY_SECONDS = 24 * 60 * 60
FUNDS = 1_000 * UNIT
SEED = 7


def settle_usage(world: World) -> None:
    app, narrator, oracle = world.app, world.narrator, world.oracle
    assert oracle is not None
    start = app.head().timestamp
    world.warp(DAY_SECONDS)
    narrator.fact(
        "TIME-WARPED: the development chain's clock moved on by 24 h, for plays to happen"
    )
    receipt = oracle.import_usage(list(plays(world, start)), world.platform)
    narrator.fact(
        f"SIMULATED plays: {receipt.count(RowOutcome.ACCEPTED):,} usage events, signed by the "
        f"platform (segments: {len(receipt.segments)})"
    )
    again = oracle.import_usage(list(plays(world, start))[:1000], world.platform)
    narrator.fact(
        f"1,000 of them sent again: {again.count(RowOutcome.DUPLICATE):,} duplicates, "
        f"{again.count(RowOutcome.ACCEPTED)} counted"
    )
    app.token.approve(app.distributor.address, FUNDS, signer=world.platform)
    app.distributor.fund(app.token.address, FUNDS, signer=world.platform)
    narrator.fact(f"the platform funds the epoch lane with {world.money(FUNDS)}")
    run_epoch(world)


def plays(world: World, start: int, day: int = 1, total: int = PLAYS) -> Iterator[str]:
    """A platform's distribution log for one day: each play of a derivative, once per licence."""
    rng = np.random.default_rng(SEED + day - 1)
    pairs = [
        (derivative.generation_id, work.licences[Tier.DISTRIBUTION])
        for derivative in world.derivatives
        for work in world.parents[derivative.work_id]
    ]
    # Popular derivatives are played more: a heavy tail, drawn once.
    weights = rng.lognormal(0.0, 0.7, len(pairs))
    counts = np.floor(total * weights / weights.sum()).astype(int)
    counts[0] += total - counts.sum()
    line = 0
    for (generation_id, licence_id), count in zip(pairs, counts, strict=True):
        times = start + 1 + np.sort(rng.integers(0, DAY_SECONDS - 2, count))
        for occurred_at in times:
            line += 1
            yield json.dumps(
                {
                    "licence": licence_id,
                    "generation": f"{generation_id:#018x}",
                    "line": f"play-{day}-{line}",
                    "occurredAt": int(occurred_at),
                }
            )


def run_epoch(world: World) -> None:
    app, narrator, oracle = world.app, world.narrator, world.oracle
    assert oracle is not None
    row = oracle.seal_epoch()
    refused = oracle.refused_events(row.number)
    narrator.fact(
        f"epoch {row.number} sealed: {row.report.event_count:,} events counted from plays, logs "
        f"and detections, {len(refused)} refused; set {row.report.segments_digest.hex()[:16]}…"
    )
    quorum = oracle.collect_signatures(row.number)
    narrator.fact(
        f"{len(quorum.signers)} of 5 operators recomputed it and signed; "
        f"{app.deployment.threshold} are needed"
    )
    posted = oracle.post_epoch(row.number)
    narrator.fact(f"UsageOracle took report {row.report.sum_root.hex()[:16]}… ({posted.state})")
    payday = oracle.activate_and_push()
    assert payday is not None
    if payday.claimable_from is not None:
        window = app.deployment.window_seconds
        narrator.fact(f"the window is open: nothing can be paid for {window // 3600} h")
        world.warp(window + 1)
        narrator.fact(f"TIME-WARPED: the clock moved on by {window // 3600} h")
        payday = oracle.activate_and_push()
        assert payday is not None
    paid, deferred = payday.outcome.paid, payday.outcome.deferred
    narrator.fact(
        f"EpochDistributor pushed {world.money(sum(amount for _, amount in paid))} "
        f"to {len(paid)} payees"
    )
    for waiting in deferred:
        narrator.fact(
            f"{world.name_of(waiting.payee)}: its account reverts; {world.money(waiting.amount)} "
            "waits for it, and delayed nobody"
        )
