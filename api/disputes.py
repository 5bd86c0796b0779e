"""Disputes as the faces show them: the court's cases, with the work, what is held, what may follow.

Nothing here is kept anywhere: a case is read off the index, what is frozen is asked at its block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api.application import Application
from api.dispute_steps import Deadlines, Possible, is_pending, is_standing, possible_steps
from api.dispute_words import headline, outcome_words, ruling_words, state_words
from api.errors import NotFound
from api.reading import WorkShown, find_work
from api.statements import StatementDesk
from chain.client.blocks import BlockPin
from chain.client.dispute_court import CaseStatus, Ruling
from chain.client.stablecoin import Stablecoin
from chain.indexer.case_store import CaseRecord
from chain.ledger.identifiers import Address, Digest, WorkId
from chain.ledger.money import Currency
from chain.statements.errors import StatementRefused


@dataclass(frozen=True)
class Wanted:
    """Which disputes to list; None: whichever."""

    work_id: WorkId | None = None
    payee: Address | None = None
    status: CaseStatus | None = None
    standing: bool | None = None

    def takes(self, case: CaseRecord, now: int) -> bool:
        """Whether a case is one of them."""
        return (
            self.work_id in (None, case.work_id)
            and self.payee in (None, case.payee)
            and self.status in (None, case.status)
            and self.standing in (None, is_standing(case, now))
        )


@dataclass(frozen=True)
class FrozenAmount:
    """What one currency's lanes hold of the disputed share, in whole base units of it.

    `epoch` is None, and `untold` says why, where the epochs' segments are not held here.
    """

    currency: Currency
    direct: int
    epoch: int | None
    untold: str = ""


@dataclass(frozen=True)
class DisputeShown:
    """A case as it stands at a block's time, in words too. `arbiter` names who rules."""

    case: CaseRecord
    work: WorkShown | None
    arbiter: str
    now: int

    @property
    def is_standing(self) -> bool:
        return is_standing(self.case, self.now)

    @property
    def is_frozen(self) -> bool:
        """Whether the share is frozen, for this case or for another one."""
        return self.now < self.case.frozen_until

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines.of(self.case)

    @property
    def steps(self) -> tuple[Possible, ...]:
        return possible_steps(self.case, self.now)

    @property
    def state(self) -> str:
        return state_words(self.case, self.now)

    @property
    def headline(self) -> str:
        return headline(self.case, self.arbiter, self.now)

    @property
    def bonds_rule(self) -> str:
        return outcome_words(self.case)


@dataclass(frozen=True)
class DisputeInFull:
    """With what has to be asked of the chain. `uncollected` is all that an account of the case is
    owed by the court, from whatever case."""

    shown: DisputeShown
    frozen: tuple[FrozenAmount, ...]
    bonds: Currency
    uncollected: tuple[tuple[Address, int], ...]
    ruling: str | None


def list_disputes(
    app: Application, wanted: Wanted, at: BlockPin, *, after: int = 0, limit: int | None = None
) -> list[DisputeShown]:
    """Disputes in the order in which they were opened, those numbered above `after`."""
    now = at.timestamp
    found = [c for c in app.store.cases(at=at) if c.number > after and wanted.takes(c, now)]
    return _shown(app, found[:limit], at)


def find_dispute(
    app: Application, desk: StatementDesk, case_id: Digest, at: BlockPin
) -> DisputeInFull:
    """One dispute with all there is to know. Raises NotFound."""
    cases = [case for case in app.store.cases(at=at) if case.case_id == case_id]
    if not cases:
        raise NotFound("dispute", "0x" + case_id.hex())
    (shown,) = _shown(app, cases, at)
    case = shown.case
    bonds = Stablecoin(app.node, app.court.bond_token(at=at)).currency(at=at)
    accounts = dict.fromkeys(account for account, _ in case.owed)
    uncollected = ((each, app.court.owed_to(each, at=at)) for each in accounts)
    ruling = Ruling.NONE
    if is_pending(case) and shown.now < shown.deadlines.ruling and shown.work is not None:
        community = shown.work.record.community_id
        ruling = app.court.ruling_of(case.arbiter, case.case_id, community, at=at)
    return DisputeInFull(
        shown,
        tuple(_frozen_amounts(app, desk, shown, at)),
        bonds,
        tuple((account, amount) for account, amount in uncollected if amount),
        ruling_words(ruling, shown.arbiter),
    )


def standing_by_work(app: Application, at: BlockPin) -> dict[WorkId, list[DisputeShown]]:
    """The disputes that stand, by the work they are about."""
    found: dict[WorkId, list[DisputeShown]] = {}
    for shown in list_disputes(app, Wanted(standing=True), at):
        found.setdefault(shown.case.work_id, []).append(shown)
    return found


def by_payee(disputes: Iterable[DisputeShown]) -> dict[Address, list[DisputeShown]]:
    """The same disputes by whose share they are about."""
    found: dict[Address, list[DisputeShown]] = {}
    for shown in disputes:
        found.setdefault(shown.case.payee, []).append(shown)
    return found


def _shown(app: Application, cases: Sequence[CaseRecord], at: BlockPin) -> list[DisputeShown]:
    works = {work_id: find_work(app, work_id, at) for work_id in {c.work_id for c in cases}}
    return [
        DisputeShown(
            case,
            works[case.work_id],
            _arbiter_words(app, case, works[case.work_id]),
            at.timestamp,
        )
        for case in cases
    ]


def _arbiter_words(app: Application, case: CaseRecord, work: WorkShown | None) -> str:
    contracts = app.deployment.contracts
    if case.arbiter == contracts.get("CouncilArbiter"):
        return "the council"
    if case.arbiter == contracts.get("ElderArbiter") and work is not None:
        return f"the elders of community {work.record.community_id}"
    return f"the arbiter {case.arbiter}"


def _frozen_amounts(
    app: Application, desk: StatementDesk, shown: DisputeShown, at: BlockPin
) -> list[FrozenAmount]:
    """By currency; one in which nothing is held is left out."""
    case, found = shown.case, []
    versions = app.store.splits(at=at, work_id=case.work_id) if shown.is_frozen else []
    for token in app.store.tokens(at=at):
        direct = sum(
            app.ledger.due_to(each.work_id, token, each.version, each.split, case.payee, at=at)
            for each in versions
            if each.split.bps_of(case.payee)
        )
        epoch: int | None
        try:
            epoch, untold = desk.kept_back(case.payee, case.work_id, token, at), ""
        except StatementRefused as refusal:
            epoch, untold = None, str(refusal)
        if direct or epoch or untold:
            currency = Stablecoin(app.node, token).currency(at=at)
            found.append(FrozenAmount(currency, direct, epoch, untold))
    return found
