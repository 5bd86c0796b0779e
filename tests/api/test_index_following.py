"""Many readers, and the oracle beside them, bring one index up to the node's head together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api.application import Application
from tests.api.small_ledger import SmallLedger

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
