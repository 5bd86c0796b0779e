"""What the refusals of roles, delays and pauses mean to a person."""

from __future__ import annotations

from typing import Final

from chain.client.words import OURS_TO_FIX, Words

_SCHEDULE: Final = "announce it to the authority, wait out the delay, then do exactly that."

ACCESS_REFUSALS: Final[dict[str, Words]] = {
    # OpenZeppelin: the authority
    "AccessManagerAlreadyScheduled(bytes32)": Words(
        "This step is announced already.", "wait until its delay is over, then take it."
    ),
    "AccessManagerBadConfirmation()": Words(
        "A role is given up only by its own holder.", "sign in as the account that holds it."
    ),
    "AccessManagerExpired(bytes32)": Words(
        "The announcement is older than a week after its time and counts no more.",
        "announce it again.",
    ),
    "AccessManagerInvalidInitialAdmin(address)": Words(
        "{initialAdmin} cannot be the first admin.", OURS_TO_FIX
    ),
    "AccessManagerLockedFunction(bytes4)": Words(
        "The rule for this function cannot be changed.", OURS_TO_FIX
    ),
    "AccessManagerLockedRole(uint64)": Words(
        "Role {roleId} cannot be changed.", "choose one of the ledger's own roles."
    ),
    "AccessManagerNotReady(bytes32)": Words(
        "The delay of this announced step is not over.", "wait until it is."
    ),
    "AccessManagerNotScheduled(bytes32)": Words("This step was not announced.", _SCHEDULE),
    "AccessManagerUnauthorizedAccount(address,uint64)": Words(
        "{msgsender} does not hold role {roleId}.", "ask one of its holders."
    ),
    "AccessManagerUnauthorizedCall(address,address,bytes4)": Words(
        "{caller} may not call this function of {target}.", "ask a holder of the role that may."
    ),
    "AccessManagerUnauthorizedCancel(address,address,address,bytes4)": Words(
        "{msgsender} may not call off what {caller} announced.", "ask {caller}, or the admin."
    ),
    "AccessManagerUnauthorizedConsume(address)": Words(
        "An announced step is ticked off only by the contract it is for.", OURS_TO_FIX
    ),
    "AddressEmptyCode(address)": Words("There is no contract at {target}.", OURS_TO_FIX),
    "FailedCall()": Words("A call to another contract failed.", OURS_TO_FIX),
    "InsufficientBalance(uint256,uint256)": Words(
        "{balance} are held, {needed} are needed.", OURS_TO_FIX
    ),
    # roles and pauses
    "NotPermitted(address,bytes4)": Words(
        "{caller} does not hold the role that may do this.", "ask a holder of that role."
    ),
    "NewMoneyPaused(uint40)": Words(
        "New money is paused until {until}. What is already due can be claimed as ever.",
        "try again after that time.",
    ),
    "PauseTooSoon(uint40)": Words(
        "There was a pause; the next one may begin at {notBefore}.",
        "wait until then, or ask the admin for another remedy.",
    ),
    "NotPaused()": Words("No pause is on.", "nothing to do."),
}
