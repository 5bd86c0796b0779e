"""The epoch lane on a real chain: from filed usage to money in every payee's account."""

from __future__ import annotations

import pytest

from chain.ledger.identifiers import ZERO_DIGEST, EpochNumber, GenerationId
from chain.ledger.rights import BPS_WHOLE
from oracle.attribution import WithheldReason
from oracle.epoch_book import EpochRow, EpochState
from oracle.errors import EpochNotReady, EpochSuperseded, NothingToSeal
from oracle.intake_receipt import RowOutcome
from oracle.lease import Role
from oracle.outbox import Outbox
from oracle.relay import Deferral
from tests.devnet import COUNCIL, CUSTOMER
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, open_world, sha
from tests.oracle.evidence_fixtures import DAY


def expected_units(world: World, units_by_work: dict[int, int]) -> dict[str, int]:
    """Floors of each payee's part, computed the plain way from units, price and basis points."""
    numerators: dict[str, int] = {}
    for work, units in units_by_work.items():
        for share in world.heritage.splits[work].shares:  # type: ignore[index]
            due = units * UNIT_PRICE * share.bps
            numerators[share.payee] = numerators.get(share.payee, 0) + due
    return {payee: numerator // BPS_WHOLE for payee, numerator in numerators.items()}


def balances(world: World, payees: dict[str, int]) -> dict[str, int]:
    at = world.devnet.node.head()
    return {payee: world.devnet.token.balance_of(payee, at=at) for payee in payees}


def claimed(world: World, payees: dict[str, int]) -> dict[str, int]:
    at, token = world.devnet.node.head(), world.devnet.deployment.token
    return {p: world.devnet.distributor.claimed_by(token, p, at=at) for p in payees}


def test_plays_a_log_and_a_found_copy_pay_every_payee_to_the_unit(world: World) -> None:
    gong, _, chant = world.heritage.works
    world.fund()
    world.file_plays(1_000)
    world.service.file_generation_log(world.log())
    for copy in range(20):
        world.service.file_detection(world.found(subject_pcm_sha256=sha(f"copy {copy}")))
    expected = expected_units(world, {gong: 1_000 + 21, chant: 21})
    before = balances(world, expected)

    row = world.service.seal_epoch()
    assert row.report.event_count == 1_000 + 2 * 21
    quorum = world.service.collect_signatures()
    assert len(quorum.signers) == 5
    assert world.service.post_epoch().state == EpochState.FINAL
    waiting = world.service.activate_and_push()
    assert waiting is not None
    assert waiting.claimable_from is not None
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)
    payday = world.service.activate_and_push()

    assert payday is not None
    assert payday.complete
    rejecting = world.heritage.rejecting_payee
    after = balances(world, expected)
    gained = {payee: after[payee] - before[payee] for payee in expected}
    assert {p: a for p, a in gained.items() if p != rejecting} == {
        p: a for p, a in expected.items() if p != rejecting
    }
    assert gained[rejecting] == 0
    assert payday.outcome.deferred == (Deferral(rejecting, expected[rejecting]),)
    assert expected[rejecting] == 2


def test_fractions_are_carried_from_epoch_to_epoch(world: World) -> None:
    gong = world.heritage.works[0]
    world.fund()
    for epoch in range(3):
        world.file_plays(7, first=7 * epoch)
        world.pay_epoch()

    assert claimed(world, expected_units(world, {gong: 21})) == expected_units(world, {gong: 21})
    at = world.devnet.node.head()
    assert world.devnet.oracle.last_epoch(at=at) == 3
    assert world.service.status().events == {"counted": 21}


def test_what_is_filed_again_in_any_form_is_counted_once(world: World) -> None:
    world.fund()
    events = world.plays(10)
    body, signature = world.segment(events)
    world.service.file_segment(body, signature)
    again = world.service.file_segment(body, signature)
    other_cut = world.segment(list(reversed(events[:6])) + world.plays(1, first=10))
    mixed = world.service.file_segment(*other_cut)
    assert again.count(RowOutcome.DUPLICATE) == 10
    assert (mixed.count(RowOutcome.DUPLICATE), mixed.count(RowOutcome.ACCEPTED)) == (6, 1)

    world.pay_epoch()
    late = world.service.file_segment(body, signature)

    assert world.service.status().epochs[0].report.event_count == 11
    assert late.count(RowOutcome.DUPLICATE) == 10
    with pytest.raises(NothingToSeal):
        world.service.seal_epoch()


