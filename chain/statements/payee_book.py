"""One payee's book in one token, kept from events alone: what it earned, and where each part is.

Every event that moves something makes an entry with the change it made, so that what stood before
and the entries come to what stands after. Nothing is taken from a contract's view; tests and
`verify` compare with those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from chain.client.dispute_court import CaseStatus
from chain.indexer.case_store import CaseStep
from chain.indexer.records import Deferral, DirectPayout, EpochPayout, Place
from chain.ledger.errors import Inconsistent
from chain.ledger.identifiers import Address, EpochNumber, WorkId
from chain.ledger.rights import UNIT_NUMERATOR
from chain.statements.entries import Cause, Entry, entry_name
from chain.statements.epoch_lane import PostedEpoch
from chain.statements.lines import Line
from chain.statements.stocks import Stocks, change, laid

_OF_EPOCHS: Final = {Cause.EPOCH_POSTED, Cause.ROOT_ACTIVATED, Cause.ROOT_REJECTED}


@dataclass
class DirectShare:
    """One version's share of a work: numerators earned, base units paid and deferred."""

    bps: int = 0
    earned: int = 0
    paid: int = 0
    deferred: int = 0

    @property
    def due(self) -> int:
        """In numerators, with what is below one unit."""
        return self.earned - self.paid * UNIT_NUMERATOR


