"""Everything the oracle refuses, as one tree. Each error says what to do next.

OracleError
├── EvidenceRefused            a paper that was handed in; nothing of it was kept
│   ├── SignatureMalformed     not 65 bytes of r, s, v, or the malleable twin of a signature
│   ├── SignatureForged        well-formed, but made by somebody else (or over other content)
│   ├── EvidenceMalformed      a field outside its bounds
│   ├── GenerationLogConflict  another log was filed for the same generation
│   ├── LicenceUnfit           unknown, somebody else's, expired, or of another tier
│   ├── NotAnOperator          a detection report by somebody who is no operator
│   ├── SegmentOfAnother       a usage segment of another chain, contract or producer
│   ├── SegmentRefused         a usage segment whose rows are not its producer's to report
│   └── UsageFileUnreadable    a file of usage rows that cannot be read as a whole
├── EpochError
│   ├── NothingToSeal          no usage event waits
│   │   └── HoldersNotFunded   what waits is of holders without money for it in the lane
│   ├── EpochNotReady          the epoch is not in the state this step needs
│   ├── QueueIsFull            as many epochs wait for their windows as the contract takes
│   ├── PaperMalformed         evidence or payouts fetched by content id are of no known form
│   └── EpochSuperseded        the chain holds another report under this epoch's number
├── QuorumError
│   ├── HistoryMismatch        an epoch on chain does not follow from its own segments
│   ├── OperatorDisagrees      an operator computed another report; says which fields differ
│   ├── DirectReportRefused    an operator does not sign a single use; says why
│   ├── DirectReportUnderWay   a single use it signed may still be posted; it signs no epoch yet
│   ├── EpochUnderWay          an epoch it signed is not posted; it signs no single use yet
│   ├── WouldEquivocate        an operator already signed another report for this epoch
│   ├── OperatorAway           an operator's process does not answer, or nothing that can be read
│   ├── OperatorRefuses        an operator's process does not sign; in its own words
│   ├── QuorumUnsound          the contract's operators cannot be, or need not be, a quorum
│   └── QuorumNotReached       too few operators signed
├── OutboxError
│   ├── OutboxOfAnotherChain   the file belongs to another deployment
│   ├── OutboxTooNew           written by a later version of this program
│   ├── OutboxTooOld           written before the tables that this program can bring up to date
│   ├── OutboxInUse            another worker holds it
│   ├── LeaseLost              another worker took over from this one
│   └── OutboxNotHeld          a step of the worker was asked of a process that only files and reads
├── OutboxUnavailable          the disk is full, or the database does not answer; nothing is lost
├── NodeLags                   the node's newest block is too old to go by
├── RelayPaused                somebody else sent with a relay key; a person must look
└── TransactionFailed          mined, but reverted

A node that does not answer, or a contract that says no, is told by `chain.client.errors`.
"""

from __future__ import annotations

from collections.abc import Sequence

from chain.settlement.segments import SegmentOrigin
from oracle.unfunded import Shortfall


class OracleError(Exception):
    """Base of every refusal of this package."""


class EvidenceRefused(OracleError):
    """A log, report or segment was not accepted; nothing of it was kept."""


class SignatureMalformed(EvidenceRefused):
    """Raised for a signature that no standard signer makes."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the signature is malformed: {reason}; sign the EIP-712 typed data again "
            "and hand in its 65 bytes r, s, v"
        )


class SignatureForged(EvidenceRefused):
    """Raised when the signer is not the account that the signed content names."""

    def __init__(self, claimed: str, recovered: str) -> None:
        self.claimed = claimed
        self.recovered = recovered
        super().__init__(
            f"signed by {recovered}, not by {claimed}: the content was altered or the wrong key "
            f"signed it; have {claimed} sign exactly this content for this chain and contract"
        )


class EvidenceMalformed(EvidenceRefused):
    """Raised for a field out of bounds; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}; correct it and sign again")


class GenerationLogConflict(EvidenceRefused):
    """Raised when a generation already has a log with other content; the first one stands."""

    def __init__(self, generation: str, filed: bytes, given: bytes) -> None:
        self.generation = generation
        self.filed = filed
        self.given = given
        super().__init__(
            f"generation {generation} already has log 0x{filed.hex()}, which differs from "
            f"0x{given.hex()}; the first log stands: draw a fresh salt for another run"
        )


