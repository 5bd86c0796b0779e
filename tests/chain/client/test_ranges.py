"""Logs of long ranges are asked for in pieces that the node accepts, and none is missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chain.client.errors import AnswerMalformed, RpcFault, RpcRefused, RpcUnavailable
from chain.client.node import Node
from chain.client.ranges import (
    ANSWERS_BEFORE_RETRIAL,
    BLOCKS_FIRST,
    LOGS_TARGET,
    RangeMemory,
    suggested_blocks,
)
from tests.devnet import Devnet
from tests.heritage import Heritage

FILTERS: list[dict[str, Any]] = [{}]


def refusal(message: str) -> RpcRefused:
    return RpcRefused("eth_getLogs", -32005, message)


@pytest.fixture
def spans(devnet: Devnet, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Makes the node refuse ranges over some blocks; the lengths it was asked for."""

    def refuse_over(most: int, error: Exception) -> list[int]:
        honest, asked = devnet.node.rpc.batch_of, []

        def narrow(kind: Any, requests: Any) -> Any:
            given = requests[0][1][0]
            span = int(given["toBlock"], 16) - int(given["fromBlock"], 16) + 1
            asked.append(span)
            if span > most:
                raise error
            return honest(kind, requests)

        monkeypatch.setattr(devnet.node.rpc, "batch_of", narrow)
        return asked

    return refuse_over


@pytest.fixture(autouse=True)
def forgetful(devnet: Devnet) -> None:
    devnet.node.ranges = RangeMemory()


@pytest.mark.parametrize(
    "error",
    [
        refusal("query returned more than 10000 results"),
        refusal("block range is too wide"),
        refusal("Max range: 5"),
        RpcUnavailable(RpcFault.TIMEOUT, "eth_getLogs", "somewhere"),
    ],
)
def test_a_range_the_node_finds_too_long_is_shortened(
    heritage: Heritage, devnet: Devnet, spans: Callable[..., list[int]], error: Exception
) -> None:
    last = devnet.node.head().number
    whole = Node(devnet.node.endpoint).logs_of_range(1, last, FILTERS)
    asked = spans(5, error)

    assert devnet.node.logs_of_range(1, last, FILTERS) == whole
    refused = [span for span in asked if span > 5]
    assert refused
    # What was refused is not asked for again, and neither is anything longer.
    assert refused == sorted(set(refused), reverse=True)


def test_what_a_node_suggests_is_asked_for_next(
    heritage: Heritage, devnet: Devnet, spans: Callable[..., list[int]]
) -> None:
    last = devnet.node.head().number
    asked = spans(7, refusal("Log response size exceeded. This range should work: [0x1, 0x7]"))

    upto, _ = devnet.node.logs_from(1, last, FILTERS)

    assert upto == 7
    assert asked == [last, 7]
    assert devnet.node.ranges.blocks == 7


def test_a_single_block_that_is_refused_is_an_error(
    devnet: Devnet, spans: Callable[..., list[int]]
) -> None:
    asked = spans(0, refusal("limit exceeded"))

    with pytest.raises(RpcRefused, match="limit exceeded"):
        devnet.node.logs_from(1, 9, FILTERS)

    assert asked[-1] == 1


@pytest.mark.parametrize(
    "error",
    [
        RpcRefused("eth_getLogs", -32601, "method not found"),
        RpcUnavailable(RpcFault.UNREACHABLE, "eth_getLogs", "somewhere"),
    ],
)
def test_another_error_is_not_shortened_away(
    devnet: Devnet, spans: Callable[..., list[int]], error: Exception
) -> None:
    asked = spans(0, error)

    with pytest.raises(type(error)):
        devnet.node.logs_from(1, 9, FILTERS)

    assert asked == [9]


def test_logs_of_blocks_that_were_not_asked_for_are_refused(
    heritage: Heritage, devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = devnet.node.rpc.batch_of
    everything = [("eth_getLogs", ({"fromBlock": "0x0", "toBlock": "latest"},))]
    monkeypatch.setattr(devnet.node.rpc, "batch_of", lambda kind, _: honest(kind, everything))

    with pytest.raises(AnswerMalformed, match="not asked for"):
        devnet.node.logs_from(1, 2, FILTERS)


def test_lengths_grow_on_small_answers_and_shrink_on_large_ones() -> None:
    memory = RangeMemory()
    memory.answered(BLOCKS_FIRST, 10)
    assert memory.blocks == 2 * BLOCKS_FIRST
    memory.answered(2 * BLOCKS_FIRST, LOGS_TARGET + 1)
    assert memory.blocks == BLOCKS_FIRST
    memory.answered(17, 10)
    assert memory.blocks == BLOCKS_FIRST, "the end of a chain says nothing about lengths"


def test_a_refusal_holds_for_a_while_and_is_then_tried_again() -> None:
    memory = RangeMemory()
    memory.shorten(refusal("too many blocks"), 1, BLOCKS_FIRST)
    assert memory.blocks == BLOCKS_FIRST // 2

    for _ in range(ANSWERS_BEFORE_RETRIAL - 1):
        memory.answered(memory.blocks, 10)
        assert memory.blocks < BLOCKS_FIRST
    memory.answered(memory.blocks, 10)

    assert memory.blocks >= BLOCKS_FIRST


@pytest.mark.parametrize(
    ("message", "blocks"),
    [
        ("query returned more than 10000 results. Try with this block range [0x64, 0xc8].", 101),
        ("this block range should work: [0x64, 0xc8]", 101),
        ("this block range should work: [0x1, 0xc8]", None),
        ("query exceeds max results 20000, retry with the range 100-1000", 901),
        ("eth_getLogs is limited to a 10,000 range", 10_000),
        ("eth_getLogs is limited to 1024 block range", 1024),
        ("Max range: 800", 800),
        ("Maximum allowed number of requested blocks is 10000", 10_000),
        ("requested too many blocks from 0 to 16777216, maximum is set to 2048", 2048),
        ("block range greater than 1000 max", 1000),
        ("ranges over 10k blocks are not supported", 10_000),
        ("query returned more than 10000 results", None),
        ("backend response too large", None),
        ("block range is too wide", None),
    ],
)
def test_suggestions_are_read_in_the_words_of_providers(message: str, blocks: int | None) -> None:
    assert suggested_blocks(message, 100) == blocks
