"""python -m oracle run | status | replay | rehearse | check | pause | resume | export
                 | operator | transmit

    run                  keep the direct lane, seal, sign, post and pay epochs until interrupted;
                         --role epoch: seal and collect signatures alone; --role submit: send alone
    status               print how everything stands, as JSON
    replay               send again what was signed but is not final, recompute every epoch, stop
    rehearse             what the next epoch would come to: every payee's difference, as JSON;
                         exit 3 when the contract would not take it. Nothing is kept
    check                what must hold for it to work, each with the next step; exit 3 when not
    pause LEVEL REASON   leave something undone until resumed: `seal` (no new epoch) or `submit`
                         (nothing is sent to the chain)
    resume LEVEL         end a pause
    resume               let paused relay keys send again, after a look at what paused them
    export EPOCH         print an attested epoch, for anybody to transmit
    operator             sign for one key, asked over HTTP: python -m oracle operator --help
    transmit FILE        post such an epoch with any key: python -m oracle transmit --help

Read from the environment: ANTIPHON_RPC_URL, ANTIPHON_DEPLOYMENT, ANTIPHON_INDEX_URL,
ANTIPHON_OUTBOX (a file) or ANTIPHON_OUTBOX_URL (postgresql://…), ANTIPHON_BLOCKS,
ANTIPHON_ORACLE_KEYS, ANTIPHON_TOKEN, ANTIPHON_FINAL_DEPTH, ANTIPHON_ORACLE_POLL_SECONDS,
ANTIPHON_EPOCH_SECONDS (the shortest time between two epochs; without it, a window by eleven);
for the relay ANTIPHON_RPC_WITNESSES, ANTIPHON_HEAD_AGE_SECONDS, ANTIPHON_FEE_CAP_GWEI,
ANTIPHON_BUMP_BLOCKS, ANTIPHON_IN_FLIGHT_MAX. Where operators are processes of their own:
ANTIPHON_OPERATORS (their addresses), ANTIPHON_OPERATORS_TOKEN, ANTIPHON_OPERATORS_SECONDS,
ANTIPHON_RELAY_KEY, ANTIPHON_PRODUCER_KEY and ANTIPHON_PASSPHRASE_FILE (see chain.client.keys).
For monitors ANTIPHON_ORACLE_MONITOR_PORT (/livez, /readyz and /metrics on the loopback address),
ANTIPHON_LOG=json (lines for programs), ANTIPHON_TRACING=1 (OpenTelemetry).
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
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from chain.client.errors import ClientError, KeyRefused, WrongChain
from chain.indexer.errors import IndexerError
from chain.ledger.errors import LedgerError
from chain.provenance import ProvenanceError
from chain.settings import SettingsInvalid
from oracle.errors import (
    EpochSuperseded,
    HistoryMismatch,
    LeaseLost,
    OracleError,
    OutboxError,
    OutboxInUse,
)
from oracle.lease import HELD, Role
from oracle.opening import open_oracle
from oracle.operations.checks import TROUBLES, Check
from oracle.operations.heartbeat import Heartbeat
from oracle.operations.json_logs import log_as_json
from oracle.operations.listening import HOST, listening, monitoring_app
from oracle.operations.numbers import Numbers
from oracle.operations.pausing import PauseLevel
from oracle.operations.rounds import rounds
from oracle.operations.spans import SWITCH, TracingUnavailable, turn_on
from oracle.operators.process import main as operator
from oracle.service import OracleService
from oracle.settings import OracleSettings
from oracle.transmitting import main as transmit

log = logging.getLogger(__name__)

FAILED: Final = 1
# What was asked is not so: the root would not be taken, or something is missing.
NOT_SO: Final = 3
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
    TracingUnavailable,
    OSError,
)


def run(service: OracleService, settings: OracleSettings, _words: Sequence[str]) -> int:
    """Tick until interrupted. What time or people may mend is told and waited for."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    heartbeat, numbers = Heartbeat(), Numbers(service.watch.readings, TROUBLES)
    told: list[str] = []
    with _monitored(service, settings, heartbeat, numbers):
        # Only uses that are reported by themselves are waited for more closely than the pace.
        watched = service.filings if settings.direct_price_min else None
        for whole in rounds(stop, settings.poll_seconds, watched):
            try:
                report = service.tick() if whole else service.tick_filed()
                done, troubles = report.done, report.troubles
            except FATAL:
                raise
            except WAITED_FOR as trouble:
                done, troubles = [], [str(trouble)]
            heartbeat.beat()
            numbers.tick("waiting" if troubles else "done")
            numbers.epochs(service.watch.newest_epochs())
            if not _json_logs():  # there, whoever did it has logged it with its ids
                for line in done:
                    _say(line)
            # The same trouble is told once, not at every tick.
            for line in troubles:
                if line not in told:
                    _say(f"waiting: {line}")
            told = troubles
    return 0


@contextmanager
def _monitored(
    service: OracleService, settings: OracleSettings, heartbeat: Heartbeat, numbers: Numbers
) -> Iterator[None]:
    if settings.monitor_port is None:
        yield
        return

    def checks() -> tuple[Check, ...]:
        return service.watch.checks(settings.blocks_folder)

    with listening(monitoring_app(heartbeat, checks, numbers), settings.monitor_port) as port:
        _say(f"monitors ask http://{HOST}:{port}/readyz")
        yield


