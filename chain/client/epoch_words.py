"""What the refusals of the epoch lane mean to a person: reports, operators, roots and payouts."""

from __future__ import annotations

from typing import Final

from chain.client.words import OURS_TO_FIX, Words

EPOCH_REFUSALS: Final[dict[str, Words]] = {
    # usage reports
    "BadOperators()": Words(
        "The operators must be distinct, ascending, and enough for the threshold.",
        "correct the list of operators.",
    ),
    "EpochOutOfOrder(uint64,uint64)": Words(
        "Epoch {given} was reported, epoch {expected} is next.",
        "report the epochs in their order.",
    ),
    "EpochConflict(uint64,bytes32,bytes32)": Words(
        "Epoch {epoch} was already reported, with other content.",
        "stop and compare: two reports of one epoch mean that an operator erred.",
    ),
    "PreviousReportMismatch(bytes32,bytes32)": Words(
        "The report does not follow the last one on the chain.",
        "build it again on top of the last report.",
    ),
    "LicenceUsageMismatch()": Words(
        "The usage per licence is not the one the report was signed for.",
        "send the report with the usage it was signed with.",
    ),
    "TooManyLicences(uint256)": Words(
        "The report names {licences} licences, more than fit in one transaction.",
        "split the epoch into smaller ones.",
    ),
    "EmptyReport()": Words("The report counts no usage.", "wait until there is some."),
    "QuorumNotReached(uint256,uint256)": Words(
        "{signatures} operators signed, {threshold} are needed.",
        "wait for further operators to sign.",
    ),
    "NotOperator(address)": Words(
        "A signature is of {signer}, who is no operator, or it was made for another report.",
        "collect signatures of this report from its operators.",
    ),
    "SignersOutOfOrder(address)": Words(
        "Signatures must be one per operator, in ascending order; {signer} is not.",
        "sort the signatures by signer and remove doubles.",
    ),
    "StateAhead(uint64)": Words(
        "The report claims to know how things stood at {stateTime}, which is still to come.",
        OURS_TO_FIX,
    ),
    "WithheldMismatch()": Words(
        "The list of frozen shares given is not the one that was signed.",
        "fetch the list that belongs to the report.",
    ),
    "NotOmitted(uint64,address)": Words(
        "The report does withhold the share of {payee} in work {workId}.",
        "nothing to do; that part of the report is right.",
    ),
    "NotFrozen(uint64,address,uint64)": Words(
        "The share of {payee} in work {workId} was not frozen at {time}.",
        "nothing to do; the report need not withhold it.",
    ),
    "NotStanding(uint64,bytes32)": Words(
        "This is not a report of epoch {epoch} that stands.", "use the report that was posted."
    ),
    "NotRejected(uint64,bytes32)": Words(
        "This is not a report of epoch {epoch} that was rejected.",
        "nothing to return: usage comes back only after a rejection.",
    ),
    "UsageAlreadyReturned(uint64)": Words(
        "The usage of epoch {epoch} was returned to its licences before.", "nothing to do."
    ),
    # the oracle's operators
    "NoEquivocation()": Words(
        "The two reports do not contradict each other, or are not signed by one operator.",
        "show two different reports of one epoch after one report, both signed by it.",
    ),
    "BadBond()": Words("A bond needs a token and a place it goes to.", OURS_TO_FIX),
    "BondMismatch(uint256,uint256)": Words(
        "The token delivered {received} of a bond of {expected}.", "bond in another token."
    ),
    "BondHeld(address,uint40)": Words(
        "The bond of {operator} is still needed, until {releasableFrom} at the earliest.",
        "leave the operators first, and wait thirty days.",
    ),
    "NotBonded(address,uint256,uint256)": Words(
        "{operator} has bonded {bonded} of the {needed} that an operator needs.",
        "bond the rest, then try again.",
    ),
    "SlashedBefore(address)": Words(
        "{operator} lost its bond once for signing two reports of one epoch.",
        "seat that operator under another key.",
    ),
    "NotFirstSet(bytes32)": Words(
        "These are not the operators that the oracle was deployed with, or it has some already.",
        "have the operators changed through the role that may.",
    ),
    # the epoch lane
    "NoActiveRoot(address)": Words(
        "No payouts are open in this currency yet.",
        "wait until an epoch's window has closed and it was activated.",
    ),
    "TotalDecreased(uint256,uint256)": Words(
        "The payouts would fall from {committed} to {total} base units; they never fall.",
        "recompute the epoch: its report is wrong.",
    ),
    "NotFunded(uint256,uint256)": Words(
        "With this payout {total} base units would be paid; the epoch promises {promised} in all.",
        "pay nobody from this epoch: it leaves out somebody who was paid before.",
    ),
    "CreditExceeded(address,address,uint256,uint256)": Words(
        "The epoch's use costs {holder} {charge} base units; it has {credit} left.",
        "have the holder fund the difference, or leave out of the epoch what it cannot pay.",
    ),
    "NotCharged(uint256,uint256)": Words(
        "The epochs that stand would promise {total} base units, and their use was charged "
        "{charged}.",
        "recompute the epoch; to return charges, first have the council reject what exceeds them.",
    ),
    "WindowOpen(uint64,uint40)": Words(
        "Epoch {epoch} can still be objected to until {claimableFrom}.",
        "try again after that time.",
    ),
    "WindowClosed(uint64,uint40)": Words(
        "The time to object to epoch {epoch} ended at {claimableFrom}.",
        "nothing to do here; correct it in the next epoch.",
    ),
    "InvalidProof()": Words(
        "The proof does not lead to the payouts on record.",
        "fetch the proof for the present epoch and try again.",
    ),
    "BadRange(uint256,uint256)": Words(
        "{length} payouts from place {firstIndex} on are no aligned range of the tree.",
        "use a length that is a power of two, at most 512, and a multiple of it as the start.",
    ),
    "NothingDue(address,address)": Words(
        "Nothing is due to {payee} right now.", "nothing to do; what was due has been paid."
    ),
    "QueueFull(address,uint256)": Words(
        "{waiting} epochs wait already; the queue holds no more.",
        "activate the oldest, whose window has closed.",
    ),
    "NoPendingRoot(address,uint64)": Words(
        "No payouts of epoch {epoch} wait for activation.",
        "look whether they were activated or rejected.",
    ),
    "AboveCeiling(uint256,uint256)": Words(
        "The epoch promises {increase} more than the last; {ceiling} more is the most that may "
        "wait without the council.",
        "ask the council to look at the epoch and to cosign it: its token, number, sum root and "
        "total, as the signed report has them.",
    ),
    "NoWindow()": Words("Roots without a window could not be objected to.", OURS_TO_FIX),
    "BadCeiling(uint16)": Words("{bps} basis points cannot be a ceiling.", OURS_TO_FIX),
    "NoFault()": Words(
        "What was shown is right: an honest epoch may say that.",
        "nothing to do; object with another proof, or ask the council.",
    ),
}
