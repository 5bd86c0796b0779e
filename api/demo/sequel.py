"""What the story leaves out for its length, and a report wants: a rule, a dispute, a failure."""

from __future__ import annotations

import hashlib

from api.demo.cast import CUSTOMER, UNIT
from api.demo.settling import DAY_SECONDS, plays, run_epoch
from api.demo.world import World
from chain.client.dispute_court import DisputeCourt
from chain.client.sharing_rules import SharingRules
from chain.client.signer import dev_signer
from chain.ledger.identifiers import Digest, EpochNumber
from chain.ledger.sharing import NOTICE_EPOCHS, Announcement, SharingRule
from oracle.intake_receipt import RowOutcome

FLOOR_BPS = 3_000
PLAYS = 2_000
BOND_MAX = 1_000 * UNIT


def tell_sequel(world: World) -> None:
    """Two more days of use: a community's rule holds on the second, somebody disputes a share."""
    announce(world)
    dispute(world)
    for day in range(2, 2 + NOTICE_EPOCHS):
        spend_day(world, day)
    fail_once(world)


def announce(world: World) -> None:
    """The first community decides that part of what it earns is shared equally."""
    app, community = world.app, world.communities[0]
    epochs = app.store.epochs(at=app.refresh())
    first = EpochNumber(epochs[-1].report.epoch + NOTICE_EPOCHS)
    rule = Announcement(SharingRule.FLOOR_PRO_RATA, FLOOR_BPS, 1, first)
    rules = SharingRules.of(app.node, app.deployment)
    decision = rule.decision_hash(app.deployment.chain_id, rules.address, community.community_id)
    app.consents.approve_decision(community.community_id, decision, signer=community.steward)
    rules.announce(community.community_id, rule, signer=community.steward)
    world.narrator.fact(
        f"{community.role.name}: {FLOOR_BPS / 100:g} % of what it earns is shared equally, "
        f"announced now and in force from epoch {first} on"
    )


def dispute(world: World) -> None:
    """A customer says that one payee's share of the last work is wrong, and puts up a bond."""
    app, work, disputer = world.app, world.works[-1], dev_signer(CUSTOMER)
    court = DisputeCourt.of(app.node, app.deployment)
    app.token.approve(court.address, BOND_MAX, signer=disputer)
    payee = work.split.shares[0].payee
    evidence = Digest(hashlib.sha256(b"an invented objection").digest())
    court.open(work.work_id, payee, evidence, work.split, BOND_MAX, signer=disputer)
    world.narrator.fact(
        f"{world.name_of(payee)}'s share of work {work.work_id} is disputed: what it earns is kept "
        "back, all others are paid"
    )


def spend_day(world: World, day: int) -> None:
    """Plays of one more day, settled as its own epoch."""
    assert world.oracle is not None
    start = world.app.head().timestamp
    world.warp(DAY_SECONDS)
    receipt = world.oracle.import_usage(list(plays(world, start, day, PLAYS)), world.platform)
    world.narrator.fact(
        f"SIMULATED plays of day {day}: {receipt.count(RowOutcome.ACCEPTED):,} usage events"
    )
    run_epoch(world)


def fail_once(world: World) -> None:
    """A transaction that is mined and reverts, as a careless wallet sends it."""
    careless = dev_signer(CUSTOMER).address
    sent = {"from": careless, "to": world.app.licences.address, "data": "0xdeadbeef"}
    world.app.node.rpc.request("eth_sendTransaction", {**sent, "gas": hex(100_000)})
    world.narrator.fact("a careless wallet sends a transaction that is mined and fails")
