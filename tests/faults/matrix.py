"""kill -9 at every named moment of the relay and of an epoch, on both databases, alone and together
with a reorganisation or a replacement.

A case runs until its worker dies at its moment, does to the chain what its column says while nobody
looks, and starts another worker. What must come out is the same in every case.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from chain.client.errors import AnswerMalformed
from chain.client.node import GWEI, Node
from oracle.epoch_book import EpochState
from oracle.outbox import Outbox
from oracle.service import OracleService
from oracle.transaction_book import NewTransaction, TransactionBook
from tests.devnet import Devnet
from tests.faults.bench_chain import BenchChain
from tests.faults.queue_story import NeverDone, differences, whole_queue
from tests.faults.schedule import Schedule, Tally, Violation
from tests.faults.worker import FINAL_DEPTH, IDENTITY
from tests.heritage import Heritage
from tests.oracle.conftest import World, open_world


class Beside(StrEnum):
    """What happens beside the kill."""

    NOTHING = "alone"
    REORG = "+ reorg"
    REPLACEMENT = "+ replacement"


RELAY_MOMENTS: Final = (
    "signed-before-persist",
    "persist-before-commit",
    "persist-after-commit",
    "before-broadcast",
    "after-broadcast",
    "after-sent-mark",
    "receipt-before-mark",
    "after-mined-mark",
    "before-final-mark",
    "after-final-mark",
    "replacement-before-commit",
    "replacement-after-commit",
    "after-stuck-mark",
    "after-reorged-mark",
    "after-noop-commit",
    "after-pause",
)
EPOCH_MOMENTS: Final = (
    "segment-before-commit",
    "segment-after-commit",
    "epoch-before-seal",
    "epoch-seal-before-commit",
    "epoch-seal-after-commit",
    "signature-remembered",
    "epoch-attested",
    "epoch-queued",
    "epoch-mined",
    "epoch-final",
    "push-decided",
)
# With several epochs in the contract's queue: where the worker dies, and how often it came there.
QUEUE_MOMENTS: Final = {
    "third epoch sealed": ("epoch-seal-after-commit", 3),
    "third epoch queued": ("epoch-queued", 3),
    "third epoch final": ("epoch-final", 3),
    "second epoch taken up again": ("epoch-rejected", 1),
    "third epoch taken up again": ("epoch-rejected", 2),
    "push after a rejection": ("push-decided", 1),
}
ROUNDS: Final = 12
PLAYS: Final = 20
SPIKE_GWEI: Final = 30
OVER_THE_CAP_GWEI: Final = 5_000
CALM_WEI: Final = 10**8


class RelayCase(Schedule):
    """A schedule without chance: five intents, one moment, one thing beside it."""

    def case(self, moment: str, beside: Beside) -> None:
        """Raises Violation."""
        if moment == "after-noop-commit":
            self._gap("hold")
        for _ in self.intents:
            if self._dies(moment, do="decide", intent=self._undecided[0]):
                break
            self._undecided.pop(0)
        else:
            self._until_dead(moment, beside)
        if beside is Beside.REORG:
            self._chain.reorganise(FINAL_DEPTH, self.dice, keep=False)
        if beside is Beside.REPLACEMENT:
            for _ in range(4):
                self._chain.base_fee(SPIKE_GWEI)
                self._chain.mine()
                self.work()
        self.heal()
        self.check()

    def _until_dead(self, moment: str, beside: Beside) -> None:
        spikes = beside is Beside.REPLACEMENT or moment.startswith("replacement")
        if moment == "after-noop-commit":
            self._gap("let go")
        for number in range(ROUNDS):
            if self._dies(moment, do="advance"):
                return
            if number == 0 and moment == "after-pause":
                self._chain.drop_pool(self._senders)
                self._chain.send_foreign(self.keys[0], self._job.target)
            if moment == "after-reorged-mark":
                # It must be mined first: the dearer one comes when the worker is dead.
                if number == 1:
                    self._chain.reorganise(1, self.dice, keep=False)
                    continue
            elif number < 4 and moment == "after-stuck-mark":
                self._chain.base_fee(OVER_THE_CAP_GWEI)
            elif number < 4 and spikes:
                self._chain.base_fee(SPIKE_GWEI)
            self._chain.mine()
        raise Violation(f"no relay comes to {moment} ({beside}): the case tests nothing")

    def _dies(self, moment: str, **command: object) -> bool:
        return "died" in self._ask(die_at=moment, **command)

    def _gap(self, statement: str) -> None:
        """Hold the first nonce for nothing, or let it go again: a hole, as a wrong count makes."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None
        sender, target = self._senders[0], self._job.target
        box = Outbox(self._job.place, IDENTITY)
        with box.writing() as connection:
            book = TransactionBook(connection)
            book.meet(sender, 0)
            if statement == "hold":
                book.insert(NewTransaction("gap", sender, 0, target, b"gap", 50_000))
            else:
                connection.exec_driver_sql("DELETE FROM tx WHERE intent = 'gap'")
        box.close()