class LicenceUnfit(EvidenceRefused):
    """Raised when a licence does not cover what the paper says was done; `reason` is a word."""

    def __init__(self, licence_id: int, reason: str, advice: str) -> None:
        self.licence_id = licence_id
        self.reason = reason
        super().__init__(f"licence {licence_id} {reason}; {advice}")


class NotAnOperator(EvidenceRefused):
    """Raised when a detection report is signed by an account that is not an operator."""

    def __init__(self, account: str) -> None:
        self.account = account
        super().__init__(
            f"{account} is not an operator of this oracle; have one of the operators run the "
            "detection and sign the report"
        )


class SegmentOfAnother(EvidenceRefused):
    """Raised when a segment's header names another chain, contract or producer than it must."""

    def __init__(self, found: SegmentOrigin, expected: SegmentOrigin) -> None:
        self.found = found
        self.expected = expected
        super().__init__(
            f"the segment is of {_told(found)}, not of {_told(expected)}; write its header for "
            "this oracle and sign again"
        )


def _told(origin: SegmentOrigin) -> str:
    return f"chain {origin.chain_id}, oracle {origin.usage_oracle}, producer {origin.producer}"


class UsageFileUnreadable(EvidenceRefused):
    """Raised for a usage file of which no row can be told; nothing of it was sent."""

    def __init__(self, reason: str, advice: str) -> None:
        self.reason = reason
        super().__init__(f"the file cannot be read: {reason}; {advice}")


class SegmentRefused(EvidenceRefused):
    """Raised for a whole segment; `rows` are the (index, reason) pairs that spoil it."""

    def __init__(self, rows: Sequence[tuple[int, str]]) -> None:
        self.rows = tuple(rows)
        index, reason = self.rows[0]
        more = f" (and {len(self.rows) - 1} rows more)" if len(self.rows) > 1 else ""
        super().__init__(
            f"segment refused, row {index}: {reason}{more}; leave those rows out and sign again"
        )


class EpochError(OracleError):
    """An epoch cannot take the step that was asked for."""


class NothingToSeal(EpochError):
    """Raised when no usage event waits; an empty epoch would be a report about nothing."""

    def __init__(self, reason: str = "no usage event waits") -> None:
        super().__init__(f"{reason}: file a segment, a generation log or a detection first")


class HoldersNotFunded(NothingToSeal):
    """Raised when all usage that waits is of holders without money for it in the lane."""

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        self.shortfalls = tuple(shortfalls)
        EpochError.__init__(self, "; ".join(map(str, self.shortfalls)))


class EpochNotReady(EpochError):
    """Raised when an epoch is in another state than a step needs."""

    def __init__(self, epoch: int, state: str, needed: str, advice: str) -> None:
        self.epoch = epoch
        self.state = state
        self.needed = needed
        super().__init__(f"epoch {epoch} is {state}, not {needed}; {advice}")


class QueueIsFull(EpochError):
    """Raised when no epoch is sealed, for the contract would not take it yet. `opens_at` is in Unix
    seconds, `shortest_seconds` the time between epochs at which the queue does not fill up."""

    def __init__(self, waiting: int, opens_at: int, shortest_seconds: int) -> None:
        self.waiting = waiting
        self.opens_at = opens_at
        self.shortest_seconds = shortest_seconds
        super().__init__(
            f"{waiting} epochs wait for the end of their windows, and the contract holds no more: "
            f"the next is sealed when the oldest is activated, from Unix time {opens_at}. What is "
            "filed waits, and nothing is lost. If it comes again, set ANTIPHON_EPOCH_SECONDS to "
            f"{shortest_seconds} or more"
        )


class EpochSuperseded(EpochError):
    """Raised when the chain already holds another report under this epoch's number."""

    def __init__(self, epoch: int, on_chain: bytes, ours: bytes) -> None:
        self.epoch = epoch
        self.on_chain = on_chain
        self.ours = ours
        super().__init__(
            f"the chain holds report 0x{on_chain.hex()} for epoch {epoch}, this outbox sealed "
            f"0x{ours.hex()}; stop: two oracles were run against one contract, compare their "
            "outboxes before going on"
        )


