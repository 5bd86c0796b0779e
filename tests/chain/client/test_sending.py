"""A transaction ends in a receipt, a plain reason, or a hash to ask by; never in a double."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from chain.client import sending
from chain.client.errors import (
    ClientError,
    ContractRefused,
    FeeTooHigh,
    KeyRefused,
    RpcRefused,
    RpcUnavailable,
    TransactionLost,
)
from chain.client.node import FeePolicy, Node, Timeouts
from chain.client.sending import Fees, SignedTransaction
from chain.client.signer import LocalSigner
from chain.client.stablecoin import Stablecoin
from tests.devnet import CUSTOMER, PLATFORM, Devnet
from tests.heritage import Heritage
from tests.lying_node import LyingNode, lying_node


@pytest.fixture
def proxy(devnet: Devnet) -> Iterator[LyingNode]:
    """A node between us and the real one, honest until told otherwise."""
    with lying_node(devnet.node.endpoint) as server:
        yield server


def through(proxy: LyingNode, devnet: Devnet) -> Stablecoin:
    node = Node(proxy.endpoint, timeouts=Timeouts(5.0, 20.0), wait_seconds=20.0)
    return Stablecoin(node, devnet.token.address)


def signed_mint(devnet: Devnet, *, nonce: int | None = None) -> SignedTransaction:
    signer = devnet.signers[PLATFORM]
    call = devnet.token.call("mint", signer.address, 9)
    taken = devnet.node.nonce(signer.address) if nonce is None else nonce
    fees = sending.current_fees(devnet.node)
    return sending.sign(devnet.node, call, signer=signer, nonce=taken, gas=200_000, fees=fees)


def test_a_receipt_says_where_it_was_mined_and_what_it_cost(devnet: Devnet) -> None:
    receipt = devnet.token.mint(devnet.address(PLATFORM), 7, signer=devnet.signers[PLATFORM])

    assert receipt.block == devnet.node.head()
    assert receipt.status == 1
    assert 21_000 < receipt.gas_used < 100_000
    assert len(receipt.logs) == 1


def test_a_refusal_is_foreseen_and_costs_nothing(heritage: Heritage, devnet: Devnet) -> None:
    signer = devnet.signers[PLATFORM]
    nonce = devnet.node.nonce(signer.address)

    with pytest.raises(ContractRefused) as caught:
        devnet.token.transfer(devnet.address(CUSTOMER), 10**15, signer=signer)

    assert caught.value.error == "ERC20InsufficientBalance"
    assert "are needed. Nothing was charged." in caught.value.plain
    assert "add money" in caught.value.next_step
    assert caught.value.tx_hash is None
    assert devnet.node.nonce(signer.address) == nonce


def test_a_refusal_that_was_mined_carries_its_hash(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As when a neighbour in the same block took the money between simulation and mining.
    monkeypatch.setattr(sending, "simulate", lambda *_, **__: b"")

    with pytest.raises(ContractRefused) as caught:
        sending.send(
            devnet.node,
            devnet.token.call("transfer", devnet.address(CUSTOMER), 10**15),
            signer=devnet.signers[PLATFORM],
            gas=200_000,
        )

    assert caught.value.error == "ERC20InsufficientBalance"
    assert caught.value.tx_hash is not None
    receipt = devnet.node.receipt(caught.value.tx_hash)
    assert receipt is not None
    assert receipt.status == 0


def test_an_answer_lost_after_the_node_took_it_sends_nothing_twice(
    devnet: Devnet, proxy: LyingNode
) -> None:
    proxy.mode, proxy.only = "swallow", "eth_sendRawTransaction"
    account = devnet.address(PLATFORM)

    receipt = through(proxy, devnet).mint(account, 11, signer=devnet.signers[PLATFORM])

    assert receipt.status == 1
    assert devnet.token.balance_of(account, at=devnet.node.head()) == 11
    assert proxy.seen.count("eth_sendRawTransaction") == 1


def test_a_transaction_that_never_arrived_is_an_error_and_nothing_happened(
    devnet: Devnet, proxy: LyingNode
) -> None:
    proxy.mode, proxy.only = "reset", "eth_sendRawTransaction"
    account = devnet.address(PLATFORM)

    with pytest.raises(RpcUnavailable):
        through(proxy, devnet).mint(account, 11, signer=devnet.signers[PLATFORM])

    assert devnet.token.balance_of(account, at=devnet.node.head()) == 0


def test_broadcasting_again_changes_nothing(devnet: Devnet) -> None:
    signed = signed_mint(devnet)
    sending.broadcast(devnet.node, signed)
    sending.wait_for(devnet.node, signed, wait_seconds=20)

    sending.broadcast(devnet.node, signed)

    assert devnet.token.balance_of(devnet.address(PLATFORM), at=devnet.node.head()) == 9
    assert sending.is_known(devnet.node, signed.hash)


def test_a_used_nonce_is_refused_by_the_node(devnet: Devnet) -> None:
    devnet.token.mint(devnet.address(PLATFORM), 1, signer=devnet.signers[PLATFORM])
    nonce = devnet.node.nonce(devnet.address(PLATFORM))
    signed = signed_mint(devnet, nonce=nonce - 1)

    with pytest.raises(RpcRefused, match="nonce too low"):
        sending.broadcast(devnet.node, signed)


def test_a_transaction_that_is_not_mined_in_time_is_lost_but_not_forgotten(
    devnet: Devnet,
) -> None:
    nonce = devnet.node.nonce(devnet.address(PLATFORM))
    ahead = signed_mint(devnet, nonce=nonce + 1)
    sending.broadcast(devnet.node, ahead)

    with pytest.raises(TransactionLost) as caught:
        sending.wait_for(devnet.node, ahead, wait_seconds=0.05)
    assert (caught.value.tx_hash, caught.value.nonce) == (ahead.hash, nonce + 1)

    sending.broadcast(devnet.node, signed_mint(devnet, nonce=nonce))
    assert sending.wait_for(devnet.node, ahead, wait_seconds=20).status == 1


def test_fees_over_the_cap_send_nothing(devnet: Devnet) -> None:
    frugal = Node(devnet.node.endpoint, fees=FeePolicy(tip_wei=1, cap_wei=10))
    coin = Stablecoin(frugal, devnet.token.address)

    with pytest.raises(FeeTooHigh) as caught:
        coin.mint(devnet.address(PLATFORM), 1, signer=devnet.signers[PLATFORM])

    assert caught.value.cap_wei == 10
    assert devnet.token.balance_of(devnet.address(PLATFORM), at=devnet.node.head()) == 0


def test_fees_leave_room_for_a_rising_base_fee(devnet: Devnet) -> None:
    header = devnet.node.header(devnet.node.head().number)
    policy = FeePolicy(tip_wei=3, cap_wei=10**12)

    fees = sending.current_fees(Node(devnet.node.endpoint, fees=policy))

    assert fees == Fees(2 * header.base_fee_wei + 3, 3)


def test_a_development_key_signs_for_no_other_chain(devnet: Devnet) -> None:
    elsewhere = Node(devnet.node.endpoint)
    elsewhere._chain_id = 1
    call = devnet.token.call("mint", devnet.address(PLATFORM), 1)

    with pytest.raises(KeyRefused, match="would sign for chain 1"):
        sending.sign(
            elsewhere,
            call,
            signer=devnet.signers[PLATFORM],
            nonce=0,
            gas=100_000,
            fees=Fees(10**9, 1),
        )


def test_many_threads_with_one_key_use_every_nonce_once(devnet: Devnet) -> None:
    account, signer = devnet.address(CUSTOMER), devnet.signers[PLATFORM]
    before = devnet.node.nonce(signer.address)
    failures: list[ClientError] = []

    def mint() -> None:
        try:
            devnet.token.mint(account, 1, signer=signer)
        except ClientError as error:
            failures.append(error)

    threads = [threading.Thread(target=mint) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert devnet.node.nonce(signer.address) == before + 8
    assert devnet.token.balance_of(account, at=devnet.node.head()) == 8


def test_an_account_without_fee_money_is_told_by_the_node(devnet: Devnet) -> None:
    poor = LocalSigner(b"\x11" * 32)

    with pytest.raises(RpcRefused, match=r"(?i)insufficient|funds|gas"):
        devnet.token.mint(poor.address, 1, signer=poor)


def test_the_wrong_number_of_arguments_is_a_value_error(devnet: Devnet) -> None:
    with pytest.raises(ValueError, match="mint"):
        devnet.token.call("mint", devnet.address(PLATFORM))