def status(service: OracleService, _settings: OracleSettings, _words: Sequence[str]) -> int:
    """Print how everything stands."""
    found, opened = service.status(), service.open_epoch_status()
    document = {
        "block": found.block.number,
        "events": found.events,
        "transactions": found.transactions,
        "credits": {holder: str(credit) for holder, credit in found.credits.items()},
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
                "payableFrom": found.opens.get(row.number),
            }
            for row in found.epochs
        ],
    }
    _print(document)
    return 0


def replay(service: OracleService, _settings: OracleSettings, _words: Sequence[str]) -> int:
    """Send again what is not final, and recompute every posted epoch from its segments."""
    service.resend()
    for prior in service.replay():
        _say(f"epoch {prior.epoch} follows from its segments: 0x{prior.report_hash.hex()}")
    _say("nothing is lost and nothing differs")
    return 0


def rehearse(service: OracleService, _settings: OracleSettings, _words: Sequence[str]) -> int:
    """What the next epoch would come to."""
    found = service.watch.rehearse_epoch()
    _print(found.to_plain())
    return NOT_SO if found.obstacles else 0


def check(service: OracleService, settings: OracleSettings, _words: Sequence[str]) -> int:
    """What must hold for it to work."""
    found = service.watch.checks(settings.blocks_folder)
    for each in found:
        _say(f"{'ok ' if each.ok else 'NO '} {each.name:10} {each.detail}")
        if each.next_step:
            _say(f"    Next: {each.next_step}")
    return 0 if all(each.ok for each in found) else NOT_SO


def pause(service: OracleService, _settings: OracleSettings, words: Sequence[str]) -> int:
    """Leave something undone, and say why."""
    level, reason = _level(words), " ".join(words[1:])
    try:
        kept = service.pauses.begin(level, reason, now=int(time.time()))
    except ValueError as error:
        raise WordsUnfit(f"pause {level} REASON: {error}") from error
    _say(
        f"{level} is paused: {kept.reason}. Next, when it is over: python -m oracle resume {level}"
    )
    return 0


def resume(service: OracleService, _settings: OracleSettings, words: Sequence[str]) -> int:
    """End a pause; without a level, let paused relay keys send again."""
    if not words:
        resumed = service.resume_relay()
        for key in resumed:
            _say(f"{key} sends again")
        if not resumed:
            _say("no relay key was paused")
        return 0
    level = _level(words)
    _say(f"{level} goes on" if service.pauses.end(level) else f"{level} was not paused")
    return 0


def export(service: OracleService, _settings: OracleSettings, words: Sequence[str]) -> int:
    """Print an attested epoch."""
    if len(words) != 1 or not words[0].isascii() or not words[0].isdigit():
        raise WordsUnfit("say which epoch, by its number")
    _print(service.attested(int(words[0])).to_json())
    return 0


def _level(words: Sequence[str]) -> PauseLevel:
    names = " or ".join(PauseLevel)
    if not words or words[0] not in tuple(PauseLevel):
        raise WordsUnfit(f"say which level: {names}")
    return PauseLevel(words[0])


def _print(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def _say(line: str) -> None:
    if _json_logs():
        log.info(line)
        return
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _json_logs() -> bool:
    return os.environ.get("ANTIPHON_LOG") == "json"


class WordsUnfit(Exception):
    """Raised when a command's words say too little."""


Command = Callable[[OracleService, OracleSettings, Sequence[str]], int]
COMMANDS: Final[dict[str, Command]] = {
    "run": run,
    "status": status,
    "replay": replay,
    "rehearse": rehearse,
    "check": check,
    "pause": pause,
    "resume": resume,
    "export": export,
}
# These move transactions, so only one process at a time may do them.
ROLES: Final[dict[str, Sequence[Role]]] = {
    "run": tuple(Role),
    "replay": (Role.SUBMIT,),
    "resume": (Role.SUBMIT,),
}


def _roles(given: argparse.Namespace) -> list[Role]:
    if given.command == "resume" and given.words:
        # Relay keys are the worker's own; people may end any other pause beside it.
        return []
    return [role for role in ROLES.get(given.command, ()) if given.role in ("all", role)]


def main(arguments: list[str]) -> int:
    """Run one command; 1 with a plain sentence when it cannot be done."""
    if arguments[:1] == ["operator"]:
        return operator(arguments[1:])
    if arguments[:1] == ["transmit"]:
        return transmit(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m oracle",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=[*sorted(COMMANDS), "operator", "transmit"])
    parser.add_argument("words", nargs="*", help="of pause, resume and export")
    parser.add_argument("--role", choices=[*Role, "all"], default="all", help="of run")
    given = parser.parse_args(arguments)
    if _json_logs():
        log_as_json()
    else:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = OracleSettings.parse(os.environ)
        if os.environ.get(SWITCH):
            turn_on()
        with open_oracle(settings, roles=_roles(given)) as service:
            return COMMANDS[given.command](service, settings, given.words)
    except (OutboxInUse, LeaseLost) as error:
        sys.stderr.write(f"{error}\n")
        return HELD
    except (*REFUSALS, WordsUnfit) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except sa.exc.SQLAlchemyError as error:
        sys.stderr.write(f"a database cannot be used: {error.args[0]}\n")
        return FAILED


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
