"""Disputes as plain JSON: amounts as text in base units, times as text, steps by name."""

from __future__ import annotations

from typing import Any

from api.dispute_steps import Actor, Possible
from api.disputes import DisputeInFull, DisputeShown, FrozenAmount
from api.http.plain import hexadecimal, moment, plain_currency, plain_place
from api.reading import manifest_cid
from chain.indexer.case_store import CaseRecord
from chain.ledger.identifiers import Address

Plain = dict[str, Any]


def plain_dispute(shown: DisputeShown) -> Plain:
    """As a list has it."""
    case, ends, work = shown.case, shown.deadlines, shown.work
    return {
        "dispute_id": hexadecimal(case.case_id),
        "number": case.number,
        "work_id": case.work_id,
        "titles": [{"lang": lang, "value": value} for lang, value in work.titles] if work else [],
        "payee": case.payee,
        "disputer": case.disputer,
        "defender": case.defender,
        "arbiter": case.arbiter,
        "state": case.status.name,
        "standing": shown.is_standing,
        "frozen": shown.is_frozen,
        "frozen_until": moment(case.frozen_until),
        "bond": str(case.bond),
        "words": {"state": shown.state, "headline": shown.headline},
        "deadlines": {
            "payee_answers_until": moment(ends.payee),
            "answer_until": moment(ends.answer),
            "ruling_until": moment(ends.ruling),
            "free_at_the_latest": moment(ends.freeze),
        },
        "opened": plain_place(case.opened),
        "answered": plain_place(case.answered) if case.answered else None,
        "ended": [{"state": end.status.name, **plain_place(end.place)} for end in case.ends],
    }


def plain_dispute_in_full(found: DisputeInFull) -> Plain:
    """With what is held, the evidence, who may do what, and what became of the bonds."""
    case = found.shown.case
    return {
        **plain_dispute(found.shown),
        "frozen_amounts": [plain_frozen(amount) for amount in found.frozen],
        "evidence": [
            {
                "party": given.party,
                "cid": str(manifest_cid(given.digest)),
                "digest": hexadecimal(given.digest),
                "place": plain_place(given.place),
            }
            for given in case.evidence
        ],
        "steps": [plain_step(step, case) for step in found.shown.steps],
        "ruled": found.ruling,
        "bonds": {
            "currency": plain_currency(found.bonds),
            "each": str(case.bond),
            "rule": found.shown.bonds_rule,
            "owed": _amounts(case.owed),
            "uncollected": _amounts(found.uncollected),
        },
    }


def plain_frozen(amount: FrozenAmount) -> Plain:
    return {
        "currency": plain_currency(amount.currency),
        "direct_lane": str(amount.direct),
        "epoch_lane": None if amount.epoch is None else str(amount.epoch),
        "untold": amount.untold or None,
    }


def plain_step(step: Possible, case: CaseRecord) -> Plain:
    return {
        "step": step.step.value,
        "who": step.actor.value,
        "account": account_of(step.actor, case),
        "from": moment(step.since),
        "until": moment(step.until) if step.until else None,
        "means": step.means,
    }


def account_of(actor: Actor, case: CaseRecord) -> Address | None:
    """The account that a word stands for in a case; None where it is not one, or not known."""
    return {
        Actor.PAYEE: case.payee,
        Actor.DISPUTER: case.disputer,
        Actor.DEFENDER: case.defender,
        Actor.ARBITER: case.arbiter,
    }.get(actor)


def _amounts(owed: tuple[tuple[Address, int], ...]) -> list[Plain]:
    return [{"account": account, "amount": str(amount)} for account, amount in owed]
