"""Many readers, and the oracle beside them, bring one index up to the node's head together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fastapi.testclient import TestClient

from api.application import Application
from api.http.app import create_app
from chain.client.sending import send
from tests.api.small_ledger import SmallLedger
from tests.devnet import COUNCIL

READERS = 4
ROUNDS = 6
BLOCKS = 120


def test_readers_and_another_process_may_follow_one_index_at_once(
    ledger: SmallLedger, writable: Application, tmp_path: Path
) -> None:
    # The API and the oracle: two processes that know nothing of each other, one index.
    beside = ledger.reopen(tmp_path / "state")
    seen: list[int] = []
    with ThreadPoolExecutor(2 * READERS) as pool:
        for _ in range(ROUNDS):
            ledger.devnet.mine(BLOCKS)
            head = ledger.devnet.node.head().number
            tasks = [pool.submit(a.refresh) for a in (writable, beside) for _ in range(READERS)]
            seen += [task.result().number - head for task in tasks]

    assert seen == [0] * (2 * READERS * ROUNDS)


def test_health_tells_how_far_the_index_is_and_what_is_paused(
    ledger: SmallLedger, writable: Application
) -> None:
    writable.refresh()
    pause = ledger.devnet.ledger.call("pause")
    council = ledger.devnet.signers[COUNCIL]
    send(ledger.devnet.node, pause, signer=council)

    # Not over the ledger that all tests read: its index would know a block that is taken back.
    with TestClient(create_app(writable)) as http:
        pinned = http.get("/v1/works")
        index = http.get("/health").json()["index"]

    assert pinned.status_code == 200
    assert index["block"] == ledger.devnet.node.head().number
    assert (index["quarantined_logs"], index["paused_reason"]) == (0, None)
    assert list(index["paused_contracts"]) == ["RoyaltyLedger"]
