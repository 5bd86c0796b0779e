"""Claims sent by the oracle's own relay while it is killed and its node fails, lies and forks.

Each schedule is one of the fault campaign's own, with payees' claims in the place of its plain
transactions: what must happen once is that somebody is paid.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chain.client.blocks import Call
from tests.devnet import Devnet
from tests.faults.bench_chain import BenchChain
from tests.faults.proxy import running_proxy
from tests.faults.schedule import INTENTS, Schedule, Tally


class ClaimSchedule(Schedule):
    """A schedule whose intents are calls to one contract."""

    def __init__(
        self, seed: int, chain: BenchChain, proxy: str, place: Path, tally: Tally, calls: list[Call]
    ) -> None:
        super().__init__(seed, chain, proxy, place, tally)
        target = calls[0].to
        assert target is not None
        self._job = replace(self._job, target=target)
        self._data = dict(zip(self.intents, (call.data for call in calls), strict=True))

    def _ask(self, **command: Any) -> dict[str, Any]:
        if command["do"] == "decide":
            command["data"] = self._data[command["intent"]].hex()
        return super()._ask(**command)

    def settled(self) -> list[Counter[str]]:
        """How often each call was mined, by the receipt's status. What a thief of a key sent has
        other data, and is not the relay's."""
        found = {data: Counter[str]() for data in self._data.values()}
        for number in range(self._begin + 1, self._chain.height() + 1):
            block = self._chain.rpc("eth_getBlockByNumber", hex(number), True)
            for transaction in block["transactions"]:
                data = bytes.fromhex(transaction["input"][2:])
                if data in found:
                    receipt = self._chain.rpc("eth_getTransactionReceipt", transaction["hash"])
                    found[data][receipt["status"]] += 1
        return list(found.values())

    def check(self) -> None:
        """Nothing here: whoever runs it counts."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None


@dataclass
class Relayed:
    """`claims` the relay was asked for, `mined` transactions of them that are in the chain, and
    `failed` of those: reverted, or beyond the first. `lost` claims were not carried out at all."""

    claims: int = 0
    mined: int = 0
    failed: int = 0
    lost: int = 0


def relay_claims(
    devnet: Devnet, claims: Sequence[Call], dice: random.Random
) -> tuple[Relayed, Tally]:
    """Carry claims out, a few to a schedule. Raises Violation when a schedule does not come to its
    end."""
    tally, relayed = Tally(), Relayed()
    with running_proxy(devnet.node.endpoint) as proxy, TemporaryDirectory() as folder:
        for first in range(0, len(claims) - INTENTS + 1, INTENTS):
            lot = list(claims[first : first + INTENTS])
            place = Path(folder) / f"{first}.db"
            chain = BenchChain(devnet.node.endpoint)
            schedule = ClaimSchedule(dice.randrange(2**31), chain, proxy, place, tally, lot)
            schedule.run()
            for statuses in schedule.settled():
                relayed.claims += 1
                relayed.mined += statuses.total()
                relayed.failed += statuses.total() - min(statuses["0x1"], 1)
                relayed.lost += statuses["0x1"] == 0
    return relayed, tally
