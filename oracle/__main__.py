"""python -m oracle run | status | replay | resume | operator

    run      keep the direct lane, seal, sign, post and pay epochs until interrupted
    status   print how everything stands, as JSON
    replay   send again what was signed but is not final, recompute every epoch, and stop
    resume   let paused relay keys send again, after you have looked at what paused them
    operator sign for one key, asked over HTTP: see `python -m oracle operator --help`

Read from the environment: ANTIPHON_RPC_URL, ANTIPHON_DEPLOYMENT, ANTIPHON_INDEX_URL,
ANTIPHON_OUTBOX (a file) or ANTIPHON_OUTBOX_URL (postgresql://…), ANTIPHON_BLOCKS,
ANTIPHON_ORACLE_KEYS, ANTIPHON_TOKEN, ANTIPHON_FINAL_DEPTH, ANTIPHON_ORACLE_POLL_SECONDS;
for the relay ANTIPHON_RPC_WITNESSES, ANTIPHON_HEAD_AGE_SECONDS, ANTIPHON_FEE_CAP_GWEI,
ANTIPHON_BUMP_BLOCKS, ANTIPHON_IN_FLIGHT_MAX. Where operators are processes of their own:
ANTIPHON_OPERATORS (their addresses), ANTIPHON_OPERATORS_TOKEN, ANTIPHON_OPERATORS_SECONDS,
ANTIPHON_RELAY_KEY, ANTIPHON_PRODUCER_KEY and ANTIPHON_PASSPHRASE_FILE (see chain.client.keys).
What each alarm asks for: docs/OPERATING.md.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from chain.client.errors import ClientError, KeyRefused, WrongChain
from chain.indexer.errors import IndexerError
from chain.ledger.errors import LedgerError
from chain.provenance import ProvenanceError
from chain.settings import SettingsInvalid
from oracle.errors import EpochSuperseded, HistoryMismatch, OracleError, OutboxError
from oracle.opening import open_oracle
from oracle.operators.process import main as operator
from oracle.service import OracleService
from oracle.settings import OracleSettings

FAILED: Final = 1
# Going on would make these worse.
FATAL: Final = (EpochSuperseded, HistoryMismatch, OutboxError, WrongChain, KeyRefused)
WAITED_FOR: Final = (OracleError, ClientError, IndexerError, ProvenanceError)
REFUSALS: Final = (
    OracleError,
    ClientError,
    IndexerError,
    LedgerError,
    ProvenanceError,
    SettingsInvalid,
    OSError,
)


def run(service: OracleService, settings: OracleSettings) -> None:
    """Tick until interrupted. What time or people may mend is told and waited for."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    told: list[str] = []
    while not stop.is_set():
        try:
            report = service.tick()
            done, troubles = report.done, report.troubles
        except FATAL:
            raise
        except WAITED_FOR as trouble:
            done, troubles = [], [str(trouble)]
        for line in done:
            _say(line)
        # The same trouble is told once, not at every tick.
        for line in troubles:
            if line not in told:
                _say(f"waiting: {line}")
        told = troubles
        stop.wait(settings.poll_seconds)


def status(service: OracleService, _settings: OracleSettings) -> None:
    """Print how everything stands."""
    found, opened = service.status(), service.open_epoch_status()
    document = {
        "block": found.block.number,
        "events": found.events,
        "transactions": found.transactions,
        "nextEpoch": {
            "number": opened.next_epoch,
            "waitingEvents": opened.waiting_events,
            "attributedEvents": opened.attributed_events,
            "withheld": [
                {
                    "evidence": "0x" + evidence.hex(),
                    "licence": withheld.licence_id,
                    "reason": str(withheld.reason),
                }
                for evidence, withheld in opened.withheld
            ],
        },
        "epochs": [
            {
                "number": row.number,
                "state": str(row.state),
                "pushed": row.pushed,
                "events": row.report.event_count,
                "cumulativeTotal": str(row.report.cumulative_total),
                "payouts": str(row.payouts_cid),
                "signers": list(found.signatures[row.number]),
            }
            for row in found.epochs
        ],
    }
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def replay(service: OracleService, _settings: OracleSettings) -> None:
    """Send again what is not final, and recompute every posted epoch from its segments."""
    service.resend()
    for prior in service.replay():
        _say(f"epoch {prior.epoch} follows from its segments: 0x{prior.report_hash.hex()}")
    _say("nothing is lost and nothing differs")


def resume(service: OracleService, _settings: OracleSettings) -> None:
    """Let paused relay keys send again."""
    resumed = service.resume_relay()
    for key in resumed:
        _say(f"{key} sends again")
    if not resumed:
        _say("no relay key was paused")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


COMMANDS: Final[dict[str, Callable[[OracleService, OracleSettings], None]]] = {
    "run": run,
    "status": status,
    "replay": replay,
    "resume": resume,
}


def main(arguments: list[str]) -> int:
    """Run one command; 1 with a plain sentence when it cannot be done."""
    if arguments[:1] == ["operator"]:
        return operator(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m oracle",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=[*sorted(COMMANDS), "operator"])
    command = parser.parse_args(arguments).command
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = OracleSettings.parse(os.environ)
        with open_oracle(settings, worker=command != "status") as service:
            COMMANDS[command](service, settings)
    except REFUSALS as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except sa.exc.SQLAlchemyError as error:
        sys.stderr.write(f"a database cannot be used: {error.args[0]}\n")
        return FAILED
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
