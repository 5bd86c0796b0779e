"""From the steps of a consent to where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from chain.indexer.records import ConsentRecord, Place
from chain.ledger.identifiers import Digest, WorkId
from chain.ledger.rights import ConsentState, Tier
from chain.ledger.words import WORD_BYTES

STATE_AFTER: Final = {
    "proposed": ConsentState.PROPOSED,
    "granted": ConsentState.GRANTED,
    "refused": ConsentState.REFUSED,
    "suspended": ConsentState.SUSPENDED,
    "resumed": ConsentState.GRANTED,
    "reaffirmed": ConsentState.GRANTED,
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
    offer: int | None
    reaffirm_seconds: int | None
    by_voucher: bool | None
    labels: bytes | None
    live_until: int | None
    approvals: int | None
    place: Place


def fold_consents(steps: Iterable[Step]) -> list[ConsentRecord]:
    """Where each consent stands after its steps in chain order; by work and tier."""
    standing: dict[tuple[WorkId, Tier], ConsentRecord] = {}
    for step in steps:
        key = (step.work_id, step.tier)
        before = standing.get(key)
        if before is None:
            before = ConsentRecord(
                step.work_id,
                step.tier,
                ConsentState.NONE,
                terms_hash=None,
                until=0,
                approvals=0,
                offer=0,
                reaffirm_seconds=0,
                by_voucher=False,
                labels=bytes(WORD_BYTES),
                live_until=0,
                place=step.place,
            )
        standing[key] = _after(before, step)
    return [standing[key] for key in sorted(standing)]


def _after(before: ConsentRecord, step: Step) -> ConsentRecord:
    if step.step == "approved":
        assert step.approvals is not None
        return replace(before, approvals=step.approvals, place=step.place)
    after = replace(before, state=STATE_AFTER[step.step], place=step.place)
    if step.step == "proposed":
        assert step.offer is not None
        assert step.until is not None
        assert step.reaffirm_seconds is not None
        assert step.by_voucher is not None
        assert step.labels is not None
        return replace(
            after,
            terms_hash=step.terms_hash,
            until=step.until,
            approvals=0,
            offer=step.offer,
            reaffirm_seconds=step.reaffirm_seconds,
            by_voucher=step.by_voucher,
            labels=step.labels,
            live_until=0,
        )
    if step.step == "granted":
        lapse = step.place.timestamp + before.reaffirm_seconds
        live_until = min(before.until, lapse) if before.reaffirm_seconds else before.until
        return replace(after, live_until=live_until)
    if step.live_until is not None:
        return replace(after, live_until=step.live_until)
    return after
