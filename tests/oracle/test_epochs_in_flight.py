"""Several epochs in the contract's queue at a time, by the worker's own rounds on a real chain."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from chain.client.epoch_distributor import WAITING_ROOTS_MAX
from chain.client.errors import ContractRefused
from chain.ledger.identifiers import Digest, EpochNumber
from chain.provenance import Cid, Codec
from chain.settlement.verify import Check, verify
from oracle.answers import TickReport
from oracle.epoch_book import EpochBook, EpochState
from oracle.epoch_lane import shortest_useful_seconds
from oracle.service import OracleService
from tests.devnet import COUNCIL
from tests.oracle.conftest import World, service_over, sha
from tests.oracle.test_epoch_lane import claimed, expected_units

PLAYS = 7


def paced(world: World, epoch_seconds: int | None) -> OracleService:
    """The world's service, keeping to a shortest time between epochs."""
    return service_over(world, world.operators, epoch_seconds=epoch_seconds)


def post_epochs(world: World, count: int) -> None:
    """As many epochs of some plays each, none of them paid yet."""
    for _ in range(count):
        first = PLAYS * len(world.service.watch.epochs())
        world.file_plays(PLAYS, first=first)
        assert world.service.tick().troubles == []
    assert {row.state for row in world.service.watch.epochs()} == {EpochState.FINAL}


def waiting(world: World) -> list[int]:
    at, token = world.devnet.node.head(), world.devnet.deployment.token
    return [root.epoch for root in world.devnet.distributor.pending_roots(token, at=at)]


def reject(world: World, epoch: int) -> None:
    token, council = world.devnet.deployment.token, world.devnet.signers[COUNCIL]
    world.devnet.distributor.reject(token, EpochNumber(epoch), sha("why"), signer=council)


def pass_window(world: World) -> None:
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)


def intents(world: World) -> Counter[str]:
    """How many transactions of each kind were decided for epochs, and how they stand."""
    with world.outbox.reading() as connection:
        rows = connection.execute(
            sa.text("SELECT intent, state FROM tx JOIN attempt ON attempt.tx_id = tx.id")
        )
        # The direct lane's pushes name a coin after the work.
        ours = ((i, state) for i, state in rows if "0x" not in i)
        return Counter(f"{intent.partition(':')[0]} {state}" for intent, state in ours)


def assert_everybody_has_what_is_due(world: World, plays: int) -> None:
    """Against the plain sum of units, price and shares; once, and no event left or lost."""
    due = expected_units(world, {world.heritage.works[0]: plays})
    assert claimed(world, due) == due
    assert world.service.status().events == {"counted": plays}
    used = [licence.units_used for licence in world.view.store.licences(at=world.view.head())]
    assert sum(used) == plays


def assert_verified(world: World) -> None:
    """By everything that `verify` asks of the chain, the index and the papers."""

    def read_block(digest: Digest, codec: int) -> bytes | None:
        cid = Cid(1, Codec(codec), digest)
        return world.blocks.get(cid) if world.blocks.has(cid) else None

    world.view.refresh()
    report = verify(world.view.store, world.devnet.node, world.devnet.deployment, read_block)
    assert report.discrepancies == ()
    assert report.checks[Check.REPORTS] > 0


def test_epochs_are_posted_at_their_pace_while_others_wait_for_their_windows(
    world: World,
) -> None:
    """Six epochs to a window, as with an hour and six hours: each is paid a window after it."""
    world.fund()
    period = world.devnet.deployment.window_seconds // 6
    service, paid_in = paced(world, period), {}
    for number in range(1, 15):
        world.file_plays(PLAYS, first=PLAYS * number)
        report = service.tick()
        assert report.troubles == []
        assert [row.number for row in service.watch.epochs()] == list(range(1, number + 1))
        assert waiting(world) == list(range(max(1, number - 5), number + 1))
        for row in service.watch.epochs():
            if row.pushed:
                paid_in.setdefault(row.number, number)
        world.devnet.pass_time(period)

    assert paid_in == {number: number + 6 for number in range(1, 9)}
    pass_window(world)
    service.tick()
    assert_everybody_has_what_is_due(world, 14 * PLAYS)


def test_no_epoch_follows_another_too_soon(world: World) -> None:
    world.fund()
    service = paced(world, 600)
    for first in (0, 1):
        world.file_plays(1, first=first)
        service.tick()
    assert len(service.watch.epochs()) == 1

    world.devnet.pass_time(600)
    assert "epoch 2 sealed: 1 events" in service.tick().done


