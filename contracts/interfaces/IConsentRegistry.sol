// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {OfferId, WorkId} from "../types/Identifiers.sol";
import {Tier} from "../types/Rights.sol";
import {ICommunities} from "./ICommunities.sol";

/// @notice Consent of communities: per work and tier, to one set of terms, until a date.
/// Suspension, refusal, withdrawal and lapse stop new licences in the same block and never touch settled money.
interface IConsentRegistry is ICommunities {
    /// NONE: nobody was asked. PROPOSED: the steward asks, elders have still to approve. GRANTED: licences may be
    /// taken. SUSPENDED: paused by the steward. REFUSED: the community says never. WITHDRAWN: it once said yes, or was
    /// about to when the work was displaced.
    enum ConsentState {
        NONE,
        PROPOSED,
        GRANTED,
        SUSPENDED,
        REFUSED,
        WITHDRAWN
    }

    /// @notice What is put forward for a tier.
    /// @param until Unix time, in seconds, from which the consent no longer holds.
    /// @param reaffirmSeconds The consent lapses when it was not reaffirmed for so long; zero when it need not be.
    /// @param byVoucher Licences go only to whom the work's controller gives a voucher.
    /// @param labels Codes of Traditional Knowledge and Biocultural labels, a byte each, ascending, zeros at the end.
    /// They tell people and platforms how to treat the work; nothing here follows from them.
    struct ConsentProposal {
        bytes32 termsHash;
        uint40 until;
        uint40 reaffirmSeconds;
        bool byVoucher;
        bytes32 labels;
    }

    /// @param approvals Elders who approved the offer, or reaffirm the consent, so far.
    /// @param liveUntil When a consent that has to be reaffirmed lapses unless it is; `until` for others.
    /// @param offer The terms last put forward; zero when none were.
    struct Consent {
        ConsentState state;
        uint8 approvals;
        uint40 until;
        bytes32 termsHash;
        OfferId offer;
        uint40 liveUntil;
        uint40 reaffirmSeconds;
        bool byVoucher;
        bytes32 labels;
    }

    /// @notice An elder's approval that somebody else sends. EIP-712:
    /// `ElderApproval(address elder,uint64 workId,uint8 tier,uint48 offer,bytes32 termsHash,bool reaffirms,uint256 nonce,
    /// uint256 deadline)`, without spaces.
    struct ElderApproval {
        address elder;
        WorkId workId;
        Tier tier;
        OfferId offer;
        bytes32 termsHash;
        bool reaffirms;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice Thrown when somebody who does not decide for the work acts on its consent.
    error NotController(WorkId workId, address caller);
    /// @notice Thrown when an approval is of another offer than the last one: it was replaced meanwhile.
    error OfferDiffers(OfferId proposed, OfferId named);
    /// @notice Thrown when a signed approval names other terms than those proposed.
    error TermsDiffer(bytes32 proposed, bytes32 named);
    error ConsentInThePast(uint40 until);
    /// @notice Thrown when a step does not lead on from the present state.
    error BadConsentStep(WorkId workId, Tier tier, ConsentState from);
    /// @notice Thrown when consent would be given for a work whose content another one took.
    error Displaced(WorkId workId, WorkId by);
    error NotWorkRegistry(address caller);
    /// @notice Thrown when a consent that need not be reaffirmed would be.
    error NotSustained(WorkId workId, Tier tier);

    event ConsentProposed(WorkId indexed workId, Tier indexed tier, OfferId indexed offer, ConsentProposal proposal);
    event ConsentApproved(WorkId indexed workId, Tier indexed tier, address indexed elder, uint8 approvals);
    event ConsentGranted(WorkId indexed workId, Tier indexed tier, bytes32 termsHash, uint40 until);
    event ConsentReaffirmed(WorkId indexed workId, Tier indexed tier, uint40 liveUntil);
    event ConsentRefused(WorkId indexed workId, Tier indexed tier);
    event ConsentSuspended(WorkId indexed workId, Tier indexed tier);
    event ConsentResumed(WorkId indexed workId, Tier indexed tier);
    event ConsentWithdrawn(WorkId indexed workId, Tier indexed tier);

    /// @notice Puts terms forward for a tier. Granted at once when no approvals are required. Never for a displaced work.
    /// From NONE, GRANTED, REFUSED, WITHDRAWN or PROPOSED (a new offer; earlier approvals count no more).
    function proposeConsent(WorkId workId, Tier tier, ConsentProposal calldata proposal)
        external
        returns (OfferId offer);

    /// @notice An elder approves exactly that offer; the last one needed grants.
    function approveConsent(WorkId workId, Tier tier, OfferId offer) external;

    /// @notice Says for another period that the consent holds; those who granted it do, by the same quorum. It may
    /// have lapsed meanwhile, and holds again from then on, but never beyond `until`.
    function reaffirmConsent(WorkId workId, Tier tier, OfferId offer) external;

    /// @notice Approves or reaffirms by an elder's signature, sent by anybody.
    function approveConsentSigned(ElderApproval calldata approval, bytes calldata signature) external;

    /// @notice Says never: from any state but WITHDRAWN it stops licences, and says so in words a platform reads.
    function refuseConsent(WorkId workId, Tier tier) external;
    function suspendConsent(WorkId workId, Tier tier) external;
    function resumeConsent(WorkId workId, Tier tier) external;
    function withdrawConsent(WorkId workId, Tier tier) external;

    /// @notice Withdraws what was given or proposed for a work that another one just displaced; only the WorkRegistry.
    /// Whoever registered it first had no say, and whoever has it now says it of the work in its place.
    function withdrawDisplaced(WorkId workId) external;

    function consentOf(WorkId workId, Tier tier) external view returns (Consent memory);

    /// @notice The hash of the terms under which a licence may be taken in this block; zero when none may.
    function liveTermsHash(WorkId workId, Tier tier) external view returns (bytes32);

    /// @notice The offer whose terms those are, and whether a licence takes a voucher; zeros when none may be taken.
    function liveOffer(WorkId workId, Tier tier)
        external
        view
        returns (OfferId offer, bytes32 termsHash, bool byVoucher);

    /// @notice The hash of the terms of any offer ever made; zero for none.
    function termsHashOf(OfferId offer) external view returns (bytes32);
}
