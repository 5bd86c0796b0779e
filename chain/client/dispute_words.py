"""What the refusals of the dispute court and its arbiters mean to a person."""

from __future__ import annotations

from typing import Final

from chain.client.words import OURS_TO_FIX, Words

DISPUTE_REFUSALS: Final[dict[str, Words]] = {
    "CaseKnown(bytes32)": Words(
        "This dispute with this evidence was brought before.", "bring other evidence, or none."
    ),
    "CaseUnknown(bytes32)": Words(
        "There is no such dispute.", "check who brought it, about which work, payee and evidence."
    ),
    "BadCaseStep(bytes32,uint8)": Words(
        "The dispute is past this step.", "look at where it stands, and go on from there."
    ),
    "EvidenceMissing()": Words(
        "A dispute needs evidence.", "publish the evidence and give its digest."
    ),
    "BondTooHigh(uint96,uint96)": Words(
        "The bond is {bond} base units by now, and {bondMax} were agreed to. Nothing was charged.",
        "agree to the higher bond, or leave it.",
    ),
    "PayeesTurn(bytes32,uint40)": Words(
        "Until {until} only the payee may answer.", "wait, or ask the payee to answer."
    ),
    "AnswerTooLate(bytes32,uint40)": Words(
        "The time to answer ended at {until}.",
        "give the arbiter the evidence; it is heard all the same.",
    ),
    "RulingTooEarly(bytes32,uint40)": Words(
        "The payee may still answer; a ruling is taken over from {notBefore} on.", "wait."
    ),
    "RulingTooLate(bytes32,uint40)": Words(
        "The time to rule ended at {until}; the dispute has lapsed.", "nothing to do."
    ),
    "NotRuled(bytes32)": Words("The arbiter has not ruled yet.", "ask the arbiter."),
    "LapseTooEarly(bytes32,uint40)": Words(
        "The arbiter may rule until {notBefore}.", "wait until then."
    ),
    "NotParty(bytes32,address)": Words(
        "This step is not for {caller} to take in this dispute.",
        "ask the disputer or the payee to take it.",
    ),
    "NotCorrected(uint64,uint32)": Words(
        "The disputed split of work {workId} is still the latest, version {version}.",
        "set the corrected split first, and wait until it is in force.",
    ),
    "ArbiterNotDecided(uint32,bytes32)": Words(
        "The elders of community {communityId} have not decided for this arbiter.",
        "ask them to approve the decision first.",
    ),
    "BadArbiter(address)": Words(
        "{arbiter} cannot be an arbiter: there is no contract.", "give an arbiter's address."
    ),
    "NothingOwed(address)": Words("No bond is owed to {account}.", "nothing to do."),
    "FreezeSpent(uint40)": Words(
        "This share was frozen for as long as any may be; it stays free until {notBefore}.",
        "dispute it after that time.",
    ),
    "AlreadyRuled(bytes32,uint8)": Words("A ruling is given once, and it was.", "nothing to do."),
    "NoRuling(bytes32)": Words("A ruling says who is right.", OURS_TO_FIX),
}
