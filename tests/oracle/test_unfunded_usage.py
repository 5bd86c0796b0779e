"""Usage that its licence's holder has not funded waits; that of others is counted and paid."""

from __future__ import annotations

import pytest

from oracle.epoch_book import EpochState
from oracle.errors import HoldersNotFunded
from oracle.service import OracleService
from oracle.unfunded import Shortfall
from tests.devnet import CUSTOMER, PLATFORM
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, sha
from tests.own_work import own_work

PRICE = 1_000


def shortfalls(service: OracleService) -> tuple[Shortfall, ...]:
    return service._epochs.shortfalls()


def credit(world: World, account: int = PLATFORM) -> int:
    token, at = world.devnet.deployment.token, world.devnet.node.head()
    return world.devnet.distributor.credit_of(token, world.devnet.address(account), at=at)


def balance(world: World, account: str) -> int:
    return world.devnet.token.balance_of(account, at=world.devnet.node.head())


def test_usage_without_money_waits_for_funds_and_loses_nothing(world: World) -> None:
    world.file_plays(10)
    platform = world.devnet.address(PLATFORM)
    with pytest.raises(HoldersNotFunded) as nothing:
        world.service.seal_epoch()
    token = world.devnet.deployment.token
    assert nothing.value.shortfalls == (Shortfall(platform, token, 10, 10 * UNIT_PRICE),)
    (trouble,) = world.service.tick().troubles
    assert f"fund the lane for {platform} with {10 * UNIT_PRICE} base units" in trouble
    assert world.service.status().events == {"waiting": 10}
    assert world.service.status().epochs == ()

    world.fund()
    world.pay_epoch()

    assert world.service.status().events == {"counted": 10}
    assert world.service.status().credits == {platform: credit(world)}
    assert shortfalls(world.service) == ()


def test_whoever_licenses_its_own_work_to_itself_is_paid_out_of_nobodys_money(world: World) -> None:
    """Eve plays her own work once, at the price of all that a root may add to what the platform
    funded: not a unit leaves for it, and the platform's epoch is posted and paid."""
    world.fund()
    token = world.devnet.deployment.token
    ceiling = world.devnet.distributor.ceiling_of(token, at=world.devnet.node.head())
    eve = own_work(world.devnet, ceiling)
    before = balance(world, eve.owner), credit(world)
    world.file_own_plays(eve, 1)
    world.file_plays(100)

    for _ in range(2):
        world.service.tick()
        world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)
    report = world.service.tick()

    (row,) = world.service.status().epochs
    assert (row.state, row.pushed, row.report.event_count) == (EpochState.FINAL, True, 100)
    assert balance(world, eve.owner) == before[0]
    assert credit(world) == before[1] - 100 * UNIT_PRICE
    lane = world.devnet.distributor.lane_of(token, at=world.devnet.node.head())
    assert 0 < lane.claimed <= 100 * UNIT_PRICE
    assert world.service.status().events == {"counted": 100, "waiting": 1}
    assert [t for t in report.troubles if f"for {eve.owner} with {ceiling} base" in t]


def test_somebody_else_may_fund_a_holder(world: World) -> None:
    eve = own_work(world.devnet, PRICE)
    world.file_own_plays(eve, 3)
    with pytest.raises(HoldersNotFunded):
        world.service.seal_epoch()

    eve.fund(3 * PRICE, payer=CUSTOMER)

    assert world.service.seal_epoch().report.event_count == 3


def test_as_many_of_a_holders_segments_go_as_its_credit_pays_for(world: World) -> None:
    """Oldest first, whole segments; a smaller one that is covered overtakes one that is not."""
    world.fund(20 * UNIT_PRICE)
    for first, count in ((0, 12), (100, 9), (200, 8)):
        world.file_plays(count, first=first)

    row = world.service.seal_epoch()

    assert row.report.event_count == 12 + 8
    assert world.service.refused_events(1) == []
    assert world.service.status().events == {"sealed": 20, "waiting": 9}
    (short,) = shortfalls(world.service)
    assert (short.events, short.missing) == (9, 9 * UNIT_PRICE)


def test_what_waits_is_taken_when_its_holder_has_more(world: World) -> None:
    world.fund(3 * UNIT_PRICE)
    world.file_plays(4)
    for _ in range(2):
        with pytest.raises(HoldersNotFunded, match=f"with {UNIT_PRICE} base units"):
            world.service.seal_epoch()

    world.fund(UNIT_PRICE)

    assert world.service.seal_epoch().report.event_count == 4


