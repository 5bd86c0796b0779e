"""Two stacks started at the same moment, both sent to the same ports, do not meet."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from api.stack import stack as stack_module
from api.stack.stack import ANVIL, Stack
from chain.client.node import Node
from watermark.client import WatermarkClient

pytestmark = pytest.mark.skipif(not ANVIL.exists(), reason="needs `make setup`")


def test_each_stack_talks_to_its_own_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NODE_PORT", "WATERMARK_PORT"):
        with socket.create_server(("127.0.0.1", 0)) as moment:
            monkeypatch.setattr(stack_module, name, moment.getsockname()[1])
    together = Barrier(2)

    def start(stack: Stack) -> None:
        together.wait()
        watermark = stack.start_watermark()
        together.wait()
        stack.start_node(persistent=False)
        watermark.wait_ready()

    # The kernel ends a child with the thread that started it: the pool stays until the end.
    with (
        ThreadPoolExecutor(2) as pool,
        Stack(tmp_path / "one") as one,
        Stack(tmp_path / "other") as other,
    ):
        list(pool.map(start, [one, other]))

        assert len({one.node_url, other.node_url, one.watermark_url, other.watermark_url}) == 4
        assert one.dead() is None
        assert other.dead() is None
        Node(one.node_url).rpc.request("anvil_mine", "0x3", null_allowed=True)
        assert (Node(one.node_url).head().number, Node(other.node_url).head().number) == (3, 0)
        keys = {
            WatermarkClient(url).health().key_id for url in (one.watermark_url, other.watermark_url)
        }
        assert len(keys) == 2, "each has drawn a key of its own"