class PaperMalformed(EpochError):
    """Raised for a fetched paper that is not of its schema."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(
            f"{what} cannot be read: {reason}; it was written by another program or altered: "
            "seal the epoch with this program, or fetch the paper again"
        )


class QuorumError(OracleError):
    """Operators did not agree."""


class HistoryMismatch(QuorumError):
    """Raised when a posted epoch cannot be recomputed; nothing may be built on it."""

    def __init__(self, epoch: int, differences: Sequence[tuple[str, str, str]]) -> None:
        self.epoch = epoch
        self.differences = tuple(differences)
        lines = "; ".join(f"{name}: posted {a}, computed {b}" for name, a, b in self.differences)
        super().__init__(
            f"epoch {epoch} on chain does not follow from its segments ({lines}); "
            "stop and tell the council: it can reject a root within its window"
        )


class OperatorDisagrees(QuorumError):
    """Raised by an operator that computed another report; `differences` names every field."""

    def __init__(self, operator: str, differences: Sequence[tuple[str, str, str]]) -> None:
        self.operator = operator
        self.differences = tuple(differences)
        lines = "; ".join(f"{name}: proposed {a}, computed {b}" for name, a, b in self.differences)
        super().__init__(f"operator {operator} does not sign: {lines}")


class CalculatorsDisagree(QuorumError):
    """Raised by an operator whose two calculators came to different reports; `differences` names
    every field. One of them is wrong: nothing is signed until it is known which."""

    def __init__(self, operator: str, differences: Sequence[tuple[str, str, str]]) -> None:
        self.operator = operator
        self.differences = tuple(differences)
        lines = "; ".join(
            f"{name}: {a} by columns, {b} one by one" for name, a, b in self.differences
        )
        super().__init__(f"operator {operator} computed two reports and signs neither: {lines}")


class WouldEquivocate(QuorumError):
    """Raised by an operator asked to sign a second, different report for one epoch."""

    def __init__(self, operator: str, epoch: int, signed: bytes, asked: bytes) -> None:
        self.operator = operator
        self.epoch = epoch
        self.signed = signed
        self.asked = asked
        super().__init__(
            f"operator {operator} signed 0x{signed.hex()} for epoch {epoch} and will not sign "
            f"0x{asked.hex()}: one epoch has one report"
        )


class OperatorAway(QuorumError):
    """Raised when an operator's process gives no answer that can be read."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(
            f"operator at {name} is away ({reason}): it is asked again with the next attempt; "
            "tell whoever runs it if it stays away"
        )


class OperatorRefuses(QuorumError):
    """Raised when an operator's process says why it does not sign; `reason` is in its words."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"operator at {name} does not sign: {reason}")


class QuorumUnsound(QuorumError):
    """Raised when k of the contract's n operators, f of them faulty, are no quorum to rely on."""

    def __init__(self, threshold: int, count: int, faults: int, reason: str) -> None:
        self.threshold = threshold
        self.count = count
        self.faults = faults
        self.reason = reason
        super().__init__(
            f"{threshold} of {count} operators with {faults} faulty are no quorum: {reason}; have "
            "the operator admin install another set (changeOperators), nothing is lost meanwhile"
        )


class DirectReportRefused(QuorumError):
    """Raised by an operator that does not sign a single use; `reason` is what is wrong with it."""

    def __init__(self, operator: str, reason: str) -> None:
        self.operator = operator
        self.reason = reason
        super().__init__(
            f"operator {operator} does not sign the report of this use: {reason}; "
            "correct it, or let the use be counted with an epoch"
        )


class DirectReportUnderWay(QuorumError):
    """Raised by an operator asked for an epoch that does not know of a report it signed."""

    def __init__(self, operator: str, events: int) -> None:
        self.operator = operator
        self.events = events
        super().__init__(
            f"operator {operator} signed reports of {events} single uses that this epoch counts, "
            "or leaves too little room for, and that its state does not have: seal it again when "
            "they are posted or their deadline, at most an hour, is over"
        )


class EpochUnderWay(QuorumError):
    """Raised by an operator asked for a single use while an epoch that it signed is not posted."""

    def __init__(self, operator: str, epoch: int) -> None:
        self.operator = operator
        self.epoch = epoch
        super().__init__(
            f"operator {operator} signed epoch {epoch}, which is not posted and counts uses under "
            "this licence too: post that first"
        )


