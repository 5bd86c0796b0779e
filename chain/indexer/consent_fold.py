"""From the steps of a consent to where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from chain.indexer.records import ConsentRecord, Place
from chain.ledger.identifiers import Digest, WorkId
from chain.ledger.rights import ConsentState, Tier

STATE_AFTER: Final = {
    "proposed": ConsentState.PROPOSED,
    "granted": ConsentState.GRANTED,
    "refused": ConsentState.REFUSED,
    "suspended": ConsentState.SUSPENDED,
    "resumed": ConsentState.GRANTED,
    "withdrawn": ConsentState.WITHDRAWN,
}


@dataclass(frozen=True)
class Step:
    """One event of a consent; what its event does not name is None."""

    work_id: WorkId
    tier: Tier
    step: str
    terms_hash: Digest | None
    until: int | None
    round: int | None
    approvals: int | None
    place: Place


def fold_consents(steps: Iterable[Step]) -> list[ConsentRecord]:
    """Where each consent stands after its steps in chain order; by work and tier."""
    standing: dict[tuple[WorkId, Tier], ConsentRecord] = {}
    for step in steps:
        key = (step.work_id, step.tier)
        before = standing.get(key)
        if before is None:
            state = ConsentState.NONE
            before = ConsentRecord(step.work_id, step.tier, state, None, 0, 0, 0, step.place)
        standing[key] = _after(before, step)
    return [standing[key] for key in sorted(standing)]


def _after(before: ConsentRecord, step: Step) -> ConsentRecord:
    if step.step == "approved":
        assert step.approvals is not None
        return replace(before, approvals=step.approvals, place=step.place)
    after = replace(before, state=STATE_AFTER[step.step], place=step.place)
    if step.step == "proposed":
        assert step.round is not None
        after = replace(after, approvals=0, round=step.round)
    if step.terms_hash is not None and step.until is not None:
        after = replace(after, terms_hash=step.terms_hash, until=step.until)
    return after
