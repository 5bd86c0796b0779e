"""How long a signed report waits until it is in a block, beside web3.py sending on the same chain.

    python -m benchmarks.inclusion                        200 reports, a block every 2 seconds
    python -m benchmarks.inclusion --block-seconds 12 --reports 100

A report is an operator's on a found copy. This process files it into the outbox (SQLite,
synchronous=FULL); the worker, `python -m oracle run` as it is, finds it there, judges it, has it
signed by five operators, stores its transaction and posts it to DirectReports. The clock starts
when filing has returned, and stops when the node tells a subscriber of the report's block. At
moments of its own, web3.py sends a transfer that is signed already and waits for its receipt at its
default; it has nothing to judge or to store. Both come at random, so both wait for the next block.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.inclusion.peer import Handed, Heads, Peer
from chain.client.node import Node
from chain.indexer.database import open_database
from chain.indexer.follow import Follower
from chain.indexer.store import Store
from chain.ledger.identifiers import Digest
from chain.ledger.usage import UsageEvent, UsageKind
from chain.provenance import FsBlockStore
from oracle.chain_view import ChainView
from oracle.opening import identity_of
from oracle.outbox import Outbox
from oracle.service import OracleKeys, OracleService
from tests.devnet import ACCOUNTS, PLATFORM, Devnet, deploy_all, dev_signers, running_anvil
from tests.heritage import UNIT_PRICE, Heritage, build_heritage
from tests.oracle.conftest import World, sha
from tests.oracle.operator_processes import RunningProcess, start, stopping

# Beyond one block, for 95 of 100.
TARGET_SECONDS: Final = 0.5
# After the last report nothing is waited for longer than so many blocks.
BLOCKS_MAX: Final = 20


def main(argv: list[str] | None = None) -> int:
    asked = _arguments(argv)
    with running_anvil() as endpoint, TemporaryDirectory() as scratch:
        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers), signers)
        heritage = build_heritage(devnet)
        devnet.pass_time(60)
        _deposit(devnet, asked.reports * UNIT_PRICE)
        world = _world(devnet, heritage, Path(scratch))
        # One licence, so that one report is one use.
        world.service.file_generation_log(world.log(licence_ids=heritage.generation[:1]))
        devnet.rpc("evm_setAutomine", False)
        devnet.rpc("evm_setIntervalMining", asked.block_seconds)
        worker = _worker(world, endpoint)
        with stopping(worker):
            _measure(world, worker, endpoint, asked)
        world.outbox.close()
    return 0


def _measure(
    world: World, worker: RunningProcess, endpoint: str, asked: argparse.Namespace
) -> None:
    heads = Heads(endpoint)
    # The log's own use says that the worker works.
    _wait_for(world, worker, 1, asked.block_seconds)
    peer = Peer(endpoint, world.devnet, asked.block_seconds, asked.seed + 1)
    peer.start()
    chance = random.Random(asked.seed)
    cpu, begin = _cpu_seconds(worker.child.pid), time.perf_counter()
    filed: dict[Digest, float] = {}
    for number in range(asked.reports):
        time.sleep(chance.expovariate(1 / asked.every))
        signed = world.found(number % 5, subject_pcm_sha256=sha(f"copy {number}"))
        world.service.file_detection(signed)
        report = signed.report
        event = UsageEvent(
            UsageKind.DETECTION,
            world.heritage.generation[0],
            world.heritage.generation_id,
            report.subject_pcm_sha256,
            report.observed_at,
        )
        filed[event.event_id] = time.perf_counter()
    blocks = _wait_for(world, worker, asked.reports + 1, asked.block_seconds)
    seconds = time.perf_counter() - begin
    cpu = _cpu_seconds(worker.child.pid) - cpu
    peer.enough.set()
    peer.join()
    ours = [Handed(at, blocks[event]) for event, at in filed.items()]
    print(
        f"A block every {asked.block_seconds} s, {asked.reports} reports, one every {asked.every} s"
        f" on average, seed {asked.seed}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
    )
    print("\n".join(_table(ours, peer, heads.heard, asked.block_seconds)))
    print(f"\nThe worker took {100 * cpu / seconds:.1f} % of one core.")


def _table(
    ours: Sequence[Handed], peer: Peer, heard: dict[int, float], block_seconds: int
) -> Iterator[str]:
    yield "| | n | p50 s | p95 s | max s | in the first block after |"
    yield "|---|--:|--:|--:|--:|--:|"
    for name, handed in (
        ("Antiphon: signed report filed, its post in a block", ours),
        ("web3.py: `send_raw_transaction`, its transfer in a block", peer.handed),
    ):
        waits = [heard[each.block] - each.at for each in handed]
        first = sum(heard.get(each.block - 1, 0.0) <= each.at for each in handed)
        yield f"| {name} | {len(waits)} | {_spread(waits)} | {100 * first / len(waits):.0f} % |"
    name = "web3.py: until `wait_for_transaction_receipt` returns"
    yield f"| {name} | {len(peer.noticed)} | {_spread(peer.noticed)} | |"
    waits = sorted(heard[each.block] - each.at for each in ours)
    met = _share(waits, 0.95) <= block_seconds + TARGET_SECONDS
    said = "met" if met else "missed"
    yield f"\nTarget, p95 of {block_seconds + TARGET_SECONDS} s: {said}."


def _spread(waits: Sequence[float]) -> str:
    ordered = sorted(waits)
    return f"{_share(ordered, 0.5):.2f} | {_share(ordered, 0.95):.2f} | {ordered[-1]:.2f}"


def _share(ordered: Sequence[float], share: float) -> float:
    """The smallest value that so large a share does not exceed."""
    return ordered[max(-(-int(share * 1_000) * len(ordered) // 1_000) - 1, 0)]


def _wait_for(
    world: World, worker: RunningProcess, reports: int, block_seconds: int
) -> dict[Digest, int]:
    """In which block each report is, once there are so many. Raises TimeoutError."""
    until, found = time.monotonic() + BLOCKS_MAX * block_seconds, []
    while time.monotonic() < until:
        time.sleep(block_seconds / 4)
        world.view.refresh()
        found = world.view.store.direct_reports(at=world.view.store.head())
        if len(found) >= reports:
            return {record.event_id: record.place.block_number for record in found}
    raise TimeoutError(f"{len(found)} of {reports} reports posted: {worker.log.read_text()}")


def _world(devnet: Devnet, heritage: Heritage, folder: Path) -> World:
    """Somebody who files, beside the worker."""
    engine = open_database(f"sqlite:///{folder / 'filing.sqlite'}")
    follower = Follower(devnet.node, devnet.deployment, engine)
    view = ChainView(devnet.node, Store(engine), devnet.deployment, follower.catch_up, 0)
    blocks = FsBlockStore(folder / "blocks")
    identity = identity_of(devnet.node, devnet.deployment)
    outbox = Outbox(folder / "outbox.sqlite", identity, roles=())
    keys = OracleKeys((), None, None)
    service = OracleService(outbox, view, blocks, keys, devnet.deployment.token)
    return World(devnet, heritage, folder, service, outbox, view, blocks, ())


def _worker(world: World, endpoint: str) -> RunningProcess:
    file = world.devnet.deployment.write(world.folder / "deployment.json")
    variables = {
        "ANTIPHON_RPC_URL": endpoint,
        "ANTIPHON_DEPLOYMENT": str(file),
        "ANTIPHON_INDEX_URL": f"sqlite:///{world.folder / 'index.sqlite'}",
        "ANTIPHON_OUTBOX": str(world.folder / "outbox.sqlite"),
        "ANTIPHON_BLOCKS": str(world.folder / "blocks"),
        "ANTIPHON_DIRECT_PRICE": "1",
    }
    return start(["oracle", "run"], world.folder, "worker", variables, serves=False)


def _deposit(devnet: Devnet, amount: int) -> None:
    platform, contract = devnet.signers[PLATFORM], devnet.direct_reports
    amount += UNIT_PRICE
    devnet.token.approve(contract.address, amount, signer=platform)
    contract.deposit(platform.address, devnet.deployment.token, amount, signer=platform)


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inclusion", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--block-seconds", type=int, default=2)
    parser.add_argument("--every", type=float, default=1.0, help="seconds, on average")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
