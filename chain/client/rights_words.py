"""What the refusals of consent, licences and signed words mean to a person."""

from __future__ import annotations

from typing import Final

from chain.client.words import Words

RIGHTS_REFUSALS: Final[dict[str, Words]] = {
    # consent
    "CommunityUnknown(uint32)": Words(
        "There is no community {communityId}.", "check the number, or found the community first."
    ),
    "NotController(uint64,address)": Words(
        "{caller} does not decide for work {workId}.",
        "ask the steward of its community, or the owner of the work, to do it.",
    ),
    "NotElder(uint32,address)": Words(
        "{caller} is not an elder of community {communityId}.", "ask one of the elders to approve."
    ),
    "BadQuorum(uint256,uint256)": Words(
        "{approvalsRequired} approvals of {elders} elders cannot work; there may be 32 elders.",
        "ask for no more approvals than there are elders.",
    ),
    "ElderTwice(address)": Words(
        "{elder} is named as an elder twice.", "name every elder once and try again."
    ),
    "TermsDiffer(bytes32,bytes32)": Words(
        "The terms approved are not the terms proposed.",
        "read the proposal again and approve exactly those terms.",
    ),
    "ConsentInThePast(uint40)": Words(
        "The consent would end at {until}, which has passed.", "choose a date in the future."
    ),
    "BadConsentStep(uint64,uint8,uint8)": Words(
        "Consent for {tier} of work {workId} is {from}; this step does not lead on from there.",
        "look at the present state of the consent and choose a step that does.",
    ),
    "AlreadyApproved(uint32,bytes32,address)": Words(
        "{elder} has already approved this.", "nothing to do; another elder has to approve."
    ),
    "CouncilNotDecided(uint32,bytes32)": Words(
        "The elders of community {communityId} have not decided on this council, or took it back.",
        "have enough elders approve it first.",
    ),
    "CouncilTooEarly(uint32,uint40)": Words(
        "The council that was decided on takes its seats from {notBefore} on.",
        "try again after that time.",
    ),
    "OfferDiffers(uint48,uint48)": Words(
        "The offer was replaced meanwhile: number {proposed} stands, {named} was meant.",
        "read the present offer and approve that one, or none.",
    ),
    "NotSustained(uint64,uint8)": Words(
        "Consent for {tier} of work {workId} need not be reaffirmed.", "nothing to do."
    ),
    "Displaced(uint64,uint64)": Words(
        "Work {by} has taken the place of work {workId}, for which no consent is given and no "
        "licence taken any more.",
        "give consent for work {by}, or take the licence of that.",
    ),
    "NotWorkRegistry(address)": Words(
        "Only the register of works may do this; {caller} is not it.",
        "nothing to do: it does so when a work is displaced.",
    ),
    "NoStewardshipOffer(uint32,address)": Words(
        "Nobody offered the stewardship of community {communityId} to {caller}.",
        "ask the present steward to offer it to this account first.",
    ),
    # licences
    "TierRefused(uint64,uint8)": Words(
        "The community does not allow {tier} with work {workId}. Nothing was charged.",
        "choose another work, or ask the community.",
    ),
    "ConsentNotLive(uint64,uint8,uint8)": Words(
        "No licence for {tier} of work {workId} can be taken now: consent is {state}. "
        "Nothing was charged.",
        "ask the community; when they have agreed, try again.",
    ),
    "TermsNotConsented(uint64,bytes32,bytes32)": Words(
        "These are not the terms the community agreed to for work {workId}. Nothing was charged.",
        "fetch the present terms and price, and try again with those.",
    ),
    "BadTerms()": Words(
        "These terms contradict themselves: a share without generation, no duration, or a share "
        "too large.",
        "correct the terms and try again.",
    ),
    "LicenceUnknown(uint64)": Words(
        "There is no licence {licenceId}.", "check the number on the licence's receipt."
    ),
    "UnitCapExceeded(uint64,uint256,uint64)": Words(
        "Licence {licenceId} covers {unitCap} uses; with this it would be {wouldUse}.",
        "take another licence for the further uses.",
    ),
    "RevenueCapExceeded(uint64,uint256,uint128)": Words(
        "Licence {licenceId} covers income of {revenueCap} base units; with this it would be "
        "{wouldUse}.",
        "take another licence for the further income.",
    ),
    "NotUsageOracle(address)": Words(
        "Only the usage oracle may do this; {caller} is not it.",
        "report usage through the oracle's operators.",
    ),
    "VoucherNeeded(uint64,uint8)": Words(
        "The community gives licences for {tier} of work {workId} only to whom it chooses. "
        "Nothing was charged.",
        "ask the community for a voucher.",
    ),
    "NotVoucherHolder(address,address)": Words(
        "The voucher is for {holder}, not for {caller}. Nothing was charged.",
        "sign in as its holder, or ask for a voucher of your own.",
    ),
    "BadLicenceCount(uint256)": Words(
        "{licences} licences cannot be taken at once.", "take between 1 and 64 at a time."
    ),
    "PriceTooHigh(uint128,uint128)": Words(
        "The price is {price} base units, more than the {maxPrice} that were agreed to. "
        "Nothing was charged.",
        "look at the price and sign a new order if it is right.",
    ),
    "ShareTooHigh(uint32,uint32)": Words(
        "The work's share of income is {share}, more than the {maxShare} that were agreed to. "
        "Nothing was charged.",
        "look at the share and sign a new order if it is right.",
    ),
    "AuthorizationUnfit(bytes32,bytes32)": Words(
        "The authorization to pay is for something else than this order. Nothing was charged.",
        "sign an authorization for this order.",
    ),
    "NothingToPay(uint64)": Words(
        "This licence of work {workId} is free, so there is nothing to authorize.",
        "sign the order itself.",
    ),
    "NotHolder(uint64,address)": Words(
        "{caller} does not hold licence {licenceId}.", "sign in as the holder of the licence."
    ),
    "NotSublicensable(uint64)": Words(
        "The terms of licence {licenceId} do not allow sublicences.",
        "have the other side take a licence from the community.",
    ),
    "SublicenceExpiryUnfit(uint40,uint40)": Words(
        "A sublicence until {expiry} does not fit: the licence it comes from ends at "
        "{parentExpiry}.",
        "choose an end that lies ahead and not after that time.",
    ),
    "SublicenceCapsUnfit(uint48,uint104,uint48,uint104)": Words(
        "A sublicence for {unitCap} uses and an income of {revenueCap} base units does not fit: "
        "the licence it comes from covers {parentUnitCap} uses and {parentRevenueCap} base units.",
        "choose caps that are no higher than those.",
    ),
    "SublicenceTooDeep(uint64)": Words(
        "Licence {parent} is the eighth on its path already; no sublicence comes from it.",
        "have the holder of a licence further up give the sublicence.",
    ),
    # signed words
    "SignatureExpired(uint256)": Words(
        "The signature was good until {deadline}.", "sign again with a later deadline."
    ),
    "NotSignedBy(address)": Words(
        "The signature is not {signer}'s, or it was made for other words, another chain or "
        "another ledger.",
        "sign again with that account, on this chain.",
    ),
    "NonceSpent(address,uint256)": Words(
        "What {signer} signed under number {nonce} was used up or taken back.",
        "sign again under another number.",
    ),
}
