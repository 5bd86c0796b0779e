"""Usage over HTTP, four operators, PostgreSQL, and a relay that dies again and again: every payee
is paid once.

Every part is a process of its own, as on several machines: an API that files, one that seals and
collects, one that sends, and four operators with their own keys, indexes, memories and blocks. They
share nothing but the node, the database and what the API gives by content id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from chain.ledger.rights import BPS_WHOLE
from chain.ledger.usage import UsageEvent
from chain.provenance import Codec, FsBlockStore
from oracle.epoch_book import EpochBook, EpochRow, EpochState
from oracle.opening import identity_of
from oracle.outbox import Outbox
from oracle.transaction_book import TransactionBook
from oracle.transmitting import AttestedEpoch
from oracle.usage_book import UsageBook
from tests.devnet import (
    FIRST_OPERATOR,
    RELAY,
)
from tests.flows.plays import FUNDS, Played, played_chain
from tests.heritage import UNIT_PRICE
from tests.oracle.operator_processes import (
    RunningProcess,
    deployment_file,
    start,
    start_operator,
)
from tests.postgres import Server, running_postgres

OPERATORS = 4
FIRST_PLAYS, LATER_PLAYS = 1_000, 333
WAIT_SECONDS = 240.0


@dataclass
class Town(Played):
    """The running parts."""

    folder: Path
    chain: Mapping[str, str]
    shared: Mapping[str, str]
    api: RunningProcess
    processes: list[RunningProcess] = field(default_factory=list)

    def run(self, role: str, name: str) -> RunningProcess:
        """`python -m oracle run` in one role, with an index and a folder of blocks of its own."""
        variables = {
            **self.shared,
            "ANTIPHON_INDEX_URL": f"sqlite:///{self.folder / role}.sqlite",
            "ANTIPHON_BLOCKS": str(self.folder / role),
            "ANTIPHON_ORACLE_POLL_SECONDS": "0",
        }
        command = ["oracle", "run", "--role", role]
        process = start(command, self.folder, name, variables, serves=False)
        self.processes.append(process)
        return process

    def file(self, events: list[UsageEvent]) -> int:
        """Hand a signed segment in over HTTP; how many of its events were new."""
        return self.hand_in(self.api.url, events)

    def last(self) -> EpochRow | None:
        with self.outbox.reading() as connection:
            return EpochBook(connection).last()

    def attempts(self) -> dict[str, int]:
        with self.outbox.reading() as connection:
            return TransactionBook(connection).counts()

    def wait(self, what: str, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not happened():
            logs = {p.log.name: p.log.read_text()[-600:] for p in self.processes}
            assert time.monotonic() < deadline, f"never {what}: {logs}"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def town(tmp_path: Path, postgres: Server) -> Iterator[Town]:
    with ExitStack() as cleanup:
        devnet, heritage = cleanup.enter_context(played_chain(operator_count=OPERATORS, faults=1))
        node, deployment = devnet.node, devnet.deployment

        place = postgres.new_outbox()
        state = tmp_path / "api"
        state.mkdir()
        chain = {
            "ANTIPHON_RPC_URL": node.endpoint,
            "ANTIPHON_DEPLOYMENT": str(deployment_file(deployment, tmp_path / "deployment.json")),
        }
        shared = {
            **chain,
            "ANTIPHON_OUTBOX_URL": place,
            "ANTIPHON_RELAY_KEY": f"dev:{RELAY}",
        }
        outbox = Outbox(place, identity_of(node, deployment), roles=())
        cleanup.callback(outbox.close)
        command = ["api", "--state", str(state), "--rpc", node.endpoint]
        command += ["--watermark", "http://127.0.0.1:9"]
        command += ["--deployment", chain["ANTIPHON_DEPLOYMENT"]]
        api = start(command, tmp_path, "api", shared, serves=True)
        made = Town(devnet, heritage, outbox, tmp_path, chain, shared, api, [api])
        cleanup.callback(lambda: [process.kill() for process in made.processes])
        operators = [
            start_operator(tmp_path, FIRST_OPERATOR + i, chain, api.url) for i in range(OPERATORS)
        ]
        made.processes += operators
        made.shared = {
            **shared,
            "ANTIPHON_OPERATORS": " ".join(operator.url for operator in operators),
        }
        for process in (api, *operators):
            process.wait_ready()
        yield made


def expected_units(town: Town, plays: int) -> dict[str, int]:
    """Floors of each payee's part of so many plays of the gong, computed the plain way."""
    split = town.heritage.splits[town.heritage.works[0]]
    return {s.payee: plays * UNIT_PRICE * s.bps // BPS_WHOLE for s in split.shares}


def claimed(town: Town) -> dict[str, int]:
    at, token = town.devnet.node.head(), town.devnet.deployment.token
    return {
        payee: town.devnet.distributor.claimed_by(token, payee, at=at)
        for payee in expected_units(town, 0)
    }


def test_a_relay_that_dies_again_and_again_pays_everybody_once(town: Town) -> None:
    devnet = town.devnet
    first = town.plays(0, FIRST_PLAYS)
    assert town.file(first[:600]) == 600
    # Sent again in another cut, as after a broken connection.
    assert town.file(first[300:]) == FIRST_PLAYS - 600
    dead = town.processes[1]
    dead.kill()

    # Nothing is mined while the relay dies with its transaction in the pool.
    devnet.rpc("evm_setAutomine", False)
    town.run("epoch", "sealing")
    relay = town.run("submit", "relay-1")
    town.wait("in the pool", lambda: town.is_sent("post:1"))
    relay.kill()
    row = town.last()
    assert row is not None
    assert (row.state, row.report.event_count) == (EpochState.QUEUED, FIRST_PLAYS)
    devnet.mine()
    assert devnet.oracle.last_epoch(at=devnet.node.head()) == 1

    # The next one finds it mined, activates its root, and dies before anybody is paid.
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    relay = town.run("submit", "relay-2")
    town.wait("activating", lambda: town.is_sent("activate:1"))
    relay.kill()
    devnet.mine()
    assert (
        devnet.distributor.active_root(devnet.deployment.token, at=devnet.node.head()) is not None
    )
    assert set(claimed(town).values()) == {0}

    # And the next one dies with the push in the pool; it is mined while nobody looks.
    relay = town.run("submit", "relay-3")
    town.wait("pushing", lambda: town.is_sent("push:1:0"))
    relay.kill()
    devnet.mine()
    devnet.rpc("evm_setAutomine", True)

    # More use comes, some of it paid already; the dead operator stays away.
    assert town.file(town.plays(FIRST_PLAYS - 100, LATER_PLAYS + 100)) == LATER_PLAYS
    town.run("submit", "relay-4")
    town.wait("a second epoch", lambda: town.is_final(2))
    devnet.pass_time(devnet.deployment.window_seconds + 1)
    town.wait("paid", lambda: town.is_final(2, pushed=True))

    everything = expected_units(town, FIRST_PLAYS + LATER_PLAYS)
    assert claimed(town) == everything
    at, token = devnet.node.head(), devnet.deployment.token
    lane = devnet.distributor.lane_of(token, at=at)
    second = town.last()
    assert second is not None
    assert lane.claimed == lane.committed == second.report.cumulative_total
    assert lane.funded == FUNDS
    assert devnet.token.balance_of(devnet.distributor.address, at=at) == FUNDS - lane.claimed
    assert devnet.oracle.last_epoch(at=at) == 2
    town.wait("final", lambda: set(town.attempts()) == {"FINAL"})
    with town.outbox.reading() as connection:
        events = UsageBook(connection).event_counts()
    assert events == {"counted": FIRST_PLAYS + LATER_PLAYS}
    check_what_the_api_gives(town, second)


def check_what_the_api_gives(town: Town, row: EpochRow) -> None:
    """Whatever an epoch is made of, and what anybody may transmit; no other block."""
    attested = httpx.get(f"{town.api.url}/v1/epochs/{row.number}/attested", timeout=60.0).json()
    assert AttestedEpoch.from_json(attested).report == row.report
    assert len(attested["signatures"]) == OPERATORS - 1
    block = httpx.get(f"{town.api.url}/ipfs/{row.evidence_cid}?format=raw", timeout=60.0)
    assert row.evidence_cid.matches(block.content)
    private = FsBlockStore(town.folder / "api" / "blocks").put(Codec.RAW, b"nobody published this")
    assert httpx.get(f"{town.api.url}/ipfs/{private}", timeout=60.0).status_code == 404
    assert httpx.get(f"{town.api.url}/ipfs/nonsense", timeout=60.0).status_code == 404