@dataclass
class PayeeBook:
    """Takes events in chain order; `stocks` is what stands at the time reached."""

    payee: Address
    now: int = 0
    shares: dict[tuple[WorkId, int], DirectShare] = field(default_factory=dict)
    frozen_until: dict[WorkId, int] = field(default_factory=dict)
    standing: list[PostedEpoch] = field(default_factory=list)
    activated: list[EpochNumber] = field(default_factory=list)
    epoch_paid: dict[WorkId, int] = field(default_factory=lambda: defaultdict(int))
    epoch_claimed: int = 0
    epoch_deferred: int = 0
    entries: list[Entry] = field(default_factory=list)
    _stands: dict[WorkId, Stocks] = field(default_factory=dict)
    """What the last entry left; only entries change it, and what the clock does has its own."""
    _opened: dict[WorkId, str] = field(default_factory=dict)
    _posted: dict[EpochNumber, str] = field(default_factory=dict)

    # what stands

    def works(self) -> set[WorkId]:
        """The works by which the payee ever earned."""
        return {work for work, _ in self.shares} | set(self._earned(self.standing))

    def stocks(self) -> dict[WorkId, Stocks]:
        """By work, at the time reached."""
        found: dict[WorkId, Stocks] = defaultdict(Stocks)
        for (work, _), share in self.shares.items():
            frozen = self.frozen_until.get(work, 0) > self.now
            found[work] += Stocks(
                share.earned,
                share.paid * UNIT_NUMERATOR,
                frozen=share.due if frozen else 0,
                deferred=0 if frozen else share.deferred * UNIT_NUMERATOR,
            )
        earned, active = self._earned(self.standing), self.active()
        kept = self._kept(self.standing)
        unpaid = {work: active.get(work, 0) - self.epoch_paid[work] for work in sorted(earned)}
        waiting = laid(self.epoch_deferred, unpaid)
        for work, numerator in earned.items():
            held = kept.get(work, 0)
            found[work] += Stocks(
                numerator,
                self.epoch_paid[work],
                frozen=held,
                pending=numerator - held - active.get(work, 0),
                deferred=waiting[work],
            )
        return {work: found[work] for work in sorted(found)}

    def active(self) -> dict[WorkId, int]:
        """What the active root promises, in numerators by work."""
        reached = [each for each in self.standing if each.record.report.epoch in self.activated]
        kept = self._kept(reached)
        return {work: n - kept.get(work, 0) for work, n in self._earned(reached).items()}

    def _earned(self, reports: list[PostedEpoch]) -> dict[WorkId, int]:
        found: dict[WorkId, int] = defaultdict(int)
        for each in reports:
            for work, numerator in each.settled.entitled.get(self.payee, {}).items():
                found[work] += numerator
        return found

    def _kept(self, reports: list[PostedEpoch]) -> Mapping[WorkId, int]:
        return reports[-1].settled.kept_back.get(self.payee, {}) if reports else {}

    # what happens

    def reach(self, time: int) -> None:
        """Let time pass; freezes that are over by then end, each in an entry of its own."""
        over = sorted(
            (until, work) for work, until in self.frozen_until.items() if self.now < until <= time
        )
        for until, work in over:
            self.frozen_until[work] = 0
            freeze = self._opened.pop(work, None)
            self._enter(Cause.FREEZE_OVER, None, time=until, corrects=freeze, work_id=work)
        self.now = max(self.now, time)

    def earn(self, place: Place, lines: list[Line]) -> None:
        """Income of the direct lane became the payee's."""
        self.reach(place.timestamp)
        for line in lines:
            share = self.shares.setdefault((line.work_id, line.version), DirectShare(line.bps))
            share.earned += line.numerator
        self._enter(Cause.EARNED, place, lines=tuple(lines))

    def pay_direct(self, payout: DirectPayout) -> None:
        """Raises Inconsistent when more was paid than was due."""
        self.reach(payout.place.timestamp)
        share = self.shares.get((payout.work_id, payout.version), DirectShare())
        if share.due < payout.amount * UNIT_NUMERATOR:
            where = f"payout of work {payout.work_id} to {self.payee}"
            raise Inconsistent(where, share.due // UNIT_NUMERATOR, payout.amount)
        share.paid += payout.amount
        share.deferred = 0
        self._enter(
            Cause.PAID,
            payout.place,
            work_id=payout.work_id,
            recipient=payout.recipient,
            amount=payout.amount,
        )

    def pay_epoch(self, payout: EpochPayout) -> None:
        """A payout pays the works it is for in ascending order; what is below one unit stays with
        the last. Raises Inconsistent when more was paid than the active root promises."""
        self.reach(payout.place.timestamp)
        active = self.active()
        unpaid = {work: active[work] - self.epoch_paid[work] for work in sorted(active)}
        if sum(unpaid.values()) < payout.amount * UNIT_NUMERATOR:
            where = f"payout of the epoch lane to {self.payee}"
            raise Inconsistent(where, sum(unpaid.values()) // UNIT_NUMERATOR, payout.amount)
        for work, numerator in laid(payout.amount, unpaid).items():
            self.epoch_paid[work] += numerator
        self.epoch_claimed += payout.amount
        self.epoch_deferred = 0
        self._enter(
            Cause.PAID,
            payout.place,
            epoch=self.activated[-1],
            recipient=payout.recipient,
            amount=payout.amount,
        )

    def defer(self, deferral: Deferral) -> None:
        """A push came that the payee could not take; all that was due by then waits."""
        self.reach(deferral.place.timestamp)
        if deferral.work_id is None or deferral.version is None:
            self.epoch_deferred = deferral.amount
        else:
            self.shares[deferral.work_id, deferral.version].deferred = deferral.amount
        self._enter(
            Cause.DEFERRED,
            deferral.place,
            work_id=deferral.work_id,
            amount=deferral.amount,
        )

    def dispute(self, step: CaseStep) -> None:
        """A case was opened or ended: the share is frozen until the time it says."""
        self.reach(step.place.timestamp)
        self.frozen_until[step.work_id] = step.frozen_until
        is_opening = step.status is CaseStatus.OPEN
        freeze = None if is_opening else self._opened.get(step.work_id)
        self._enter(
            Cause.CASE_OPENED if is_opening else Cause.CASE_ENDED,
            step.place,
            corrects=freeze,
            work_id=step.work_id,
            case_id=step.case_id,
            case_status=step.status,
        )
        if is_opening:
            self._opened.setdefault(step.work_id, self.entries[-1].name)
        elif step.frozen_until <= self.now:
            self._opened.pop(step.work_id, None)

    def post(self, posted: PostedEpoch, lines: list[Line]) -> None:
        """A report of an epoch was posted; what it earns is pending."""
        place, epoch = posted.record.place, posted.record.report.epoch
        self.reach(place.timestamp)
        self.standing.append(posted)
        self._enter(Cause.EPOCH_POSTED, place, lines=tuple(lines), epoch=epoch)
        if lines:
            self._posted[epoch] = self.entries[-1].name

    def activate(self, place: Place, epoch: EpochNumber) -> None:
        self.reach(place.timestamp)
        self.activated.append(epoch)
        self._enter(Cause.ROOT_ACTIVATED, place, epoch=epoch)

    def reject(self, place: Place, epoch: EpochNumber, lines: list[Line]) -> None:
        """A root was thrown out: its lines are taken back, one by one."""
        self.reach(place.timestamp)
        self.standing = [s for s in self.standing if s.record.report.epoch != epoch]
        back = tuple(replace(line, numerator=-line.numerator, booked=place) for line in lines)
        corrects = self._posted.get(epoch)
        self._enter(Cause.ROOT_REJECTED, place, lines=back, epoch=epoch, corrects=corrects)

    def _enter(
        self, cause: Cause, place: Place | None, *, time: int | None = None, **said: Any
    ) -> None:
        """Write down what changed; an epoch that changed nothing for the payee leaves no entry."""
        about = said.get("work_id") or said.get("epoch")
        assert about is None or isinstance(about, int)
        before, self._stands = self._stands, self.stocks()
        entry = Entry(
            name=entry_name(self.payee, cause, place, time or self.now, about),
            payee=self.payee,
            cause=cause,
            time=time or self.now,
            place=place,
            by_work=change(before, self._stands),
            **said,
        )
        if entry.by_work or entry.lines or cause not in _OF_EPOCHS:
            self.entries.append(entry)
