"""Everything a period is measured from, as one plain value: whoever holds it needs no node.

Amounts are base units of one token, times Unix seconds. The same record gives the same report
wherever it is read. What it holds twice, what contradicts itself, and a field that nobody knows are
refused, never guessed at.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from chain.metrics.errors import CountsContradict, PeriodContradicts, PeriodUnreadable
from chain.metrics.latency.timelines import Milestone, Timeline
from chain.metrics.traceability import Step, TraceOutcome

RECORD_TYPE: Final = "antiphon.period/1"


class Lane(StrEnum):
    """How money reaches a payee."""

    DIRECT = "direct"
    """A licence fee or a sale, divided when it is paid."""
    EPOCH = "epoch"
    """Counted use, settled epoch by epoch."""


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: int
    hash: str
    timestamp: int


class Period(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Blocks `first_block` to `last_block`, both included, and uses in (`after`, `until`].

    `after` None: every use up to `until`. Periods that follow one another share nothing, and what
    they count adds up. What became of the uses is followed up to `as_of`.
    """

    first_block: int
    last_block: int
    after: int | None
    until: int
    as_of: Block

    @property
    def name(self) -> str:
        return f"blocks {self.first_block} to {self.last_block}"

    def holds_block(self, number: int) -> bool:
        return self.first_block <= number <= self.last_block

    def holds_use(self, time: int) -> bool:
        return (self.after is None or self.after < time) and time <= self.until


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token that amounts are in."""

    token: str
    symbol: str
    decimals: int


class Payee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payee that a split of a community's work names.

    `paid` is what arrived in the period in both lanes. `earned` is what the period's epochs brought
    under the communities' announced rules, `by_split` what the splits alone would have brought.
    """

    payee: str
    community: str
    tradition: str
    paid: int
    earned: int
    by_split: int


class Handover(StrEnum):
    """How the money of a use came to its payee, or why it did not."""

    PUSHED = "pushed"
    """Somebody else sent the transaction."""
    ASKED = "asked"
    """The payee sent it, or the account it is paid at."""
    REFUSED = "refused"
    """It was pushed, and the payee's account did not take it; it waits there."""
    PENDING = "pending"
    """Nobody has sent it yet."""


_ARRIVED: Final = (Handover.PUSHED, Handover.ASKED)


class Use(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One use as it concerns one payee; `use_id` names it once. As an array in JSON."""

    use_id: str
    lane: Lane
    value: int
    handover: Handover
    times: tuple[int, ...]

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.value, self.times, self.handover is Handover.REFUSED)


class Payouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Payouts of the period in both lanes; `traced` ones lead back to a counted event or a recorded

    payment, and to registered works.
    """

    count: int
    traced_count: int
    units: int
    traced_units: int


class Disputes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares (a payee in a work's split) named so far, those disputed in the period, its cases by

    how they stand, and payout roots and direct reports put forward and thrown out.
    """

    shares: int
    disputed_shares: int
    cases: dict[str, int]
    put_forward: int
    thrown_out: int


class Transactions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those sent to the ledger's contracts."""

    failed: int
    submitted: int


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sharing rule that held in an epoch of the period."""

    community: str
    rule: str
    phi_bps: int
    from_epoch: int


class Traced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the exam, as `TraceOutcome`; `last_step` by name."""

    is_marked: bool
    last_step: str | None
    named_truly: bool | None


class PeriodRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One period of one ledger. `exam` are files with known truth that were traced.

    `simulated` names what no real person or clock produced. `uncounted_epochs` are those whose
    events could not be counted again here: their uses are missing, and told so.
    """

    chain_id: int
    ledger: str
    period: Period
    money: Money
    payees: tuple[Payee, ...]
    uses: tuple[Use, ...]
    payouts: Payouts
    disputes: Disputes
    transactions: Transactions
    rules: tuple[Rule, ...] = ()
    exam: tuple[Traced, ...] = ()
    simulated: tuple[str, ...] = ()
    uncounted_epochs: tuple[int, ...] = ()
    type: str = RECORD_TYPE

    def __post_init__(self) -> None:
        _refuse_doubles("payee", [payee.payee for payee in self.payees])
        _refuse_doubles("use", [use.use_id for use in self.uses])
        period, payouts, disputes = self.period, self.payouts, self.disputes
        if period.first_block > period.last_block + 1 or period.as_of.number < period.last_block:
            raise PeriodContradicts(f"{period.name}, followed up to block {period.as_of.number}")
        for use in self.uses:
            if not period.holds_use(use.times[0] if use.times else period.until + 1):
                raise PeriodContradicts(f"use {use.use_id} lies outside the period")
            if (use.handover in _ARRIVED) is not (len(use.times) == len(Milestone)):
                raise PeriodContradicts(
                    f"use {use.use_id} is {use.handover} and has {len(use.times)} times"
                )
        for what, part, whole in (
            ("traced payouts", payouts.traced_count, payouts.count),
            ("traced base units", payouts.traced_units, payouts.units),
            ("disputed shares", disputes.disputed_shares, disputes.shares),
            ("roots and reports thrown out", disputes.thrown_out, disputes.put_forward),
        ):
            if not 0 <= part <= whole:
                raise CountsContradict(what, part, whole)

    @property
    def outcomes(self) -> list[TraceOutcome]:
        """The exam, measurable. Raises PeriodContradicts for a step that there is not."""
        try:
            return [
                TraceOutcome(f.is_marked, Step[f.last_step] if f.last_step else None, f.named_truly)
                for f in self.exam
            ]
        except KeyError as error:
            raise PeriodContradicts(f"no step of a trace is called {error}") from None

    def to_json(self) -> bytes:
        """One line; money as text where it may be more than other programs' numbers can hold."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        for payee in plain["payees"]:
            payee.update({name: str(payee[name]) for name in ("paid", "earned", "by_split")})
        for name in ("units", "traced_units"):
            plain["payouts"][name] = str(plain["payouts"][name])
        plain["uses"] = [[u[0], u[1], str(u[2]), *u[3:]] for u in plain["uses"]]
        return msgspec.json.encode({"type": plain.pop("type"), **plain})

    @classmethod
    def from_json(cls, document: bytes) -> PeriodRecord:
        """Inverse of `to_json`. Raises PeriodUnreadable, or what contradicts itself in it."""
        try:
            plain = msgspec.json.decode(document)
            if not isinstance(plain, dict) or plain.get("type") != RECORD_TYPE:
                raise PeriodUnreadable(f"it is not of type {RECORD_TYPE}")
            return msgspec.convert(plain, cls, strict=False)
        except msgspec.DecodeError as error:
            raise PeriodUnreadable(str(error)) from error


def traced_of(outcome: TraceOutcome) -> Traced:
    """One file of an exam, as the record keeps it."""
    step = outcome.last_step
    return Traced(outcome.is_marked, step.name if step else None, outcome.named_truly)


def _refuse_doubles(kind: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise PeriodContradicts(f"{kind} {name} is there twice")
        seen.add(name.lower())
