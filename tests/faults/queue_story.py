"""Three epochs in the contract's queue, of which the second is rejected with what is behind it, by
the worker's own rounds; what a worker does after any restart, until everybody is paid."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from chain.client.errors import AnswerMalformed
from chain.client.node import GWEI
from chain.ledger.identifiers import EpochNumber
from chain.ledger.rights import BPS_WHOLE
from oracle.epoch_book import EpochState
from tests.devnet import COUNCIL
from tests.heritage import UNIT_PRICE
from tests.oracle.conftest import World, sha

LOTS: Final = 3
PLAYS: Final = 20
ROUNDS: Final = 40
SPIKE_GWEI: Final = 30
SECOND: Final = EpochNumber(2)


class NeverDone(AssertionError):
    """The worker came round often enough, and something is still left to do."""


def whole_queue(world: World, occurred_at: int, *, spike: bool) -> None:
    """Raises NeverDone."""
    if spike:
        world.devnet.rpc("anvil_setNextBlockBaseFeePerGas", hex(SPIKE_GWEI * GWEI))
    for lot in range(LOTS):
        _filed_and_posted(world, lot, occurred_at)
    _second_is_rejected(world)
    _filed_and_posted(world, LOTS, occurred_at)
    _rounds(world, lambda: _counted(world) == (LOTS + 1) * PLAYS)
    world.devnet.pass_time(world.devnet.deployment.window_seconds + 1)
    _rounds(world, lambda: _is_paid(world))


def differences(world: World) -> list[str]:
    """What is not as an independent sum of units, price and shares says, as sentences."""
    at, token = world.devnet.node.head(), world.devnet.deployment.token
    plays = (LOTS + 1) * PLAYS
    shares = world.heritage.splits[world.heritage.works[0]].shares
    due = {share.payee: plays * UNIT_PRICE * share.bps // BPS_WHOLE for share in shares}
    claimed = {p: world.devnet.distributor.claimed_by(token, p, at=at) for p in due}
    used = [licence.units_used for licence in world.view.store.licences(at=world.view.head())]
    found = {
        "claimed": (due, claimed),
        "units used": (plays, sum(used)),
        "events": ({"counted": plays}, world.service.status().events),
        "waiting roots": ((), world.devnet.distributor.pending_roots(token, at=at)),
    }
    return [f"{name}: {is_} for {due_}" for name, (due_, is_) in found.items() if is_ != due_]


def _filed_and_posted(world: World, lot: int, occurred_at: int) -> None:
    """One lot of plays in an epoch of its own, unless a worker before this one did that."""
    world.file_plays(PLAYS, first=lot * PLAYS, occurred_at=occurred_at)
    _rounds(world, lambda: _is_settled(world) and not world.service.status().events.get("waiting"))


def _second_is_rejected(world: World) -> None:
    token, distributor = world.devnet.deployment.token, world.devnet.distributor
    at = world.devnet.node.head()
    if distributor.rejected_report(SECOND, at=at) is None:
        council = world.devnet.signers[COUNCIL]
        distributor.reject(token, SECOND, sha("why"), signer=council)


def _rounds(world: World, done: Callable[[], bool]) -> None:
    """Rounds of the worker, and blocks. anvil now and then answers a read of the newest block with
    nothing, just after a fork: that is waited for, as the oracle's loop does."""
    for _ in range(ROUNDS):
        with suppress(AnswerMalformed):
            world.service.tick()
            if done():
                return
        world.devnet.mine()
    raise NeverDone(", ".join(str(row.state) for row in world.service.watch.epochs()))


def _counted(world: World) -> int:
    return world.service.status().events.get("counted", 0)


def _is_settled(world: World) -> bool:
    rows = world.service.watch.epochs()
    return bool(rows) and rows[-1].state in (EpochState.FINAL, EpochState.REJECTED)


def _is_paid(world: World) -> bool:
    rows = world.service.watch.epochs()
    return all(row.pushed or row.state is EpochState.REJECTED for row in rows)
