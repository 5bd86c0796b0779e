"""Every way in which a node can fail to answer is one typed error, and changes nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from chain.client.errors import AnswerMalformed, RpcFault, RpcRefused, RpcUnavailable
from chain.client.rpc import TRIES, Rpc, Timeouts
from tests.lying_node import LyingNode, lying_node

FAULTS = {
    "reset": RpcFault.RESET,
    "stall": RpcFault.TIMEOUT,
    "429": RpcFault.RATE_LIMITED,
    "503": RpcFault.SERVER_ERROR,
    "html": RpcFault.NOT_JSON,
    "half": RpcFault.NOT_JSON,
    "not utf-8": RpcFault.NOT_JSON,
    "empty": RpcFault.NOT_JSON,
    "null": RpcFault.NULL_RESULT,
    "no result": RpcFault.NOT_RPC,
    "list": RpcFault.NOT_RPC,
    "number": RpcFault.NOT_RPC,
}


@pytest.fixture
def server() -> Iterator[LyingNode]:
    with lying_node() as server:
        yield server


def rpc_to(endpoint: str, pauses: list[float] | None = None, mode: str = "") -> Rpc:
    taken = [] if pauses is None else pauses
    # Only a node that stalls may run into the timeout; a busy machine may not.
    read_seconds = 0.2 if mode == "stall" else 10.0
    return Rpc(endpoint, timeouts=Timeouts(5.0, read_seconds), pause=taken.append)


@pytest.mark.parametrize(("mode", "kind"), FAULTS.items())
def test_each_fault_is_one_typed_error(server: LyingNode, mode: str, kind: RpcFault) -> None:
    server.mode = mode

    with pytest.raises(RpcUnavailable) as caught:
        rpc_to(server.endpoint, mode=mode).request("eth_chainId")

    assert caught.value.kind == kind
    assert caught.value.method == "eth_chainId"
    assert "check that the node runs" in str(caught.value)


@pytest.mark.parametrize("mode", [*FAULTS, "error"])
def test_a_batch_fails_as_one(server: LyingNode, mode: str) -> None:
    server.mode = mode

    with pytest.raises((RpcUnavailable, RpcRefused)):
        rpc_to(server.endpoint, mode=mode).batch([("eth_chainId", ()), ("eth_blockNumber", ())])


@pytest.mark.parametrize("mode", [*FAULTS, "error"])
def test_a_typed_batch_fails_as_one(server: LyingNode, mode: str) -> None:
    server.mode = mode

    with pytest.raises((RpcUnavailable, RpcRefused)):
        rpc_to(server.endpoint, mode=mode).batch_of(int, [("eth_chainId", ())] * 2)


def test_a_result_of_another_type_is_malformed(server: LyingNode) -> None:
    server.mode = "one"

    assert rpc_to(server.endpoint).batch_of(str, [("eth_chainId", ())]) == ["0x1"]
    with pytest.raises(AnswerMalformed, match="eth_chainId"):
        rpc_to(server.endpoint).batch_of(int, [("eth_chainId", ())])


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"

        with pytest.raises(RpcUnavailable) as caught:
            rpc_to(nobody).request("eth_chainId")

    assert caught.value.kind == RpcFault.UNREACHABLE


def test_an_address_that_is_none_is_unreachable() -> None:
    with pytest.raises(RpcUnavailable) as caught:
        rpc_to("http://").request("eth_chainId")

    assert caught.value.kind == RpcFault.UNREACHABLE


def test_reads_are_tried_again_with_growing_jittered_pauses(server: LyingNode) -> None:
    server.mode = "503"
    pauses: list[float] = []

    with pytest.raises(RpcUnavailable):
        rpc_to(server.endpoint, pauses).request("eth_chainId")

    assert len(server.seen) == TRIES
    assert len(pauses) == TRIES - 1
    assert 0.1 <= pauses[0] <= 0.3
    assert 0.2 <= pauses[1] <= 0.6


def test_a_transaction_is_handed_over_once_only(server: LyingNode) -> None:
    server.mode = "503"

    with pytest.raises(RpcUnavailable):
        rpc_to(server.endpoint).request("eth_sendRawTransaction", "0x00")

    assert server.seen == ["eth_sendRawTransaction"]


@pytest.mark.parametrize(("mode", "code"), [("error", -32005), ("error text", 0)])
def test_a_nodes_own_error_is_not_tried_again(server: LyingNode, mode: str, code: int) -> None:
    server.mode = mode

    with pytest.raises(RpcRefused) as caught:
        rpc_to(server.endpoint).request("eth_getLogs")

    assert caught.value.code == code
    assert len(server.seen) == 1


def test_an_empty_batch_asks_nothing(server: LyingNode) -> None:
    assert rpc_to(server.endpoint).batch([]) == []
    assert server.seen == []
