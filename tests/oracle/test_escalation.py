"""What the relay does with what waits: dearer, held at the cap, around holes, by several keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.client.errors import FeeTooHigh
from chain.client.node import GWEI
from chain.client.sending import Fees
from chain.client.signer import dev_signer
from oracle.fees import RelayPolicy, dearer_fees, is_dear_enough
from oracle.outbox import Outbox
from oracle.transaction_book import AttemptState, NewTransaction, TransactionBook
from oracle.transactions import TransactionLane
from tests.oracle.small_chain import SmallChain
from tests.oracle.test_transactions import RELAY, TARGET, Bench

SECOND = dev_signer(11)
CAP = 100 * GWEI
POLICY = RelayPolicy(bump_blocks=2, fee_cap_wei=CAP, in_flight_max=2)
wei = st.integers(min_value=1, max_value=10**13)


class Relay(Bench):
    """The bench with two keys and a policy of its own; blocks come only when asked for."""

    def __init__(self, folder: Path, *keys: object) -> None:
        self.chain = SmallChain(folder / "chain.db", automine=False, cap_wei=CAP)
        self.outbox = Outbox(folder / "outbox.db", {"chain": "31337"})
        self.lane = TransactionLane(
            self.outbox,
            self.chain,
            *(keys or (RELAY,)),  # type: ignore[arg-type]
            final_depth=1,
            policy=POLICY,
        )

    def rounds(self, count: int) -> None:
        for _ in range(count):
            self.lane.advance()
            self.chain.mine()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    made = Relay(tmp_path)
    yield made
    made.outbox.close()


@given(last=st.builds(Fees, wei, wei), asked=st.builds(Fees, wei, wei), cap=wei)
def test_a_replacement_is_one_that_nodes_take_and_stays_under_the_cap(
    last: Fees, asked: Fees, cap: int
) -> None:
    last = Fees(max(last.max_fee_wei, last.tip_wei), last.tip_wei)
    dearer = dearer_fees(last, asked, cap)

    if dearer is None:
        assert last.max_fee_wei * 110 > cap * 100 - 100
    else:
        assert dearer.max_fee_wei <= cap
        assert dearer.max_fee_wei * 100 >= last.max_fee_wei * 110
        assert dearer.tip_wei * 100 >= last.tip_wei * 110
        assert dearer.tip_wei <= dearer.max_fee_wei


def test_what_offers_thrice_what_is_asked_is_dear_enough() -> None:
    assert is_dear_enough(Fees(31, 2), Fees(10, 2))
    assert not is_dear_enough(Fees(30, 2), Fees(10, 2))
    assert not is_dear_enough(Fees(31, 1), Fees(10, 2))


def test_a_fee_spike_is_outbid_and_one_of_the_attempts_is_mined(relay: Relay) -> None:
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.lane.advance()
    relay.chain.base_fee_wei = 30 * GWEI

    relay.rounds(8)

    assert relay.chain.carried_out() == {b"post:1": 1}
    assert relay.counts() == {"FINAL": 1, "REPLACED": 1}


def test_at_the_cap_it_is_held_and_said_and_goes_on_when_fees_fall(relay: Relay) -> None:
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.lane.advance()
    relay.chain.base_fee_wei = 2 * CAP
    relay.rounds(5)

    assert relay.counts() == {"STUCK": 1}
    assert any("post:1 is stuck, not lost" in alarm for alarm in relay.lane.alarms)
    with pytest.raises(FeeTooHigh):
        relay.lane.decide("push:1", TARGET, b"push:1")

    relay.chain.base_fee_wei = 0
    relay.run_until_final("push:1")
    assert relay.chain.carried_out() == {b"post:1": 1, b"push:1": 1}


def test_the_older_attempt_may_be_the_one_that_is_mined(relay: Relay) -> None:
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.lane.advance()
    relay.chain.base_fee_wei = 30 * GWEI
    relay.rounds(2)
    relay.lane.advance()
    assert relay.counts() == {"SENT": 2}
    # The dearer one is lost from the pool, fees fall, and the first one is mined after all.
    relay.chain.base_fee_wei = 0
    with relay.chain._file() as file:
        file.execute("DELETE FROM pool WHERE fee = (SELECT MAX(fee) FROM pool)")
    relay.chain.mine()

    relay.rounds(3)

    assert relay.chain.carried_out() == {b"post:1": 1}
    assert relay.counts() == {"FINAL": 1, "REPLACED": 1}


def test_a_node_is_given_no_more_of_one_key_than_the_policy_says(relay: Relay) -> None:
    for number in range(5):
        relay.lane.decide(f"push:{number}", TARGET, f"push:{number}".encode())
    relay.lane.advance()
    assert relay.counts() == {"SENT": 2, "SIGNED": 3}

    relay.rounds(6)

    assert len(relay.chain.carried_out()) == 5
    assert relay.counts() == {"FINAL": 5}


def test_several_keys_share_what_there_is_to_send(tmp_path: Path) -> None:
    relay = Relay(tmp_path, RELAY, SECOND)
    attempts = [relay.lane.decide(f"push:{n}", TARGET, f"push:{n}".encode()) for n in range(4)]
    relay.rounds(4)
    relay.outbox.close()

    assert [a.sender for a in attempts] == [RELAY.address, SECOND.address] * 2
    assert [a.nonce for a in attempts] == [0, 0, 1, 1]
    assert relay.counts() == {"FINAL": 4}


def test_a_nonce_that_nothing_holds_is_spent_on_nothing(relay: Relay) -> None:
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.rounds(3)
    # A row of a later nonce, as a wrong count from a node would have made it.
    with relay.outbox.writing() as connection:
        book = TransactionBook(connection)
        new = NewTransaction("push:1", RELAY.address, 3, TARGET, b"push:1", 50_000)
        relay.lane._signing.store(
            book, book.insert(new), new, relay.chain.fees(), relay.chain.head()
        )

    relay.rounds(10)

    assert relay.chain.carried_out() == {b"post:1": 1, b"push:1": 1, b"": 2}
    assert relay.state("push:1") is AttemptState.FINAL


def test_another_key_carries_on_where_one_is_paused(tmp_path: Path) -> None:
    relay = Relay(tmp_path, RELAY, SECOND)
    relay.lane.decide("post:1", TARGET, b"post:1")
    foreign = {"type": 2, "chainId": 31337, "nonce": 0, "to": TARGET, "data": b"foreign"}
    fees = {"value": 0, "gas": 21_000, "maxFeePerGas": 10, "maxPriorityFeePerGas": 1}
    relay.chain.send_raw(RELAY.sign_transaction(foreign | fees)[0])
    relay.chain.mine(3)
    relay.lane.advance()
    assert relay.state("post:1") is AttemptState.DISPLACED

    relay.run_until_final("post:1")
    relay.outbox.close()

    assert relay.chain.carried_out() == {b"foreign": 1, b"post:1": 1}
    assert any("is not ours" in alarm for alarm in relay.lane.alarms)


def test_a_foreign_transaction_beyond_our_rows_pauses_the_key(relay: Relay) -> None:
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.rounds(3)
    foreign = {"type": 2, "chainId": 31337, "nonce": 1, "to": TARGET, "data": b"foreign"}
    fees = {"value": 0, "gas": 21_000, "maxFeePerGas": 10, "maxPriorityFeePerGas": 1}
    relay.chain.send_raw(RELAY.sign_transaction(foreign | fees)[0])
    relay.rounds(3)

    assert any("spent nonce 1" in alarm for alarm in relay.lane.alarms)
    relay.lane.resume()
    relay.run_until_final("push:1")
    assert relay.chain.carried_out() == {b"post:1": 1, b"foreign": 1, b"push:1": 1}


def test_a_node_that_shows_no_receipts_decides_nothing(relay: Relay) -> None:
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.lane.advance()
    relay.chain.mine(5)
    relay.chain.silent = True
    relay.rounds(5)

    assert "FINAL" not in relay.counts()
    assert "DISPLACED" not in relay.counts()
    assert any("shows no receipt" in alarm for alarm in relay.lane.alarms)

    relay.chain.silent = False
    relay.rounds(2)
    assert relay.state("post:1") is AttemptState.FINAL
    assert relay.chain.carried_out() == {b"post:1": 1}


def test_nothing_is_final_while_another_node_says_otherwise(relay: Relay) -> None:
    relay.chain.agreeing = False
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.rounds(5)

    assert relay.counts() == {"MINED": 1}
    assert any("do not agree" in alarm for alarm in relay.lane.alarms)

    relay.chain.agreeing = True
    relay.rounds(1)
    assert relay.counts() == {"FINAL": 1}


def test_a_node_that_refuses_is_told_of_and_asked_again(relay: Relay) -> None:
    relay.chain.refuses = "insufficient funds for gas * price + value"
    relay.lane.decide("post:1", TARGET, b"post:1")
    relay.lane.advance()
    assert any("has coins for gas" in alarm for alarm in relay.lane.alarms)

    relay.chain.refuses = ""
    relay.rounds(4)
    assert relay.state("post:1") is AttemptState.FINAL
