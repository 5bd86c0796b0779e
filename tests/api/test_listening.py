"""Ports of the local stack: nobody comes between choosing one and answering on it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

import api.__main__ as api_process
from api.stack import listening
from api.stack.listening import Port, PortTaken, address, listen, start_anvil
from api.stack.ports import who_listens
from api.stack.processes import Launch, Process, StackError
from api.stack.stack import ANVIL
from chain.client.node import Node


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def abandoned_port() -> int:
    """Free a moment ago, and most likely still: what two stacks may both believe."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_usual_port_is_taken_when_nobody_has_it() -> None:
    port = abandoned_port()

    with listen(Port(port)) as listener:
        assert address(listener) == f"http://127.0.0.1:{port}"


def test_a_port_in_use_is_no_error(taken_port: int) -> None:
    with listen(Port(taken_port)) as first, listen(Port(taken_port)) as second:
        ports = {taken_port, first.getsockname()[1], second.getsockname()[1]}

    assert len(ports) == 3


def test_when_every_port_is_taken_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: tuple[str, int]) -> socket.socket:
        raise OSError("Address already in use")

    monkeypatch.setattr(listening.socket, "create_server", refuse)

    with pytest.raises(StackError, match="no free port"):
        listen(Port(8545))


def test_a_child_answers_on_the_socket_it_was_handed(tmp_path: Path) -> None:
    program = "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); "
    program += "c, _ = s.accept(); c.sendall(b'mine'); c.close()"
    with listen(Port(0)) as listener:
        command = [sys.executable, "-c", program, str(listener.fileno())]
        host, port = listener.getsockname()
        process = Process.launch(
            Launch("api", command, tmp_path / "log", lambda: True, {}, listener=listener)
        )
    try:
        with socket.create_connection((host, port), timeout=20) as caller:
            assert caller.recv(10) == b"mine"
        process.wait_done()
    finally:
        process.stop()


def test_a_node_that_finds_its_port_taken_takes_another(taken_port: int, tmp_path: Path) -> None:
    process, url = start_anvil(ANVIL, [], tmp_path / "log", Port(taken_port))
    try:
        assert not url.endswith(f":{taken_port}")
        assert Node(url).head().number == 0
    finally:
        process.stop()


def test_a_log_of_an_earlier_run_is_not_believed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Listening on 127.0.0.1:1\n")

    process, url = start_anvil(ANVIL, [], log)
    try:
        assert Node(url).head().number == 0
    finally:
        process.stop()


def test_a_log_does_not_grow_with_every_request(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process, url = start_anvil(ANVIL, [], log)
    try:
        before = log.stat().st_size
        for _ in range(20):
            Node(url).head()
        assert log.stat().st_size == before
    finally:
        process.stop()


def test_a_node_takes_its_history_with_it(tmp_path: Path) -> None:
    process, url = start_anvil(ANVIL, [], tmp_path / "node.log")
    try:
        Node(url).rpc.request("anvil_mine", hex(1_500), null_allowed=True)
        assert any((tmp_path / "node.history").rglob("*.json"))
    finally:
        process.stop()

    assert [path.name for path in tmp_path.iterdir()] == ["node.log"]


def test_a_node_that_fails_otherwise_is_not_tried_again(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"(?s)node stopped with exit code 2.*--unheard-of"):
        start_anvil(ANVIL, ["--unheard-of"], tmp_path / "log", Port(abandoned_port()))


def test_a_node_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make setup"):
        start_anvil(tmp_path / "anvil", [], tmp_path / "log")


def test_two_nodes_sent_to_one_port_at_once_are_two(tmp_path: Path) -> None:
    port, together = abandoned_port(), Barrier(2)

    def start(name: str) -> tuple[Process, str]:
        together.wait()
        return start_anvil(ANVIL, [], tmp_path / name, Port(port))

    # The kernel ends a child with the thread that started it: the pool stays until the end.
    with ThreadPoolExecutor(2) as pool:
        nodes = list(pool.map(start, ["one", "other"]))
        try:
            for blocks, (_, url) in enumerate(nodes, start=1):
                Node(url).rpc.request("anvil_mine", hex(blocks), null_allowed=True)
            assert [Node(url).head().number for _, url in nodes] == [1, 2]
            assert all(process.alive for process, _ in nodes)
        finally:
            for process, _ in nodes:
                process.stop()


def test_the_api_names_a_listener_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--state", str(tmp_path), "--rpc", "http://127.0.0.1:1"]
    asked += ["--watermark", "http://127.0.0.1:1", "--deployment", str(tmp_path / "none.json")]
    with (tmp_path / "file").open("w") as file, pytest.raises(SystemExit):
        api_process.main([*asked, "--listener", str(file.fileno())])

    assert "is no open socket" in capsys.readouterr().err


def test_a_port_that_was_asked_for_is_that_one_or_none(taken_port: int, tmp_path: Path) -> None:
    asked = Port(taken_port, "--node-port", is_asked=True)

    for taking in (
        lambda: listen(asked),
        lambda: start_anvil(ANVIL, [], tmp_path / "log", asked),
    ):
        with pytest.raises(PortTaken, match=f"port {taken_port} is taken: ") as refused:
            taking()
        assert f"(process {os.getpid()}) listens there" in str(refused.value)
        assert "another --node-port" in str(refused.value)


def test_a_free_port_that_was_asked_for_is_taken() -> None:
    port = abandoned_port()

    with listen(Port(port, "--port", is_asked=True)) as listener:
        assert listener.getsockname()[1] == port
        assert f"(process {os.getpid()})" in who_listens(port)
    assert who_listens(port) == ""