def test_a_lost_outbox_counts_nothing_twice(world: World) -> None:
    world.fund()
    world.file_plays(5)
    world.pay_epoch()
    world.outbox.close()
    (world.folder / "outbox.db").unlink()
    fresh = open_world(world.devnet, world.heritage, world.folder)
    fresh.file_plays(5)
    with pytest.raises(NothingToSeal, match="already-counted"):
        fresh.service.seal_epoch()

    fresh.file_plays(6)
    row = fresh.service.seal_epoch()

    assert (row.number, row.report.event_count) == (2, 1)
    fresh.service.collect_signatures()
    assert fresh.service.post_epoch().state == EpochState.FINAL
    fresh.outbox.close()


def test_refused_events_are_listed_with_their_reason_and_may_come_again(world: World) -> None:
    world.fund()
    world.file_plays(3)
    expired = world.plays(2, first=100, occurred_at=world.now() - 300 * 86_400)
    unknown = world.plays(1, first=200, generation_id=GenerationId(99))
    body, signature = world.segment(expired + unknown)
    world.service.file_segment(body, signature)

    row = world.service.seal_epoch()

    assert row.report.event_count == 3
    reasons = dict(world.service.refused_events(1))
    assert {reasons[e.event_id] for e in expired} == {"before-licence"}
    assert reasons[unknown[0].event_id] == "generation-unknown"
    assert len(world.service.payouts_of(row).refused) == 3
    again = world.service.file_segment(body, signature)
    assert again.count(RowOutcome.ACCEPTED) == 3


def test_the_next_epoch_waits_until_this_one_is_on_chain(world: World) -> None:
    world.fund()
    world.file_plays(10)
    world.service.seal_epoch()
    world.file_plays(1, first=50)

    with pytest.raises(EpochNotReady, match="is SEALED, not FINAL"):
        world.service.seal_epoch()
    with pytest.raises(EpochNotReady, match="collect signatures first"):
        world.service.post_epoch()


def test_nothing_is_sealed_from_nothing(world: World) -> None:
    with pytest.raises(NothingToSeal):
        world.service.seal_epoch()
    with pytest.raises(EpochNotReady, match="call seal_epoch first"):
        world.service.collect_signatures()
    assert world.service.activate_and_push() is None


def test_an_epoch_that_somebody_else_posted_is_not_posted_again(world: World) -> None:
    world.fund()
    world.file_plays(4)
    row = world.service.seal_epoch()
    quorum = world.service.collect_signatures()
    usage = world.service.payouts_of(row).licence_usage
    customer = world.devnet.signers[CUSTOMER]
    world.devnet.oracle.post_epoch(row.report, usage, quorum.signatures(), signer=customer)

    assert world.service.post_epoch().state == EpochState.FINAL
    assert world.service.status().transactions == {}
    assert world.service.status().events == {"counted": 4}


def test_another_report_under_the_same_number_stops_the_relay(world: World) -> None:
    world.fund()
    world.file_plays(4)
    world.service.seal_epoch()
    world.service.collect_signatures()
    other = open_world(world.devnet, world.heritage, world.folder / "other")
    other.file_plays(9)
    other.service.seal_epoch()
    other.service.collect_signatures()
    other.service.post_epoch()
    other.outbox.close()

    with pytest.raises(EpochSuperseded) as stop:
        world.service.post_epoch()

    assert stop.value.epoch == 1


def test_the_usage_of_a_rejected_epoch_is_paid_by_the_next(world: World) -> None:
    gong = world.heritage.works[0]
    world.fund()
    world.file_plays(3)
    world.pay_epoch()
    world.file_plays(4, first=3)
    rejected = post(world)
    reject(world, rejected.number)
    world.file_plays(2, first=7)

    assert world.service.take_up_rejected() == (2,)
    assert world.service.status().events == {"counted": 3, "waiting": 6}
    world.pay_epoch()

    third = world.service.status().epochs[2]
    assert (third.number, third.report.event_count) == (3, 6)
    assert third.report.previous_report == world.service.status().epochs[0].report_hash
    assert [row.state for row in world.service.status().epochs] == [
        EpochState.FINAL,
        EpochState.REJECTED,
        EpochState.FINAL,
    ]
    assert claimed(world, expected_units(world, {gong: 9})) == expected_units(world, {gong: 9})
    used = [licence.units_used for licence in world.view.store.licences(at=world.view.head())]
    assert sum(used) == 9
    assert [prior.epoch for prior in world.reopen().service.replay()] == [1, 3]


def test_an_epoch_built_on_a_rejected_one_is_sealed_again(world: World) -> None:
    """The first is rejected after the second was signed: an operator signs the second anew, for it
    follows another report now, and that is no equivocation."""
    gong = world.heritage.works[0]
    world.fund()
    world.file_plays(3)
    first = post(world)
    world.file_plays(4, first=3)
    second = world.service.seal_epoch()
    world.service.collect_signatures()
    reject(world, first.number)

    world.pay_epoch()

    anew = world.service.status().epochs[1]
    assert (anew.number, anew.report.previous_report) == (second.number, ZERO_DIGEST)
    assert anew.report.event_count == 7
    assert claimed(world, expected_units(world, {gong: 7})) == expected_units(world, {gong: 7})