def relay_case(
    moment: str, beside: Beside, chain: BenchChain, proxy: str, place: Path | str
) -> None:
    """Raises Violation."""
    seed = random.Random(f"{moment} {beside} {type(place).__name__}").randrange(2**32)
    RelayCase(seed, chain, proxy, place, Tally(), keys=1).case(moment, beside)


def epoch_case(
    moment: str,
    beside: Beside,
    built: tuple[Devnet, Heritage],
    folder: Path,
    place: Path | str,
) -> None:
    """File, seal, sign, post and pay one epoch, or a queue of them, killed once. Raises
    Violation."""
    devnet, heritage = built
    story = _whole_epoch if moment in EPOCH_MOMENTS else whole_queue
    check = _check_epoch if moment in EPOCH_MOMENTS else differences
    world = _opened(devnet, heritage, folder, place)
    devnet.rpc("anvil_setNextBlockBaseFeePerGas", hex(CALM_WEI))
    world.fund()
    world.devnet.mine(FINAL_DEPTH + 1)
    occurred_at = world.now()
    world.outbox.close()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            own = Devnet(Node(devnet.node.endpoint), devnet.deployment, devnet.signers)
            dying = _opened(own, heritage, folder, place, reached=_dead_at(moment))
            story(dying, occurred_at, spike=beside is Beside.REPLACEMENT)
            code = 0
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended != -signal.SIGKILL:
        raise Violation(f"no epoch comes to {moment} ({beside}): the case tests nothing ({ended})")
    if beside is Beside.REORG:
        devnet.reorganise(FINAL_DEPTH)
    world = _opened(devnet, heritage, folder, place)
    try:
        story(world, occurred_at, spike=False)
    except NeverDone as left:
        raise Violation(f"{moment} ({beside}): {left}") from left
    wrong = check(world)
    if wrong:
        raise Violation(f"{moment} ({beside}): {'; '.join(wrong)}")
    world.outbox.close()


def _opened(
    devnet: Devnet,
    heritage: Heritage,
    folder: Path,
    place: Path | str,
    reached: Callable[[str], None] = lambda _moment: None,
) -> World:
    return open_world(
        devnet,
        heritage,
        folder,
        place=place,
        reached=reached,
        final_depth=FINAL_DEPTH,
        # Whoever waits sees blocks come.
        pause=lambda _seconds: devnet.mine(),
    )


def _whole_epoch(world: World, occurred_at: int, *, spike: bool) -> None:
    """What a worker does after any restart, until everybody is paid."""
    service, devnet = world.service, world.devnet
    world.file_plays(PLAYS, occurred_at=occurred_at)
    if not service.status().epochs:
        service.seal_epoch()
    _signed(service)
    if spike:
        devnet.rpc("anvil_setNextBlockBaseFeePerGas", hex(SPIKE_GWEI * GWEI))
    for _ in range(4 * ROUNDS):
        if service.post_epoch().state is EpochState.FINAL:
            break
        devnet.mine()
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    for _ in range(ROUNDS):
        payday = service.activate_and_push()
        if payday is None or payday.complete:
            return
        devnet.mine()


def _signed(service: OracleService) -> None:
    """As the oracle's loop does: what the node cannot say is waited for and asked again. anvil now
    and then answers a read of the newest block with nothing, just after a fork."""
    for _ in range(ROUNDS - 1):
        with suppress(AnswerMalformed):
            service.collect_signatures()
            return
    service.collect_signatures()


def _check_epoch(world: World) -> list[str]:
    at, token = world.devnet.node.head(), world.devnet.deployment.token
    lane = world.devnet.distributor.lane_of(token, at=at)
    epochs = world.service.status().epochs
    found = {
        "epochs on chain": (1, world.devnet.oracle.last_epoch(at=at)),
        "epochs in the outbox": (1, len(epochs)),
        "events": ({"counted": PLAYS}, world.service.status().events),
        "committed": (epochs[0].report.cumulative_total, lane.committed),
        "claimed": (epochs[0].report.cumulative_total, lane.claimed),
    }
    return [f"{name}: {is_} for {due}" for name, (due, is_) in found.items() if is_ != due]


def _dead_at(case: str) -> Callable[[str], None]:
    moment, times = QUEUE_MOMENTS.get(case, (case, 1))
    left = [times]

    def reached(now: str) -> None:
        left[0] -= now == moment
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
