"""The epoch lane on a real chain: from filed usage to money in every payee's account."""

from __future__ import annotations

from chain.ledger.rights import BPS_WHOLE
from oracle.epoch_book import EpochState
from oracle.relay import Deferral
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, sha


def expected_units(world: World, units_by_work: dict[int, int]) -> dict[str, int]:
    """Floors of each payee's part, computed the plain way: no carried remainders in one epoch."""
    numerators: dict[str, int] = {}
    for work, units in units_by_work.items():
        for share in world.heritage.splits[work].shares:  # type: ignore[index]
            due = units * UNIT_PRICE * share.bps
            numerators[share.payee] = numerators.get(share.payee, 0) + due
    return {payee: numerator // BPS_WHOLE for payee, numerator in numerators.items()}


def balances(world: World, payees: dict[str, int]) -> dict[str, int]:
    at = world.devnet.node.head()
    return {payee: world.devnet.token.balance_of(payee, at=at) for payee in payees}


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