class QuorumNotReached(QuorumError):
    """Raised when too few signed; `refusals` has each other operator's reason."""

    def __init__(self, signed: int, threshold: int, refusals: Sequence[tuple[str, str]]) -> None:
        self.signed = signed
        self.threshold = threshold
        self.refusals = tuple(refusals)
        reasons = "".join(f"\n  {operator}: {reason}" for operator, reason in self.refusals)
        super().__init__(
            f"{signed} of the {threshold} signatures needed; nothing was posted. "
            f"Refused or absent:{reasons or ' none'}"
        )


class OutboxError(OracleError):
    """The outbox cannot be used as it is."""


class OutboxOfAnotherChain(OutboxError):
    """Raised when the file was begun against another deployment."""

    def __init__(self, key: str, recorded: str, found: str) -> None:
        self.key = key
        self.recorded = recorded
        self.found = found
        super().__init__(
            f"this outbox belongs to another deployment ({key} was {recorded}, here {found}); "
            "keep it with the old chain and name a new file for this one"
        )


class OutboxTooNew(OutboxError):
    """Raised when the schema is newer than the migrations this program has."""

    def __init__(self, recorded: int, known: int) -> None:
        self.recorded = recorded
        self.known = known
        super().__init__(
            f"the outbox has schema {recorded}, this program knows {known}: "
            "run the newer program; nothing was changed"
        )


class OutboxTooOld(OutboxError):
    """Raised when the schema is older than the first one that can be brought up to date."""

    def __init__(self, recorded: int, oldest: int) -> None:
        self.recorded = recorded
        self.oldest = oldest
        super().__init__(
            f"the outbox has schema {recorded}, this program brings {oldest} and later up to date: "
            f"open it once with a program that knows schema {oldest}; nothing was changed"
        )


class OutboxInUse(OutboxError):
    """Raised when another process works on this outbox."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"another oracle works on {place}: stop it first, or wait until it ends")


class LeaseLost(OutboxError):
    """Raised when this worker hung so long that another took over; it may write nothing more."""

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(
            f"another oracle took over {place}, for this one was not heard of for too long; "
            "nothing is lost: stop this one, and start it again if the other one is gone"
        )


class OutboxNotHeld(OutboxError):
    """Raised when a process that is not the worker in a role is asked for that worker's steps."""

    def __init__(self, place: str, role: str) -> None:
        self.place = place
        self.role = role
        super().__init__(
            f"this process does not hold the role {role} in {place}; sealing and signing are the "
            "role epoch's, sending is the role submit's: run `python -m oracle run`, with --role "
            "for one of them"
        )


class OutboxUnavailable(OracleError):
    """Raised when the outbox can be neither read nor written just now; the step left no trace."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        full = "full" in reason.lower() or "no space" in reason.lower()
        advice = "make room on its disk" if full else "check its disk and its database server"
        super().__init__(
            f"the outbox {place} cannot be used now ({reason}); nothing of this step was kept and "
            f"nothing before it is lost: {advice}, the oracle goes on by itself"
        )


class NodeLags(OracleError):
    """Raised when the node's newest block is older than it should ever be."""

    def __init__(self, age_seconds: int, age_seconds_max: int) -> None:
        self.age_seconds = age_seconds
        self.age_seconds_max = age_seconds_max
        super().__init__(
            f"the node's newest block is {age_seconds} s old, more than {age_seconds_max}; nothing "
            "is decided by it: wait for the node, use another one, or set this machine's clock "
            "right"
        )


class RelayPaused(OracleError):
    """Raised when no relay key may send; what is signed stays stored."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(
            f"the relay is paused: {'; '.join(self.reasons)}. Nothing is lost. Give the relay a "
            "key that nobody else has, or find out who sent, then `python -m oracle resume`"
        )


class TransactionFailed(OracleError):
    """Raised when a transaction was mined and reverted."""

    def __init__(self, intent: str, tx_hash: bytes) -> None:
        self.intent = intent
        self.tx_hash = tx_hash
        super().__init__(
            f"transaction 0x{tx_hash.hex()} ({intent}) was mined but reverted; "
            "run again: the step is tried anew after a dry run that says why"
        )
