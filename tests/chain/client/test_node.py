"""Reads are of the block they name, and of no other branch."""

from __future__ import annotations

from typing import Any

import pytest

from chain.client.blocks import parse_header, parse_log, parse_receipt
from chain.client.errors import (
    AnswerMalformed,
    BlockGone,
    ContractRefused,
    StaleNode,
    WrongChain,
)
from chain.client.node import Node
from chain.ledger.identifiers import ZERO_ADDRESS, WorkId
from tests.devnet import PLATFORM, Devnet
from tests.heritage import Heritage


def test_a_read_answers_for_its_block_and_not_for_the_newest(devnet: Devnet) -> None:
    account = devnet.address(PLATFORM)
    before = devnet.node.head()
    devnet.token.mint(account, 5, signer=devnet.signers[PLATFORM])
    after = devnet.node.head()

    assert devnet.token.balance_of(account, at=before) == 0
    assert devnet.token.balance_of(account, at=after) == 5


def test_a_replaced_block_is_gone_for_calls_batches_code_and_logs(devnet: Devnet) -> None:
    devnet.token.mint(devnet.address(PLATFORM), 5, signer=devnet.signers[PLATFORM])
    gone = devnet.node.head()
    devnet.reorganise(1)

    with pytest.raises(BlockGone) as caught:
        devnet.token.balance_of(devnet.address(PLATFORM), at=gone)
    assert (caught.value.number, caught.value.block_hash) == (gone.number, gone.hash)
    with pytest.raises(BlockGone, match="pin a newer block"):
        devnet.token.read_many([("symbol", ()), ("decimals", ())], at=gone)
    with pytest.raises(BlockGone):
        devnet.node.code(devnet.token.address, at=gone)
    with pytest.raises(BlockGone):
        devnet.node.logs_of_blocks([gone], [{}])


def test_another_chain_is_named(devnet: Devnet) -> None:
    with pytest.raises(WrongChain) as caught:
        devnet.node.expect_chain(1)

    assert (caught.value.expected, caught.value.actual) == (1, 31337)


def test_a_block_that_is_not_there_yet_is_a_stale_node(devnet: Devnet) -> None:
    head = devnet.node.head()

    with pytest.raises(StaleNode) as caught:
        devnet.node.block(head.number + 10)

    assert (caught.value.seen, caught.value.offered) == (head.number + 10, head.number)


def test_a_refusing_view_speaks_plainly(devnet: Devnet) -> None:
    with pytest.raises(ContractRefused) as caught:
        devnet.works.work_of(WorkId(77), at=devnet.node.head())

    assert caught.value.error == "WorkUnknown"
    assert caught.value.arguments == {"workId": 77}
    assert caught.value.plain == "There is no work 77."
    assert caught.value.tx_hash is None


def test_code_and_fee_money_can_be_read(devnet: Devnet) -> None:
    head = devnet.node.head()

    assert devnet.node.code(devnet.token.address, at=head)
    assert devnet.node.code(ZERO_ADDRESS, at=head) == b""
    assert devnet.node.balance_wei(devnet.address(PLATFORM), at=head) > 0
    assert devnet.node.finalized().number <= head.number


def test_an_unknown_transaction_has_no_receipt(devnet: Devnet) -> None:
    assert devnet.node.receipt(b"\7" * 32) is None


def test_two_filters_give_a_log_once(heritage: Heritage, devnet: Devnet) -> None:
    last = devnet.node.head().number
    twice = devnet.node.logs_of_range(1, last, [{}, {}])

    assert twice == devnet.node.logs_of_range(1, last, [{}])
    assert isinstance(devnet.node, Node)


@pytest.mark.parametrize("answer", [{}, {"number": "0xzz"}, {"number": None}, []])
def test_a_header_without_its_shape_is_malformed(answer: Any) -> None:
    with pytest.raises(AnswerMalformed, match="block header"):
        parse_header(answer)


def test_a_removed_or_broken_log_is_malformed() -> None:
    whole = {
        "address": ZERO_ADDRESS,
        "topics": [],
        "data": "0x",
        "blockNumber": "0x1",
        "blockHash": "0x",
        "transactionHash": "0x",
        "logIndex": "0x0",
    }
    assert parse_log(whole).log_index == 0
    with pytest.raises(AnswerMalformed, match="removed by a reorganisation"):
        parse_log({**whole, "removed": True})
    with pytest.raises(AnswerMalformed, match="a log"):
        parse_log({"blockNumber": "0x1"})


def test_a_broken_receipt_is_malformed() -> None:
    with pytest.raises(AnswerMalformed, match="a receipt"):
        parse_receipt({"transactionHash": "7"}, 0)
