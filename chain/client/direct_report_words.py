"""What the refusals of the direct reports mean to a person."""

from __future__ import annotations

from typing import Final

from chain.client.words import Words

DIRECT_REPORT_REFUSALS: Final[dict[str, Words]] = {
    "NotRecorder(address)": Words(
        "Use of a licence is counted by the usage oracle and the direct reports; {caller} is "
        "neither.",
        "report usage through the oracle's operators.",
    ),
    "DepositTooSmall(address,address,uint256,uint256)": Words(
        "{free} base units of the deposit of {platform} are unlocked, {needed} are needed.",
        "add to the deposit, or let the use be counted with the next epoch.",
    ),
    "AlreadyReported(bytes32)": Words(
        "This use was reported by itself before; it never is twice.", "nothing to do."
    ),
    "ReportExpired(uint40)": Words(
        "The report had to be posted by {deadline}.",
        "have it signed again, or let the use be counted with the next epoch.",
    ),
    "UseAhead(uint64)": Words(
        "The use is said to happen at {occurredAt}, which is still to come.",
        "correct the time of the use.",
    ),
    "LicenceExpired(uint64,uint40)": Words(
        "Licence {licenceId} ended at {expiry}, before the use.",
        "nothing to do; it does not cover this use.",
    ),
    "TermsMismatch(bytes32,bytes32)": Words(
        "These are not the terms that the licence was taken under.",
        "send the terms on record for the licence.",
    ),
    "NoUnitPrice(uint64)": Words(
        "Licence {licenceId} has no price per use.",
        "nothing to do; there is nothing to pay.",
    ),
    "NotHeld(bytes32)": Words(
        "Nothing like this is locked: it was released or rejected, or never reported so.",
        "look up what became of the report.",
    ),
    "WindowOpen(bytes32,uint40)": Words(
        "The report can still be objected to until {releasableFrom}.", "try again after that time."
    ),
    "WindowClosed(bytes32,uint40)": Words(
        "The time to object to the report ended at {releasableFrom}.",
        "nothing to do here; its price goes to the work.",
    ),
    "NotCounted(bytes32,uint64)": Words(
        "The proof does not show that epoch {epoch} counted this use.",
        "fetch the proof of the epoch that did.",
    ),
}
