"""A dispute in plain words, for stewards and creators: what is held, until when, unless what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from api.dispute_steps import Deadlines, is_pending
from chain.client.dispute_court import CaseStatus, Ruling
from chain.indexer.case_store import CaseRecord

_ENDED: Final = {
    CaseStatus.DISMISSED: "The dispute was dismissed on {when}.",
    CaseStatus.LAPSED: "Nobody ruled in time, and the dispute was closed on {when}.",
    CaseStatus.RELEASED: "The dispute was upheld, and the share was let go on {when}.",
}
_STATES: Final = {
    CaseStatus.OPEN: "waits for an answer",
    CaseStatus.ANSWERED: "answered; waits for a ruling",
    CaseStatus.UPHELD: "upheld; waits for a corrected split",
    CaseStatus.DISMISSED: "dismissed",
    CaseStatus.LAPSED: "closed; nobody ruled in time",
    CaseStatus.RELEASED: "upheld, and since let go",
}


def when(seconds: int) -> str:
    """A moment to the minute, e.g. `5 January 2027, 12:00 UTC`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def state_words(case: CaseRecord, now: int) -> str:
    """Where a case stands, in a few words."""
    ends = Deadlines.of(case)
    if is_pending(case) and now >= ends.ruling:
        return "nobody ruled in time; anybody may close it"
    if case.status is CaseStatus.OPEN and now >= ends.answer:
        return "not answered; waits for a ruling"
    if case.status is CaseStatus.UPHELD and now >= case.frozen_until:
        return "upheld; the freeze is over"
    return _STATES[case.status]


def headline(case: CaseRecord, arbiter: str, now: int) -> str:
    """One sentence or two: what is held until when, unless what; or how it ended."""
    share = f"the share of {case.payee} in work {case.work_id}"
    frozen = now < case.frozen_until
    if frozen and is_pending(case):
        held = f"{share} is held until {when(case.frozen_until)}, unless"
        return _begin(
            f"{held} the dispute is dismissed by {arbiter} or taken back by {case.disputer} "
            "before. If it is upheld, the share stays held until the split is put right, "
            f"{when(Deadlines.of(case).freeze)} at the latest."
        )
    if frozen and case.status is CaseStatus.UPHELD:
        held = f"{share} is held until {when(case.frozen_until)}, unless"
        return _begin(
            f"{held} a corrected split is in force before and the work's controller has it let "
            f"go, or {case.disputer} lets it go."
        )
    said = _how_it_ended(case, now)
    if frozen:
        return f"{said} Another dispute holds {share} until {when(case.frozen_until)}."
    return f"{said} {_begin(share)} is free."


def ruling_words(ruling: Ruling, arbiter: str) -> str | None:
    """What an arbiter ruled that the court has not taken over yet."""
    if ruling is Ruling.NONE:
        return None
    said = "upheld" if ruling is Ruling.UPHELD else "dismissed"
    return _begin(f"{arbiter} ruled: {said}. Anybody may have the court take it over.")


def outcome_words(case: CaseRecord) -> str:
    """What became of the bonds, as a rule that holds before and after."""
    match case.status:
        case CaseStatus.UPHELD | CaseStatus.RELEASED:
            return (
                "The disputer got the bond back. A defender lost theirs, half to the disputer and "
                "half to the treasury; but who stood up for a payee that gave in got it back."
            )
        case CaseStatus.DISMISSED:
            return (
                "Half of the disputer's bond is the payee's, the other half the treasury's. A "
                "defender got back what they put up."
            )
        case CaseStatus.LAPSED:
            return (
                "Half of the disputer's bond went back and half is the treasury's. A defender got "
                "back what they put up."
            )
        case _:
            return (
                "Whoever loses loses the bond: half to the disputer or the payee, half to the "
                "treasury. Who defends the payee gets the bond back unless it is ruled upheld. "
                "Where nobody rules, the disputer loses half of it to the treasury."
            )


def _how_it_ended(case: CaseRecord, now: int) -> str:
    if case.ends and case.status in _ENDED:
        return _ENDED[case.status].format(when=when(case.ends[-1].place.timestamp))
    if case.status is CaseStatus.UPHELD:
        return f"The dispute was upheld on {when(case.ends[-1].place.timestamp)}."
    if now >= Deadlines.of(case).ruling:
        return "Nobody ruled in time; anybody may close the dispute, so that bonds are paid back."
    # A share is frozen for so long at a stretch and no longer, whatever is still to be ruled on.
    return "The dispute goes on, but the share was held for as long as any may be at a stretch."


def _begin(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
