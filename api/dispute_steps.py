"""What may happen next in a dispute, and until when: the court's rules over one case and a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chain.client.dispute_court import (
    ANSWER_SECONDS,
    FREEZE_SECONDS_MAX,
    PAYEES_SECONDS,
    RULING_SECONDS,
    CaseStatus,
)
from chain.indexer.case_store import CaseRecord


class Step(StrEnum):
    """The court's functions, by the names they have there."""

    ANSWER = "answer"
    GIVE_EVIDENCE = "giveEvidence"
    RULE = "rule"
    CONCEDE = "concede"
    LAPSE = "lapse"
    RELEASE = "release"


class Actor(StrEnum):
    """Who may take a step."""

    PAYEE = "payee"
    DISPUTER = "disputer"
    DEFENDER = "defender"
    ARBITER = "arbiter"
    CONTROLLER = "controller"
    """The account that speaks for the work: its community's steward, or its owner."""
    ANYBODY = "anybody"


@dataclass(frozen=True)
class Possible:
    """A step somebody may take from `since` on and before `until`, Unix seconds; None: no end."""

    step: Step
    actor: Actor
    since: int
    until: int | None
    means: str


@dataclass(frozen=True)
class Deadlines:
    """Times of a case in Unix seconds; each ends before its moment.

    `payee`: the payee alone answers. `answer`: anybody does. `ruling`: an arbiter rules; what is
    not ruled by then lapses. `freeze`: the longest that this case can keep the share.
    """

    payee: int
    answer: int
    ruling: int
    freeze: int

    @classmethod
    def of(cls, case: CaseRecord) -> Deadlines:
        opened = case.opened.timestamp
        answer = opened + ANSWER_SECONDS
        return cls(
            opened + PAYEES_SECONDS, answer, answer + RULING_SECONDS, opened + FREEZE_SECONDS_MAX
        )


def is_pending(case: CaseRecord) -> bool:
    """Whether nobody has ended the case."""
    return case.status in (CaseStatus.OPEN, CaseStatus.ANSWERED)


def is_standing(case: CaseRecord, now: int) -> bool:
    """Whether the case may still be won, or was and keeps the share frozen."""
    if is_pending(case):
        return now < Deadlines.of(case).ruling
    return case.status is CaseStatus.UPHELD and now < min(
        case.frozen_until, Deadlines.of(case).freeze
    )


def possible_steps(case: CaseRecord, now: int) -> tuple[Possible, ...]:
    """Every step that is open now or becomes open by time alone, the soonest to end first."""
    if is_pending(case):
        found = _while_pending(case, Deadlines.of(case), now)
    elif case.status is CaseStatus.UPHELD and now < case.frozen_until:
        found = _after_upholding(case, Deadlines.of(case))
    else:
        found = iter(())
    still = [each for each in found if each.until is None or now < each.until]
    return tuple(sorted(still, key=lambda each: (each.until is None, each.until, each.since)))


def _while_pending(case: CaseRecord, ends: Deadlines, now: int) -> Iterator[Possible]:
    opened = case.opened.timestamp
    if now >= ends.ruling:
        means = "closes the case, which nobody ruled on in time, so that bonds are paid back"
        yield Possible(Step.LAPSE, Actor.ANYBODY, ends.ruling, None, means)
        return
    if case.status is CaseStatus.OPEN:
        means = "contradicts the dispute and puts up the same bond"
        yield Possible(Step.ANSWER, Actor.PAYEE, opened, ends.answer, means)
        instead = f"{means}, in the payee's stead"
        yield Possible(Step.ANSWER, Actor.ANYBODY, ends.payee, ends.answer, instead)
    since = ends.answer if case.answered is None else case.answered.timestamp
    means = "says who is right; anybody then has the court take the ruling over"
    yield Possible(Step.RULE, Actor.ARBITER, since, ends.ruling, means)
    means = "takes the dispute back: the share is free at once"
    yield Possible(Step.CONCEDE, Actor.DISPUTER, opened, ends.ruling, means)
    means = "gives in: the dispute is upheld"
    yield Possible(Step.CONCEDE, Actor.PAYEE, opened, ends.ruling, means)
    for actor in (Actor.DISPUTER, *_against(case)):
        means = "adds evidence, without a bond"
        yield Possible(Step.GIVE_EVIDENCE, actor, opened, None, means)


def _after_upholding(case: CaseRecord, ends: Deadlines) -> Iterator[Possible]:
    upheld = case.ends[-1].place.timestamp
    yield Possible(Step.RELEASE, Actor.DISPUTER, upheld, None, "lets the share go")
    means = "has the share let go, once a corrected split is in force"
    yield Possible(Step.RELEASE, Actor.CONTROLLER, upheld, None, means)
    means = "has the share let go, corrected or not"
    yield Possible(Step.RELEASE, Actor.ANYBODY, ends.freeze, None, means)


def _against(case: CaseRecord) -> tuple[Actor, ...]:
    if case.defender is None or case.defender == case.payee:
        return (Actor.PAYEE,)
    return (Actor.PAYEE, Actor.DEFENDER)
