"""Counting failures: what reverts is counted, what is lost on the way is sent again, and hostile
payees wait without failing anybody."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from benchmarks.table2 import hostile
from benchmarks.table2.failures import GAS, WINDOW_SECONDS, together, under_faults
from benchmarks.table2.hostile import PAYEES, PUSHED, Kind, Lane
from benchmarks.table2.relayed import relay_claims
from benchmarks.table2.wayward_sending import NeverMined, Sent, WaywardSender
from chain.client.node import Node
from chain.client.signer import LocalSigner, dev_signers
from tests.devnet import ACCOUNTS, Devnet, deploy_all, running_anvil


@pytest.fixture(scope="module")
def lane() -> Iterator[tuple[Lane, hostile.Round, WaywardSender, Sent]]:
    """A round whose root is active; nothing is paid of it yet."""
    os.environ["NO_PROXY"] = "127.0.0.1"
    dice, sent = random.Random(1), Sent()
    with running_anvil("--gas-limit", "2000000000") as endpoint:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers, window_seconds=WINDOW_SECONDS), signers)
        opened = hostile.open_lane(devnet, "DevStablecoin", dice)
        key = LocalSigner(dice.randbytes(32))
        devnet.rpc("anvil_setBalance", key.address, hex(10**24))
        sender = WaywardSender(devnet, [key], dice, sent)
        made = opened.next_round(1, dice)
        devnet.rpc("evm_setAutomine", False)
        sender.carry_out(Kind.POST, made.calls[Kind.POST], GAS[Kind.POST])
        devnet.pass_time(WINDOW_SECONDS + 1)
        sender.carry_out(Kind.ACTIVATE, made.calls[Kind.ACTIVATE], GAS[Kind.ACTIVATE])
        yield opened, made, sender, sent


def test_hostile_payees_wait_and_fail_nobody(lane) -> None:
    opened, made, sender, sent = lane
    sender.carry_out(Kind.PUSH, made.calls[Kind.PUSH], GAS[Kind.PUSH])
    owed = sum(payee in opened.hostile for payee in opened.payees[:PUSHED])
    assert sent.failed[Kind.PUSH] == 0
    assert sent.deferred == owed > 0


def test_a_claim_made_twice_is_counted_as_a_failure(lane) -> None:
    _, made, sender, sent = lane
    claim = made.calls[Kind.CLAIM][0]
    sender.carry_out(Kind.CLAIM, [claim], GAS[Kind.CLAIM])
    assert sent.failed[Kind.CLAIM] == 0
    sender.carry_out(Kind.CLAIM, [claim], GAS[Kind.CLAIM])
    assert (sent.submitted[Kind.CLAIM], sent.failed[Kind.CLAIM]) == (2, 1)


def test_what_is_never_mined_is_no_silence(lane) -> None:
    opened, made, _, _ = lane
    penniless = LocalSigner(b"\x07" * 32)
    sender = WaywardSender(opened.devnet, [penniless], random.Random(1), Sent())
    with pytest.raises(NeverMined, match="1 transactions"):
        sender.carry_out(Kind.CLAIM, [made.calls[Kind.CLAIM][1]], GAS[Kind.CLAIM])


def test_the_relay_carries_each_claim_out_once(lane) -> None:
    opened, made, _, _ = lane
    relayed, tally = relay_claims(opened.devnet, made.calls[Kind.CLAIM][2:7], random.Random(5))
    assert (relayed.claims, relayed.mined, relayed.failed, relayed.lost) == (5, 5, 0, 0)
    assert tally.schedules == 1


def test_a_lane_is_settled_whole_and_counted_with_its_interval() -> None:
    found = under_faults("BlocklistingToken", 1, 1_000, lambda _text: None)
    relay = {"mined": 5, "failed": 0, "lost": 0}
    total = together([found], relay)["total"]
    assert total["failed"] == 0
    assert total["submitted"] == sum(found["submitted"].values()) + 5
    assert 0 < total["high"] < 0.004
    assert found["refused_by_dry_run"] > 0
    waiting = found["lane"]["waiting_payees"]
    assert waiting == found["lane"]["waiting_hostile"] == PAYEES // hostile.HOSTILE_EVERY
