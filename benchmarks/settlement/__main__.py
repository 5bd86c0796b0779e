"""Usage events settled per second: signed segments over HTTP, to a final root on a real node.

    python -m benchmarks.settlement                       # 1,000,000 events, columns
    python -m benchmarks.settlement --events 1e5 --calculator both

One machine does everything: the producer's client, the API (uvicorn on a socket), the outbox in
SQLite (WAL, synchronous=FULL), the block store, sealing, as many operators as the contract asks for
(each recomputes the epoch before it signs), and posting to anvil. CPU seconds are this process's,
anvil's not included. Making and signing the segments is the producer's work and not counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import numpy as np
import uvicorn

from api.application import Application, Settings
from api.http.app import create_app
from benchmarks.settlement.kept import kept
from chain.client.signer import LocalSigner
from chain.columns.keccak import BATCH
from chain.settlement.segments import (
    RECORD,
    SEGMENT_EVENTS_MAX,
    Segment,
    SegmentOrigin,
    decode_record,
    encode_segment,
)
from oracle.opening import identity_of
from oracle.operator import Calculator
from oracle.outbox import Outbox
from oracle.service import OracleKeys, OracleService
from tests.devnet import (
    ACCOUNTS,
    FIRST_OPERATOR,
    PLATFORM,
    RELAY,
    Devnet,
    deploy_all,
    dev_signers,
    running_anvil,
)
from tests.heritage import Heritage, build_heritage

FUNDS: Final = 10**12
EVENTS_MAX: Final = 1_000_000


class Stages:
    """Wall and CPU seconds by stage, in their order."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.rows.append((name, time.perf_counter() - wall, time.process_time() - cpu))

    def table(self, events: int) -> Iterator[str]:
        yield "| stage | wall s | CPU s | events per wall s | events per CPU s |"
        yield "|---|--:|--:|--:|--:|"
        total = ("**signed segments to final root**", *map(sum, zip(*[r[1:] for r in self.rows],
                                                                    strict=True)))  # fmt: skip
        for name, wall, cpu in [*self.rows, total]:
            yield (
                f"| {name} | {wall:.2f} | {cpu:.2f} | {events / wall:,.0f} | "
                f"{events / max(cpu, 0.005):,.0f} |"
            )


def main(argv: list[str] | None = None) -> int:
    asked = _arguments(argv)
    with running_anvil() as endpoint, tempfile.TemporaryDirectory() as scratch:
        from chain.client.node import Node

        node = Node(endpoint)
        signers = dev_signers(ACCOUNTS, chain_id=node.chain_id)
        devnet = Devnet(node, deploy_all(node, signers), signers)
        heritage = build_heritage(devnet)
        devnet.pass_time(60)
        _fund(devnet)
        _measure(devnet, heritage, Path(scratch), endpoint, asked)
    return 0


def _measure(
    devnet: Devnet, heritage: Heritage, folder: Path, endpoint: str, asked: argparse.Namespace
) -> None:
    deployment = devnet.deployment
    file = deployment.write(folder / "deployment.json")
    app = Application(Settings(folder / "state", endpoint, "http://127.0.0.1:9", file))
    outbox = Outbox(app.settings.oracle.outbox, identity_of(devnet.node, deployment))
    signing = devnet.signers[FIRST_OPERATOR : FIRST_OPERATOR + deployment.threshold]
    service = OracleService(
        outbox,
        app.view,
        app.blocks,
        OracleKeys(signing, signing[0], devnet.signers[RELAY]),
        deployment.token,
        calculator=asked.calculator,
    )
    segments = signed_segments(devnet, heritage, asked.events, asked.seed)
    stages = Stages()
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        client.get("/v1/usage").raise_for_status()
        with stages.stage(f"file {len(segments)} segments over HTTP"):
            accepted = [client.post("/v1/usage/segments", content=s) for s in segments]
        assert sum(answer.json()["accepted"] for answer in accepted) == asked.events
    with stages.stage("seal: count, divide, both trees, papers"):
        row = service.seal_epoch()
    with stages.stage(f"{len(signing)} operators recompute and sign"):
        service.collect_signatures()
    with stages.stage("post, and see it final"):
        row = service.post_epoch()
    assert (row.state.value, row.report.event_count) == ("FINAL", asked.events), row
    outbox.close()
    print(
        f"{asked.events:,} events, seed {asked.seed}, calculator {asked.calculator.value}, "
        f"hash {BATCH.name}\n"
    )
    print("\n".join(stages.table(asked.events)))
    (record,) = app.store.epochs(at=app.refresh())
    posting = [
        log for log in app.store.logs(at=app.refresh())
        if log.block_number == record.place.block_number
    ]  # fmt: skip
    receipt = devnet.node.receipt(posting[0].tx_hash)
    assert receipt is not None
    gas = receipt.gas_used
    print(f"\nGas of the report: {gas:,}, {gas / asked.events:.3f} an event.\n")
    print("\n".join(kept(app.settings.state, asked.events)))


def signed_segments(devnet: Devnet, heritage: Heritage, count: int, seed: int) -> list[bytes]:
    """Plays of one derivative under one licence, each from its own log line; as the API takes
    them."""
    random = np.random.default_rng(seed)
    records = np.zeros(count, RECORD)
    records["kind"] = 2
    records["licence_id"] = heritage.distribution
    records["generation_id"] = heritage.generation_id
    records["source_key"] = random.integers(0, 256, (count, 32), dtype=np.uint8)
    now = devnet.node.head().timestamp
    records["occurred_at"] = now - random.integers(0, 30, count).astype(np.uint64)
    platform = devnet.signers[PLATFORM]
    chain_id = devnet.deployment.chain_id
    origin = SegmentOrigin(chain_id, devnet.oracle.address, platform.address)
    return [
        _signed(records[first : first + SEGMENT_EVENTS_MAX], origin, platform)
        for first in range(0, count, SEGMENT_EVENTS_MAX)
    ]


def _signed(records: np.ndarray, origin: SegmentOrigin, platform: LocalSigner) -> bytes:
    # The header of a segment of as many events; the records are as they are stored.
    one = encode_segment([decode_record(record) for record in records], origin)
    digest = Segment.of(one).signing_digest()
    return one + platform.sign_digest(digest, chain_id=origin.chain_id)


def _fund(devnet: Devnet) -> None:
    platform, token = devnet.signers[PLATFORM], devnet.deployment.token
    devnet.token.mint(platform.address, FUNDS, signer=platform)
    devnet.token.approve(devnet.distributor.address, FUNDS, signer=platform)
    devnet.distributor.fund(token, FUNDS, signer=platform)


@contextmanager
def serving(app: Application) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(create_app(app), host="127.0.0.1", port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.settlement", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--events", type=_count, default=EVENTS_MAX, help="such as 1e5")
    parser.add_argument(
        "--calculator", type=Calculator, default=Calculator.COLUMNS, help="both or columns"
    )
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(argv)


def _count(text: str) -> int:
    count = int(float(text))
    if not 1 <= count <= EVENTS_MAX:
        raise argparse.ArgumentTypeError(f"{text} events, not 1 to {EVENTS_MAX:,}: one epoch's")
    return count


if __name__ == "__main__":
    sys.exit(main())
