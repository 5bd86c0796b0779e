"""What each refusal of a contract means to a person, and what to do next; one entry per error.

Keys are error signatures. Braces name the error's parameters; `reverts` turns numbers of tiers,
states and times into words. A test holds this list equal to the committed ABIs.
"""

from __future__ import annotations

from typing import Final

from chain.client.access_words import ACCESS_REFUSALS
from chain.client.direct_report_words import DIRECT_REPORT_REFUSALS
from chain.client.dispute_words import DISPUTE_REFUSALS
from chain.client.epoch_words import EPOCH_REFUSALS
from chain.client.rights_words import RIGHTS_REFUSALS
from chain.client.words import OURS_TO_FIX as _OURS_TO_FIX
from chain.client.words import Words

REFUSALS: Final[dict[str, Words]] = {
    **ACCESS_REFUSALS,
    **DIRECT_REPORT_REFUSALS,
    **DISPUTE_REFUSALS,
    **RIGHTS_REFUSALS,
    **EPOCH_REFUSALS,
    # works
    "WorkUnknown(uint64)": Words(
        "There is no work {workId}.", "look the work up in the catalogue and use its number."
    ),
    "ContentAlreadyRegistered(bytes32,uint64)": Words(
        "This recording is already registered, as work {registeredAs}.",
        "open that work; if it is not theirs to register, object.",
    ),
    "NotSteward(uint32,address)": Words(
        "Only the steward of community {communityId} may do this; {caller} is not.",
        "ask the steward to do it, or sign in as the steward.",
    ),
    "EmptyRegistration()": Words(
        "A work needs a recording and a description; one of them is empty.",
        "add the missing one and register again.",
    ),
    "WorkIsCommunal(uint64)": Words(
        "Work {workId} belongs to its community and cannot be handed to anybody.",
        "leave it where it is; licences do not need it to move.",
    ),
    "EtherNotTaken(uint64)": Words(
        "Works take no ether here: this ledger was set up without a token that wraps it.",
        "pay work {workId} in a currency that the ledger takes.",
    ),
    "TooManyRegistrations(uint256)": Words(
        "{registrations} works are too many for one transaction.",
        "register them in groups of at most 128.",
    ),
    "CommitmentUnknown(bytes32)": Words(
        "Nothing like this was committed to by this account, or it was revealed before.",
        "commit first, or reveal exactly what was committed to, with the same salt.",
    ),
    "CommitmentNotOfAge(bytes32,uint40,uint40)": Words(
        "This commitment can be revealed from {notBefore} until {until} only.",
        "wait until then; when it is over, commit again.",
    ),
    "NotCatalogueOwner(address,address)": Words(
        "The catalogue names {owner} as its owner; {caller} is another.",
        "have its owner register it, or name the sender as the owner.",
    ),
    "CatalogueAlreadyRegistered(bytes32)": Words(
        "This catalogue is already registered.", "nothing to do; its works can be made real."
    ),
    "CatalogueUnknown(bytes32)": Words(
        "Nobody registered this catalogue.",
        "check owner, community, count, root and manifest, or register it first.",
    ),
    "NotInCatalogue(bytes32,uint32)": Words(
        "The catalogue holds no such work at position {position}.",
        "build the proof again from the catalogue's own list.",
    ),
    "CatalogueFull(bytes32,uint32)": Words(
        "All {count} works of the catalogue are real already.",
        "nothing to do; a work that is not in it is registered by itself.",
    ),
    "NotAComposition(uint64)": Words(
        "Work {workId} is not a composition.", "name the composition that was recorded."
    ),
    "BadRecordingKind(uint8)": Words(
        "A recording that owes a composition is registered as a derivative.",
        "register it as a derivative, then link it to the composition.",
    ),
    # sharing rules
    "NotDecided(uint32,bytes32)": Words(
        "The elders of community {communityId} did not decide this.",
        "have them approve exactly this decision, then announce it.",
    ),
    "BadFloor(uint8,uint16)": Words(
        "{phiBps} basis points cannot be divided equally under this rule.",
        "give a floor rule 1 to 10,000 basis points, and any other rule none.",
    ),
    "TooSoon(uint64,uint64)": Words(
        "A rule cannot hold from epoch {fromEpoch}: {earliest} is the first it can hold for.",
        "announce it for that epoch or a later one.",
    ),
    "TooFar(uint64,uint64)": Words(
        "A rule cannot be announced for epoch {fromEpoch}: {latest} is the last it can hold from.",
        "give the number of an epoch; a date is none.",
    ),
    "GroupTooHeavy(uint256)": Words(
        "The weights of group {group} are too large to be divided by.", "use smaller weights."
    ),
    "CheckpointUnorderedInsertion()": Words("A built-in order was broken.", _OURS_TO_FIX),
    # derivatives
    "NotADerivative(uint64)": Words(
        "Work {child} was not registered as a derivative, so it cannot have parents.",
        "register the new recording as a derivative and link that.",
    ),
    "AlreadyLinked(uint64)": Words(
        "Work {child} is already linked to its parents; links are for good.",
        "nothing to do; register another derivative if it is another recording.",
    ),
    "ParentNotLinked(uint64)": Words(
        "Work {parent} is a derivative that has no parents yet.",
        "link that work to its own parents first.",
    ),
    "BadParentCount(uint256)": Words(
        "A derivative cannot have {parents} parents.", "name between 1 and 16 parents."
    ),
    "ParentsOutOfOrder(uint64)": Words(
        "Parents must be named once each, lowest number first, and be older than their child; "
        "work {parent} is not.",
        "sort the parents by number and remove doubles.",
    ),
    "TooManyAncestors(uint256)": Words(
        "This derivative would owe {ancestors} works that it must name; 32 is the most.",
        "use fewer parents, or parents with fewer protected ancestors.",
    ),
    "NotARoot(uint64)": Words(
        "Work {workId} comes from other works, so no floor can be put under its share.",
        "declare the floor for the works that it comes from.",
    ),
    "BadFloor(uint64,uint32,uint32)": Words(
        "The floor of work {root} is {declared}; it can only be lowered, and must be above zero "
        "and at most half; {asked} is not.",
        "give a lower floor, or leave it as it is.",
    ),
    "TooDeep(uint256)": Words(
        "This derivative would be {depth} steps from its sources; 32 is the most.",
        "derive it from an earlier work of the chain.",
    ),
    "CompositionMissing(uint64,uint64)": Words(
        "Work {child} is registered as a recording of work {composition}, which is not among its "
        "parents.",
        "take a licence of the composition and name it as a parent.",
    ),
    "StackTooLarge(uint256)": Words(
        "The licensed shares together take too much of this derivative's income.",
        "use fewer parents, or parents with smaller shares.",
    ),
    "VectorMismatch(uint64)": Words(
        "The ancestor list given for work {workId} is not the one on record.",
        "read the list again from the index and try again.",
    ),
    "LicenceUnfit(uint64,uint64)": Words(
        "Licence {licenceId} does not allow this use of work {parent}: it must be yours, for that "
        "work, for generation, and still run.",
        "take a generation licence for that work.",
    ),
    "GenerationTaken(uint64,uint64)": Words(
        "Generation {generationId} already names work {child}.",
        "draw a new salt and mark the recording with the generation id it gives.",
    ),
    # the direct lane
    "NotLicenceRegistry(address)": Words(
        "Only the licence register may pay for somebody else; {caller} is not it.",
        "pay from your own account.",
    ),
    "NotCourt(address)": Words(
        "Only the ledger's own court notes disputes; {caller} is not it.",
        "open a dispute at the court of this deployment.",
    ),
    "TokenNotAccepted(address)": Words(
        "This ledger does not take the currency at {token}.", "pay in an accepted currency."
    ),
    "TokenAlreadyAccepted(address)": Words(
        "The currency at {token} is already accepted.", "nothing to do."
    ),
    "TooManyTokens(uint256)": Words(
        "This ledger already takes {tokens} currencies, which is the most.",
        "use one of those.",
    ),
    "ZeroAmount()": Words("An amount of zero pays nobody.", "give an amount above zero."),
    "AmountMismatch(uint256,uint256)": Words(
        "The currency delivered {received} instead of {expected} base units; it takes a fee.",
        "pay in a currency that delivers what it is told to.",
    ),
    "DerivativeNotLinked(uint64)": Words(
        "Work {workId} is a derivative without parents yet, so nobody could be paid.",
        "link it to its parents first.",
    ),
    "BadPayees()": Words(
        "Payees must be 1 to 64 different accounts in ascending order, none of them empty or this "
        "ledger.",
        "sort the payees by account, remove doubles, and try again.",
    ),
    "SharesNotWhole(uint256)": Words(
        "Shares add up to {sumBps} of 10000 hundredths of a percent; they must be 100 %.",
        "give the rest to somebody, or take the surplus away.",
    ),
    "SplitMismatch(uint64,uint32)": Words(
        "The shares given are not those of version {version} of work {workId}.",
        "read that version's shares from the index and try again.",
    ),
    "SplitExists(uint64,uint32)": Words(
        "Work {workId} already has payees (version {version}); they must have time to object.",
        "propose the new split instead of setting it.",
    ),
    "SplitNotDecided(uint64,uint32,bytes32)": Words(
        "All that came in for work {workId} goes by its first split, so the elders of community "
        "{communityId} decide on it. They have not decided on these payees.",
        "have as many elders as it requires call approveDecision({communityId}, {decision}) of "
        "the ConsentRegistry, each with its own account; then set the same payees again.",
    ),
    "SplitNotSet(uint64)": Words(
        "Work {workId} has no payees yet, so there is nobody to ask.", "set its first split."
    ),
    "ProposalMismatch(uint64)": Words(
        "These shares are not the ones proposed for work {workId}.",
        "read the present proposal from the index and try again.",
    ),
    "ObjectionTooLate(uint64,uint40)": Words(
        "Objections to the new split of work {workId} could be raised until {until}.",
        "talk to the work's controller; it can propose another split.",
    ),
    "SplitTooEarly(uint64,uint40)": Words(
        "The payees of work {workId} may object until {enactableFrom}.",
        "try again after that time, or ask all payees to agree now.",
    ),
    "SplitContested(uint64,uint32)": Words(
        "A payee of work {workId} objected to version {version} of its split.",
        "come to terms with the payee, or ask the community's elders to decide.",
    ),
    "NotAPayee(address)": Words(
        "{payee} has no share in this version of the split.",
        "check the account and the split's version.",
    ),
    "ShareFrozen(uint64,address)": Words(
        "The share of {payee} in work {workId} is under dispute, so it waits.",
        "see the dispute for when it ends; all other shares are paid.",
    ),
    "PayeeIsCustodian(address)": Words(
        "The money of {payee} would be sent to the contract that holds it, and be lost.",
        "give another account to be paid at.",
    ),
    "TooLittleGas(uint256,uint256)": Words(
        "The transaction brought too little gas to try the next payee.",
        "send it again with more gas, or pay fewer payees at once.",
    ),
    # OpenZeppelin: tokens
    "ERC20InsufficientAllowance(address,uint256,uint256)": Words(
        "The permission to pay covers {allowance} base units, {needed} are needed.",
        "sign a permission for the full amount.",
    ),
    "ERC20InsufficientBalance(address,uint256,uint256)": Words(
        "{sender} has {balance} base units, {needed} are needed. Nothing was charged.",
        "add money to the account and try again.",
    ),
    "ERC20InvalidApprover(address)": Words("{approver} cannot permit payments.", _OURS_TO_FIX),
    "ERC20InvalidReceiver(address)": Words(
        "{receiver} cannot receive this currency.", "give another account."
    ),
    "ERC20InvalidSender(address)": Words("{sender} cannot send this currency.", _OURS_TO_FIX),
    "ERC20InvalidSpender(address)": Words("{spender} cannot be permitted to pay.", _OURS_TO_FIX),
    "ERC2612ExpiredSignature(uint256)": Words(
        "The permission to pay was valid until {deadline}.", "sign a new one."
    ),
    "ERC2612InvalidSigner(address,address)": Words(
        "The permission to pay was signed by {signer}, not by {owner}, or it was already used.",
        "sign a new one with the paying account.",
    ),
    "ERC3009InvalidAuthorizationTime(uint256,uint256)": Words(
        "The authorization to pay does not hold yet, or no more.", "sign a new one."
    ),
    "ERC3009InvalidSignature()": Words(
        "The authorization to pay was not signed by the paying account.",
        "sign a new one with the paying account.",
    ),
    "ERC3009UsedAuthorization(address,bytes32)": Words(
        "{authorizer} has already used or cancelled this authorization to pay.", "sign a new one."
    ),
    "InvalidAccountNonce(address,uint256)": Words(
        "A signature of {account} was already used; the next one is number {currentNonce}.",
        "sign a new one.",
    ),
    "ERC721IncorrectOwner(address,uint256,address)": Words(
        "Work {tokenId} belongs to {owner}, not to {sender}.", "ask the owner."
    ),
    "ERC721InsufficientApproval(address,uint256)": Words(
        "{operator} may not move work {tokenId}.", "ask its owner for permission."
    ),
    "ERC721InvalidApprover(address)": Words(
        "{approver} may not give permissions for this work.", "ask its owner."
    ),
    "ERC721InvalidOperator(address)": Words(
        "{operator} cannot be given permissions.", _OURS_TO_FIX
    ),
    "ERC721InvalidOwner(address)": Words("{owner} cannot own works.", "give another account."),
    "ERC721InvalidReceiver(address)": Words(
        "{receiver} cannot hold works.", "give an account that can."
    ),
    "ERC721InvalidSender(address)": Words("{sender} cannot send works.", _OURS_TO_FIX),
    "ERC721NonexistentToken(uint256)": Words(
        "There is no work {tokenId}.", "look the work up in the catalogue and use its number."
    ),
    # OpenZeppelin: the rest
    "ECDSAInvalidSignature()": Words("A signature is not valid.", "sign again."),
    "ECDSAInvalidSignatureLength(uint256)": Words(
        "A signature has {length} bytes, it must have 65.", "sign again."
    ),
    "ECDSAInvalidSignatureS(bytes32)": Words(
        "A signature is in a form that could be altered.", "sign again with a current wallet."
    ),
    "InvalidShortString()": Words("A built-in name is not valid.", _OURS_TO_FIX),
    "StringTooLong(string)": Words("A built-in name is too long.", _OURS_TO_FIX),
    "ReentrancyGuardReentrantCall()": Words(
        "A currency or payee tried to call back into the ledger during a payment.",
        "use a currency and accounts that do not.",
    ),
    "SafeCastOverflowedUintDowncast(uint8,uint256)": Words(
        "{value} is too large for this ledger.", "use a smaller amount."
    ),
    "SafeERC20FailedOperation(address)": Words(
        "The currency at {token} did not carry out the payment. Nothing was charged.",
        "check balance and permission, or wait if the currency is paused.",
    ),
    # the development chain's own
    "MoneyRefused()": Words("This account takes no money.", "name another account to be paid at."),
    # the compiler's own
    "Error(string)": Words("A contract said: {message}.", "correct what it names and try again."),
    "Panic(uint256)": Words("A contract stopped at an inner check (code {code}).", _OURS_TO_FIX),
}

UNNAMED: Final = Words(
    "A contract stopped without giving a reason.",
    "try again; if it happens again, report it with the time and what you did.",
)
