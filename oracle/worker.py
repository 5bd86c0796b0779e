"""What the worker does when it comes round: everything that can be done now, in one order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from chain.client.errors import ContractRefused, FeeTooHigh
from oracle.answers import Payday, TickReport
from oracle.epoch_book import EpochRow, EpochState
from oracle.epoch_lane import EpochLane
from oracle.errors import (
    EpochNotReady,
    NothingToSeal,
    QueueIsFull,
    RelayPaused,
    TransactionFailed,
)
from oracle.keeper import KeeperRound
from oracle.lease import Role
from oracle.operations.pausing import PauseLevel, Pauses
from oracle.operations.spans import span
from oracle.outbox import Outbox
from oracle.relay import Relay
from oracle.transactions import TransactionLane

POSTABLE: Final = (EpochState.ATTESTED, EpochState.QUEUED, EpochState.MINED)
# Told, and waited for: the other steps of the round go on.
WAITED_FOR: Final = (EpochNotReady, QueueIsFull, ContractRefused, FeeTooHigh, RelayPaused)


class Steps(Protocol):
    """What the oracle can do; see `OracleService`."""

    def seal_epoch(self) -> EpochRow: ...

    def activate_and_push(self) -> Payday | None: ...

    def keep_direct_lane(self) -> KeeperRound: ...

    def report_directly(self) -> KeeperRound: ...


class Worker:
    """Takes the steps of an oracle as far as roles, pauses and the chain allow."""

    def __init__(
        self,
        outbox: Outbox,
        pauses: Pauses,
        steps: Steps,
        epochs: EpochLane,
        relay: Relay,
        lane: TransactionLane,
    ) -> None:
        self._outbox = outbox
        self._pauses = pauses
        self._steps = steps
        self._epochs = epochs
        self._relay = relay
        self._lane = lane

    def tick(self) -> TickReport:
        """Do whatever can be done now in the roles held: report dear uses by themselves, keep the
        direct lane, pay the epochs that are due, carry on the one at hand or seal the next. What
        cannot be done is said and left for the next tick, and so is what people paused.

        Raises RpcUnavailable and what else a caller cannot wait away.
        """
        report, levels = self._begin()
        submit = self._outbox.holds(Role.SUBMIT) and PauseLevel.SUBMIT not in levels
        seal = self._outbox.holds(Role.EPOCH) and PauseLevel.SEAL not in levels
        if submit:
            self._direct_lane(report)
        with span("epochs"):
            if submit:
                with _waiting(report):
                    self._pay(report)
            if seal:
                with _waiting(report):
                    self._seal_and_sign(report)
            if submit:
                with _waiting(report):
                    self._post(report)
        report.tell_troubles(self._lane.alarms)
        return report

    def tick_filed(self) -> TickReport:
        """Do between two ticks what a paper filed a moment ago allows: report dear uses by
        themselves. Raises as `tick`."""
        report, levels = self._begin()
        if self._outbox.holds(Role.SUBMIT) and PauseLevel.SUBMIT not in levels:
            with span("direct lane"):
                _tell_round(report, self._steps.report_directly())
            report.tell_troubles(self._lane.alarms)
        return report

    def _begin(self) -> tuple[TickReport, set[PauseLevel]]:
        self._outbox.keep_leases()
        paused = self._pauses.all()
        report = TickReport()
        report.tell_troubles(f"{pause.level} is paused: {pause.reason}" for pause in paused)
        return report, {pause.level for pause in paused}

    def _direct_lane(self, report: TickReport) -> None:
        try:
            # First of all: nothing that is refused below keeps what is sent already waiting.
            self._relay.observe()
        except TransactionFailed as failure:
            report.tell_troubles([str(failure)])
        with span("direct lane"):
            _tell_round(report, self._steps.report_directly())
            _tell_round(report, self._steps.keep_direct_lane())

    def _pay(self, report: TickReport) -> None:
        """Everything that is due; more than one when pushes of an older epoch had to arrive."""
        while payday := self._steps.activate_and_push():
            if payday.claimable_from is not None or not payday.complete:
                return
            paid, deferred = len(payday.outcome.paid), len(payday.outcome.deferred)
            text = f"epoch {payday.epoch}: {paid} payees paid, {deferred} deferred"
            report.note(text, epoch=payday.epoch)

    def _seal_and_sign(self, report: TickReport) -> None:
        row = self._epochs.last()
        if row is None or row.state in (EpochState.FINAL, EpochState.REJECTED):
            if not self._epochs.is_due():
                return
            self._epochs.require_room()
            try:
                row = self._steps.seal_epoch()
            finally:
                # Said with the epoch that was sealed without them, too.
                report.tell_troubles(map(str, self._epochs.shortfalls()))
            report.note(f"epoch {row.number} sealed: {row.report.event_count} events", **_ids(row))
        if row.state is EpochState.SEALED:
            count = len(self._epochs.collect_signatures(row.number).signers)
            report.note(f"epoch {row.number} signed by {count} operators", **_ids(row))

    def _post(self, report: TickReport) -> None:
        row = self._epochs.last()
        if row is None or row.state not in POSTABLE:
            return
        posted = self._epochs.post(row.number)
        if posted.state is not row.state:
            report.note(f"epoch {row.number} is {posted.state}", **_ids(row))


@contextmanager
def _waiting(report: TickReport) -> Iterator[None]:
    """One refusal is told, and holds up no other step."""
    try:
        yield
    except NothingToSeal:
        pass
    except WAITED_FOR as wait:
        report.tell_troubles([str(wait)])


def _tell_round(report: TickReport, found: KeeperRound) -> None:
    for intent in found.decided:
        report.note(f"sent {intent}", intent=intent)
    report.tell_troubles(f"{intent}: {reason}" for intent, reason in found.refused)


def _ids(row: EpochRow) -> dict[str, object]:
    """What a log line names an epoch by."""
    return {"epoch": row.number, "report_id": row.report_hash}