def test_without_a_setting_the_queue_is_never_full(world: World) -> None:
    """One that comes round as often as it may, and always has something to seal."""
    world.fund()
    window = world.devnet.deployment.window_seconds
    service, longest = paced(world, None), 0
    for number in range(16):
        world.file_plays(1, first=number)
        assert service.tick().troubles == []
        longest = max(longest, len(waiting(world)))
        world.devnet.pass_time(shortest_useful_seconds(window))

    assert len(service.watch.epochs()) == 16
    assert longest == WAITING_ROOTS_MAX


def test_a_full_queue_is_told_and_waited_for(world: World) -> None:
    world.fund()
    post_epochs(world, WAITING_ROOTS_MAX)
    world.file_plays(PLAYS, first=PLAYS * WAITING_ROOTS_MAX)

    told = world.service.tick()

    shortest = shortest_useful_seconds(world.devnet.deployment.window_seconds)
    assert (told.done, len(told.troubles)) == ([], 1)
    assert told.troubles[0].startswith("11 epochs wait for the end of their windows")
    assert f"ANTIPHON_EPOCH_SECONDS to {shortest} or more" in told.troubles[0]
    assert world.service.status().events == {"counted": 77, "waiting": 7}
    opens = world.service.status().opens
    assert list(opens) == list(range(1, 12))
    assert f"from Unix time {opens[EpochNumber(1)]}." in told.troubles[0]
    assert world.service.watch.readings().roots_waiting == 11
    assert world.service.watch.readings().epochs["FINAL"] == 11
    assert world.service.watch.newest_epochs() == world.service.watch.epochs()
    with world.outbox.reading() as connection:
        newest = EpochBook(connection).newest(3)
    assert [row.number for row in newest] == [9, 10, 11]
    (obstacle,) = world.service.watch.rehearse_epoch().obstacles
    assert "11 epochs wait for their windows" in obstacle
    # The contract's own word on how many that are.
    world.service.seal_epoch()
    world.service.collect_signatures()
    with pytest.raises(ContractRefused) as full:
        world.service.post_epoch()
    assert full.value.error == "QueueFull"

    pass_window(world)
    assert "epoch 12 is FINAL" in world.service.tick().done
    pass_window(world)
    world.service.tick()
    assert_everybody_has_what_is_due(world, PLAYS * (WAITING_ROOTS_MAX + 1))


@pytest.mark.parametrize("rejected", [1, 3, 5])
def test_a_rejection_in_the_queue_costs_nobody_anything(world: World, rejected: int) -> None:
    """With it goes what waits behind it; all of that is paid by the next epoch, and paid once."""
    world.fund()
    post_epochs(world, 5)
    assert_verified(world)
    reject(world, rejected)
    assert waiting(world) == list(range(1, rejected))
    if rejected > 1:
        assert_verified(world)
    world.file_plays(PLAYS, first=5 * PLAYS)

    world.service.tick()
    pass_window(world)
    world.service.tick()

    gone = list(range(rejected, 6))
    states = {row.number: row.state for row in world.service.watch.epochs()}
    assert [n for n, state in states.items() if state is EpochState.REJECTED] == gone
    sixth = world.service.watch.epochs()[-1]
    assert (sixth.number, sixth.report.event_count) == (6, PLAYS * (len(gone) + 1))
    assert_everybody_has_what_is_due(world, 6 * PLAYS)
    assert_verified(world)
    standing = [*range(1, rejected), 6]
    assert [prior.epoch for prior in world.reopen().service.replay()] == standing


def test_an_epoch_on_its_way_when_the_one_it_follows_is_rejected_is_sealed_anew(
    world: World,
) -> None:
    """Its transaction is in no block yet; it reverts, and its usage is the next one's."""
    world.fund()
    post_epochs(world, 2)
    world.devnet.rpc("evm_setAutomine", False)
    world.file_plays(PLAYS, first=2 * PLAYS)
    world.service.tick()
    assert world.service.watch.epochs()[-1].state is EpochState.QUEUED
    contract, token = world.devnet.distributor, world.devnet.deployment.token
    council, call = world.devnet.signers[COUNCIL], contract.call("reject", token, 2, sha("why"))
    raw = council_transaction(world, call.data)
    world.devnet.rpc("eth_sendRawTransaction", "0x" + raw.hex())
    world.devnet.rpc("evm_setAutomine", True)
    world.devnet.mine(1)
    assert waiting(world) == [1], council.address

    reports = [world.service.tick() for _ in range(3)]
    pass_window(world)
    world.service.tick()

    assert "post:3" in troubles(reports)
    third = world.service.watch.epochs()[2]
    assert (third.number, third.report.event_count) == (3, 2 * PLAYS)
    assert third.report.previous_report == world.service.watch.epochs()[0].report_hash
    assert_everybody_has_what_is_due(world, 3 * PLAYS)