def post(world: World) -> EpochRow:
    """Seal, sign and post what waits."""
    world.service.seal_epoch()
    world.service.collect_signatures()
    return world.service.post_epoch()


def reject(world: World, epoch: EpochNumber) -> None:
    token, council = world.devnet.deployment.token, world.devnet.signers[COUNCIL]
    world.devnet.distributor.reject(token, epoch, sha("why"), signer=council)


def test_a_payee_who_could_not_be_paid_is_tried_again_with_the_next_epoch(world: World) -> None:
    world.fund()
    copies = [world.found(subject_pcm_sha256=sha(f"copy {i}")) for i in range(40)]
    world.service.file_generation_log(world.log())
    for found in copies[:20]:
        world.service.file_detection(found)
    world.pay_epoch()
    for found in copies[20:]:
        world.service.file_detection(found)
    world.service.seal_epoch()
    world.service.collect_signatures()
    world.service.post_epoch()
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)

    payday = world.service.activate_and_push()

    chant = world.heritage.works[2]
    rejecting = world.heritage.rejecting_payee
    everything = expected_units(world, {chant: 41})[rejecting]
    assert payday is not None
    assert payday.outcome.deferred == (Deferral(rejecting, everything),)


def test_a_detection_alone_is_withheld_until_the_log_is_filed(world: World) -> None:
    world.service.file_detection(world.found())
    alone = world.service.open_epoch_status()
    assert [w.reason for _, w in alone.withheld] == [WithheldReason.WATERMARK_ALONE]
    assert alone.attributed_events == 0

    world.service.file_generation_log(world.log())
    together = world.service.open_epoch_status()

    # One per parent's licence: for the run, and for the found copy.
    assert together.attributed_events == 4
    assert together.withheld == ()


def test_a_copy_found_on_both_sides_of_midnight_is_paid_once(world: World) -> None:
    """Two detectors, a minute before and a minute after: they corroborate, and count once."""
    gong, _, chant = world.heritage.works
    world.fund()
    midnight = (world.now() // DAY + 1) * DAY
    world.devnet.pass_time(midnight + 120 - world.now())
    world.service.file_detection(world.found(0, observed_at=midnight - 60))
    with pytest.raises(NothingToSeal):
        world.service.seal_epoch()
    world.service.file_detection(world.found(1, observed_at=midnight + 60))

    world.pay_epoch()

    expected = expected_units(world, {gong: 1, chant: 1})
    assert claimed(world, expected) == {
        payee: 0 if payee == world.heritage.rejecting_payee else units
        for payee, units in expected.items()
    }
    assert world.service.status().events == {"counted": 2}
    world.service.file_detection(world.found(0))
    with pytest.raises(NothingToSeal):
        world.service.seal_epoch()


def test_ten_thousand_events_are_one_epoch(world: World) -> None:
    gong = world.heritage.works[0]
    world.fund()
    world.file_plays(10_000)

    world.pay_epoch()

    assert claimed(world, expected_units(world, {gong: 10_000})) == expected_units(
        world, {gong: 10_000}
    )
    assert world.service.status().events == {"counted": 10_000}


def test_only_the_worker_seals_and_sends(world: World) -> None:
    from oracle.errors import OutboxNotHeld

    filer = Outbox(world.folder / "outbox.db", {"chainId": "31337"}, roles=())
    with pytest.raises(OutboxNotHeld):
        filer.require(Role.EPOCH)
    filer.close()


def test_replay_recomputes_every_posted_epoch(world: World) -> None:
    world.fund()
    for epoch in range(2):
        world.file_plays(3, first=3 * epoch)
        world.pay_epoch()

    replayed = world.reopen().service.replay()
    token = world.devnet.deployment.token

    at = world.devnet.node.head()
    assert [p.epoch for p in replayed] == [1, 2]
    assert [p.report_hash for p in replayed] == [
        world.devnet.distributor.standing_report(token, p.epoch, at=at) for p in replayed
    ]


def test_a_chain_without_traffic_does_not_hold_up_payday(world: World) -> None:
    """No block is made while nobody sends anything; time passes all the same."""
    world.fund()
    world.file_plays(4)
    world.service.seal_epoch()
    world.service.collect_signatures()
    world.service.post_epoch()
    quiet = world.devnet.node.head()
    world.devnet.rpc("evm_increaseTime", world.devnet.deployment.window_seconds + 1)
    assert world.devnet.node.head() == quiet

    payday = world.service.activate_and_push()

    assert payday is not None
    assert payday.complete