def test_what_evidence_gives_is_taken_use_by_use(world: World) -> None:
    """A log and two found copies come to six uses; money for four of them takes four."""
    world.service.file_generation_log(world.log())
    for copy in range(2):
        world.service.file_detection(world.found(subject_pcm_sha256=sha(f"copy {copy}")))
    world.fund(4 * UNIT_PRICE + 1)

    row = world.service.seal_epoch()

    assert row.report.event_count == 4
    (short,) = shortfalls(world.service)
    assert (short.events, short.missing) == (2, 2 * UNIT_PRICE - 1)
    assert world.service.open_epoch_status().attributed_events == 2


def test_evidence_of_one_holder_keeps_nobody_else_waiting(world: World) -> None:
    eve = own_work(world.devnet, PRICE)
    eve.fund(10**9)
    world.file_own_plays(eve, 2)
    world.service.file_generation_log(world.log())

    row = world.service.seal_epoch()

    assert row.report.event_count == 2
    assert [short.events for short in shortfalls(world.service)] == [2]


def test_a_use_that_is_over_its_cap_is_refused_and_asks_for_no_money(world: World) -> None:
    world.fund()
    late = world.plays(1, occurred_at=world.now() - 300 * 86_400)
    world.service.file_segment(*world.segment(late))
    eve = own_work(world.devnet, PRICE)
    world.file_own_plays(eve, 1)
    world.file_plays(2, first=9)

    row = world.service.seal_epoch()

    assert row.report.event_count == 2
    assert [reason for _, reason in world.service.refused_events(1)] == ["before-licence"]
    assert [short.holder for short in shortfalls(world.service)] == [eve.owner]


def test_nobody_is_asked_for_more_than_caps_let_it_spend(world: World) -> None:
    """1,000 plays, a cap of 100 and credit for 50: money in the lane cannot be taken out again."""
    eve = own_work(world.devnet, 1, unit_cap=100)
    eve.fund(50)
    world.file_own_plays(eve, 1_000)
    with pytest.raises(HoldersNotFunded) as refused:
        world.service.seal_epoch()
    token = world.devnet.deployment.token
    assert refused.value.shortfalls == (Shortfall(eve.owner, token, 100, 50),)

    eve.fund(50)
    row = world.service.seal_epoch()

    assert row.report.event_count == 100
    assert {reason for _, reason in world.service.refused_events(1)} == {"unit-cap"}
    assert shortfalls(world.service) == ()


def test_what_an_epoch_counts_leaves_less_room_for_what_waits(world: World) -> None:
    eve = own_work(world.devnet, PRICE, unit_cap=10)
    eve.fund(7 * PRICE)
    world.file_own_plays(eve, 6)
    world.file_own_plays(eve, 6, first=50)

    row = world.service.seal_epoch()

    assert row.report.event_count == 6
    (short,) = shortfalls(world.service)
    assert (short.events, short.missing) == (4, 3 * PRICE)


def test_operators_come_to_the_same_epoch(world: World) -> None:
    eve = own_work(world.devnet, PRICE)
    world.fund()
    eve.fund(5 * PRICE)
    world.file_own_plays(eve, 5)
    world.file_own_plays(eve, 1, first=50)
    world.file_plays(7)

    row = world.service.seal_epoch()
    quorum = world.service.collect_signatures()

    assert len(quorum.signers) == 5
    assert row.report.event_count == 12
    assert world.service.post_epoch().state is EpochState.FINAL
    assert (credit(world, eve.account), len(shortfalls(world.service))) == (0, 1)
    world.view.refresh()
    charged = [s.amount for s in world.view.store.credit_steps(at=world.view.head())][-2:]
    assert sorted(charged) == sorted([5 * PRICE, 7 * UNIT_PRICE])


def test_a_rejected_epoch_gives_its_charges_back(world: World) -> None:
    from tests.oracle.test_epoch_lane import post, reject

    world.fund(10 * UNIT_PRICE)
    world.fund()
    world.file_plays(10)
    before = credit(world)
    row = post(world)
    assert credit(world) == before - 10 * UNIT_PRICE
    reject(world, row.number)
    world.service.take_up_rejected()

    world.pay_epoch()

    assert credit(world) == before - 10 * UNIT_PRICE
    assert world.service.status().events == {"counted": 10}


def test_numbers_say_how_many_holders_lack_money(world: World) -> None:
    world.fund()
    world.file_plays(2)
    eve = own_work(world.devnet, PRICE)
    world.file_own_plays(eve, 3)
    world.service.seal_epoch()

    readings = world.service.watch.readings()
    assert (readings.holders_unfunded, readings.events_unfunded) == (1, 3)