def council_transaction(world: World, data: bytes) -> bytes:
    """A rejection that pays enough to be in a block before everything else."""
    signer, node = world.devnet.signers[COUNCIL], world.devnet.node
    raw, _ = signer.sign_transaction(
        {
            "type": 2,
            "chainId": node.chain_id,
            "nonce": node.nonce(signer.address),
            "to": world.devnet.distributor.address,
            "data": data,
            "value": 0,
            "gas": 500_000,
            "maxFeePerGas": 10**12,
            "maxPriorityFeePerGas": 10**11,
        }
    )
    return bytes(raw)


def troubles(reports: list[TickReport]) -> str:
    return " ".join(trouble for report in reports for trouble in report.troubles)


def test_a_rejection_that_a_fork_undoes_changes_nothing(world: World) -> None:
    world.fund()
    world.devnet.mine(3)
    world.reopen(final_depth=2)
    world.file_plays(PLAYS)
    world.devnet.mine(2)
    for _ in range(3):
        world.service.tick()
        world.devnet.mine(2)
    assert [row.state for row in world.service.watch.epochs()] == [EpochState.FINAL]
    reject(world, 1)

    unsure = world.service.tick()
    world.devnet.reorganise(1)
    pass_window(world)
    for _ in range(4):
        world.service.tick()
        world.devnet.mine(2)

    assert (unsure.done, unsure.troubles) == ([], [])
    assert [row.state for row in world.service.watch.epochs()] == [EpochState.FINAL]
    assert_everybody_has_what_is_due(world, PLAYS)


def test_after_a_long_absence_all_that_is_due_is_paid_by_the_newest(world: World) -> None:
    world.fund()
    post_epochs(world, 4)
    pass_window(world)

    report = world.service.tick()

    assert report.done == ["epoch 4: 3 payees paid, 0 deferred"]
    assert intents(world) == {"post FINAL": 4, "activate FINAL": 4, "push FINAL": 1}
    assert_everybody_has_what_is_due(world, 4 * PLAYS)


def test_a_push_that_is_on_its_way_arrives_before_a_later_root_is_activated(world: World) -> None:
    world.fund()
    post_epochs(world, 1)
    world.devnet.pass_time(world.devnet.deployment.window_seconds // 2)
    post_epochs(world, 1)
    world.devnet.pass_time(world.devnet.deployment.window_seconds // 2 + 1)
    head, row = world.view.head(), world.service.watch.epochs()[0]
    world.service._relay.activate(row, head)
    world.service.resend()
    world.devnet.rpc("evm_setAutomine", False)
    assert world.service.tick().done == [], "it is told when it is done"
    world.devnet.rpc("evm_increaseTime", world.devnet.deployment.window_seconds)
    world.service._paydays._pause = lambda _seconds: world.devnet.mine()

    report = world.service.tick()
    world.devnet.rpc("evm_setAutomine", True)

    assert [line.partition(":")[0] for line in report.done] == ["epoch 1", "epoch 2"]
    assert report.troubles == []
    assert set(intents(world)) == {"post FINAL", "activate FINAL", "push FINAL"}
    assert_everybody_has_what_is_due(world, 2 * PLAYS)


def test_a_step_that_is_refused_holds_up_no_other(world: World) -> None:
    """An epoch that waits for the council, and one whose payday has come."""
    world.fund(10_000_000)
    post_epochs(world, 1)
    world.file_plays(PLAYS * 1_000, first=PLAYS)
    refused = world.service.tick()
    assert "[AboveCeiling]" in refused.troubles[0]
    pass_window(world)

    report = world.service.tick()

    assert report.done == ["epoch 1: 3 payees paid, 0 deferred"]
    assert "[AboveCeiling]" in report.troubles[0]
