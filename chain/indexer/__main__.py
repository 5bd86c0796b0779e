"""python -m chain.indexer follow | repair | audit | reindex | rebuild | status

    follow    index up to the head and go on until interrupted
    repair    undo a reorganisation that was too deep to undo without being asked to, and go on
    audit     compare stored blocks, chosen by chance, with the chain; more with --blocks
    reindex   build the index anew beside the one in use, then take its place
    rebuild   drop the index and replay it from the deployment's first block
    status    print how far the index is, as JSON

Read from the environment: ANTIPHON_RPC_URL, ANTIPHON_RPC_WITNESSES (addresses with spaces
between), ANTIPHON_DEPLOYMENT, ANTIPHON_INDEX_URL, ANTIPHON_REORG_DEPTH.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import signal
import sys
import threading
from typing import Final

from sqlalchemy import Engine

from chain.client.deployment import Deployment
from chain.client.errors import ClientError
from chain.client.node import Node
from chain.indexer.audit import AUDIT_BLOCKS
from chain.indexer.cursor import read_status, rebuild
from chain.indexer.database import open_database
from chain.indexer.errors import IndexerError
from chain.indexer.follow import Follower
from chain.indexer.reindex import reindex
from chain.settings import ChainSettings, SettingsInvalid

FAILED: Final = 1


def follow(settings: ChainSettings, _: argparse.Namespace) -> None:
    """Index until interrupted."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _follower(settings).follow(stop)


def repair(settings: ChainSettings, _: argparse.Namespace) -> None:
    """Undo as much as the chain did, and go on from there."""
    progress = _follower(settings).repair()
    sys.stdout.write(f"{progress.rolled_back} blocks undone, {progress.blocks} indexed anew\n")


def audit_index(settings: ChainSettings, asked: argparse.Namespace) -> None:
    """Look again at stored blocks."""
    _follower(settings).audit(asked.blocks, random.Random())  # noqa: S311 (no secret)
    sys.stdout.write(f"up to {asked.blocks} stored blocks are as the chain has them\n")


def index_anew(settings: ChainSettings, _: argparse.Namespace) -> None:
    """Build the index from zero while the old one still answers."""
    engine = open_database(settings.index_url)
    progress = reindex(engine, lambda fresh: _follower(settings, fresh))
    sys.stdout.write(f"{progress.blocks} blocks, {progress.logs} logs, in the old one's place\n")


def rebuild_index(settings: ChainSettings, _: argparse.Namespace) -> None:
    """Drop the index and replay it."""
    rebuild(open_database(settings.index_url))
    progress = _follower(settings).catch_up()
    sys.stdout.write(f"{progress.blocks} blocks, {progress.logs} logs\n")


def status(settings: ChainSettings, _: argparse.Namespace) -> None:
    """Print how far the index is."""
    found = read_status(open_database(settings.index_url))
    document = {
        "projectionVersion": found.projection_version,
        "chainId": found.chain_id,
        "block": found.cursor.number,
        "blockHash": "0x" + found.cursor.hash.hex(),
        "blocksBehind": found.blocks_behind,
        "reorganisations": found.reorg_count,
        "deepestReorganisation": found.deepest_reorg,
        "quarantinedLogs": found.quarantined,
        "pausedReason": found.paused_reason,
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _follower(settings: ChainSettings, engine: Engine | None = None) -> Follower:
    return Follower(
        Node(settings.rpc_url),
        Deployment.load(settings.deployment_path),
        engine or open_database(settings.index_url),
        depth=settings.reorg_depth,
        witnesses=[Node(url) for url in settings.witness_urls],
    )


COMMANDS: Final = {
    "follow": follow,
    "repair": repair,
    "audit": audit_index,
    "reindex": index_anew,
    "rebuild": rebuild_index,
    "status": status,
}


def main(arguments: list[str]) -> int:
    """Run one command; 1 with a plain sentence when it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m chain.indexer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("--blocks", type=int, default=AUDIT_BLOCKS, help="of an audit")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        COMMANDS[asked.command](ChainSettings.parse(os.environ), asked)
    except (ClientError, IndexerError, SettingsInvalid) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
