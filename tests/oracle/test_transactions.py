"""The lane of the relay: sent once, whatever the node, the chain or the process does in between."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chain.client.errors import ContractRefused, RpcUnavailable
from chain.client.signer import dev_signer
from chain.ledger.identifiers import Address
from oracle.errors import RelayPaused, TransactionFailed
from oracle.outbox import Outbox, nowhere
from oracle.transaction_book import AttemptState, TransactionBook
from oracle.transactions import TransactionLane
from tests.oracle.small_chain import SmallChain

RELAY = dev_signer(8)
TARGET = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
IDENTITY = {"chain": "31337"}
DEPTH = 2


class Bench:
    """An outbox, a small chain and the lane between them."""

    def __init__(self, folder: Path, reached: Callable[[str], None] = nowhere) -> None:
        self.chain = SmallChain(folder / "chain.db")
        self.outbox = Outbox(folder / "outbox.db", IDENTITY, reached=reached)
        self.lane = TransactionLane(self.outbox, self.chain, RELAY, final_depth=DEPTH)

    def run_until_final(self, *intents: str) -> None:
        """What a worker does: decide everything, then advance while blocks come."""
        for intent in intents:
            self.lane.decide(intent, TARGET, intent.encode())
        for _ in range(6):
            self.lane.advance()
            self.chain.mine()

    def state(self, intent: str) -> AttemptState:
        with self.outbox.reading() as connection:
            found = TransactionBook(connection).of_intent(intent)
        assert found is not None
        return found.state

    def counts(self) -> dict[str, int]:
        with self.outbox.reading() as connection:
            return TransactionBook(connection).counts()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.outbox.close()


def test_an_intent_is_mined_once_and_becomes_final(bench: Bench) -> None:
    bench.run_until_final("post:1")

    assert bench.state("post:1") == AttemptState.FINAL
    assert bench.chain.carried_out() == {b"post:1": 1}


def test_deciding_an_intent_again_changes_nothing(bench: Bench) -> None:
    first = bench.lane.decide("post:1", TARGET, b"post:1")
    again = bench.lane.decide("post:1", TARGET, b"post:1")
    bench.run_until_final("post:1")

    assert again == first
    assert bench.chain.carried_out() == {b"post:1": 1}


def test_nothing_is_final_before_it_is_deep_enough(bench: Bench) -> None:
    bench.lane.decide("post:1", TARGET, b"post:1")

    assert bench.lane.advance() == []
    assert bench.state("post:1") == AttemptState.MINED


def test_a_node_that_is_away_loses_nothing(bench: Bench) -> None:
    bench.lane.decide("post:1", TARGET, b"post:1")
    bench.chain.away = True
    with pytest.raises(RpcUnavailable):
        bench.lane.advance()

    bench.chain.away = False
    bench.run_until_final("post:1")

    assert bench.chain.carried_out() == {b"post:1": 1}


def test_what_would_revert_is_refused_before_a_nonce_is_spent(bench: Bench) -> None:
    bench.chain.refusing = frozenset({b"post:1"})

    with pytest.raises(ContractRefused, match="not funded"):
        bench.lane.decide("post:1", TARGET, b"post:1")

    assert bench.counts() == {}


def test_a_transaction_that_reverted_in_its_block_may_be_tried_anew(bench: Bench) -> None:
    bench.chain.reverting = frozenset({b"post:1"})
    bench.lane.decide("post:1", TARGET, b"post:1")
    bench.lane.advance()
    bench.chain.mine(DEPTH)
    with pytest.raises(TransactionFailed) as failure:
        bench.lane.advance()
    assert failure.value.intent == "post:1"

    bench.chain.reverting = frozenset()
    bench.run_until_final("post:1")

    assert bench.state("post:1") == AttemptState.FINAL
    assert bench.counts() == {"FAILED": 1, "FINAL": 1}


def test_a_node_that_forgets_its_pool_is_sent_the_same_bytes_again(bench: Bench) -> None:
    bench.chain.automine = False
    bench.lane.decide("post:1", TARGET, b"post:1")
    bench.lane.advance()
    bench.chain.forget_pool()
    bench.run_until_final("post:1")

    assert bench.state("post:1") == AttemptState.FINAL
    assert bench.chain.carried_out() == {b"post:1": 1}


def test_a_reorganisation_before_finality_is_mended_with_the_same_bytes(bench: Bench) -> None:
    for intent in ("post:1", "activate:1", "push:1"):
        bench.lane.decide(intent, TARGET, intent.encode())
    bench.lane.advance()
    assert bench.state("push:1") == AttemptState.MINED
    bench.chain.reorganise(2)
    assert bench.chain.carried_out() != {b"post:1": 1, b"activate:1": 1, b"push:1": 1}

    bench.run_until_final("post:1", "activate:1", "push:1")

    assert bench.chain.carried_out() == {b"post:1": 1, b"activate:1": 1, b"push:1": 1}
    assert bench.counts() == {"FINAL": 3}


def test_a_foreign_transaction_pauses_the_key_until_somebody_has_looked(bench: Bench) -> None:
    bench.chain.automine = False
    bench.lane.decide("post:1", TARGET, b"post:1")
    foreign = {"type": 2, "chainId": 31337, "nonce": 0, "to": TARGET, "data": b"foreign"}
    fees = {"value": 0, "gas": 21_000, "maxFeePerGas": 1, "maxPriorityFeePerGas": 1}
    bench.chain.send_raw(RELAY.sign_transaction(foreign | fees)[0])
    bench.chain.mine(1 + DEPTH)
    bench.lane.advance()
    bench.lane.advance()
    assert bench.state("post:1") == AttemptState.DISPLACED
    assert "is not ours" in bench.lane.alarms[0]
    with pytest.raises(RelayPaused):
        bench.lane.decide("post:1", TARGET, b"post:1")

    assert bench.lane.resume() == (RELAY.address,)
    bench.run_until_final("post:1")

    assert bench.chain.carried_out() == {b"foreign": 1, b"post:1": 1}
    assert bench.counts() == {"DISPLACED": 1, "FINAL": 1}


def test_nonces_run_on_from_what_the_key_sent_before_the_outbox_began(bench: Bench) -> None:
    earlier = {"type": 2, "chainId": 31337, "nonce": 0, "to": TARGET, "data": b"earlier"}
    fees = {"value": 0, "gas": 21_000, "maxFeePerGas": 1, "maxPriorityFeePerGas": 1}
    bench.chain.send_raw(RELAY.sign_transaction(earlier | fees)[0])

    bench.run_until_final("post:1", "activate:1")

    assert bench.chain.carried_out() == {b"earlier": 1, b"post:1": 1, b"activate:1": 1}


KILL_POINTS = (
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
)


def run_killed_at(folder: Path, moment: str) -> int:
    """Work in a child process that is killed (SIGKILL) when it first reaches `moment`."""
    child = os.fork()
    if child == 0:
        bench = Bench(
            folder, lambda m: os.kill(os.getpid(), signal.SIGKILL) if m == moment else None
        )
        bench.run_until_final("post:1", "activate:1", "push:1")
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("moment", KILL_POINTS)
@pytest.mark.parametrize("reorganised", [False, True])
def test_a_worker_killed_anywhere_loses_nothing_and_doubles_nothing(
    tmp_path: Path, moment: str, reorganised: bool
) -> None:
    assert run_killed_at(tmp_path, moment) == -signal.SIGKILL
    if reorganised and moment not in ("after-final-mark",):
        SmallChain(tmp_path / "chain.db", salt=1).reorganise(1)

    bench = Bench(tmp_path)
    bench.run_until_final("post:1", "activate:1", "push:1")
    bench.outbox.close()

    assert bench.chain.carried_out() == {b"post:1": 1, b"activate:1": 1, b"push:1": 1}
