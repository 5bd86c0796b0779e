// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId, WorkId} from "../types/Identifiers.sol";
import {Tier} from "../types/Rights.sol";

/// @notice Communities, and their consent: per work and tier, to one set of terms, until a date.
/// Suspension, refusal and withdrawal stop new licences in the same block and never touch settled money.
interface IConsentRegistry {
    /// NONE: nobody was asked. PROPOSED: the steward asks, elders have still to approve. GRANTED: licences may be
    /// taken. SUSPENDED: paused by the steward. REFUSED: the community says never. WITHDRAWN: it once said yes.
    enum ConsentState {
        NONE,
        PROPOSED,
        GRANTED,
        SUSPENDED,
        REFUSED,
        WITHDRAWN
    }

    /// @param until Unix time, in seconds, from which the consent no longer holds.
    /// @param approvals Elders who approved the proposal so far.
    struct Consent {
        ConsentState state;
        uint8 approvals;
        uint40 until;
        bytes32 termsHash;
    }

    /// @param approvalsRequired How many of the elders must approve a grant; zero when the steward decides alone.
    struct Community {
        address steward;
        uint8 approvalsRequired;
        uint8 elderCount;
        bytes32 profileDigest;
    }

    error CommunityUnknown(CommunityId communityId);
    error NotSteward(CommunityId communityId, address caller);
    /// @notice Thrown when somebody who does not decide for the work acts on its consent.
    error NotController(WorkId workId, address caller);
    error NotElder(CommunityId communityId, address caller);
    /// @notice Thrown when more approvals are required than there are elders, or there are more than 32 elders.
    error BadQuorum(uint256 approvalsRequired, uint256 elders);
    error ElderTwice(address elder);
    error AlreadyApproved(WorkId workId, Tier tier, address elder);
    /// @notice Thrown when an approval names other terms than those proposed.
    error TermsDiffer(bytes32 proposed, bytes32 named);
    error ConsentInThePast(uint40 until);
    /// @notice Thrown when a step does not lead on from the present state.
    error BadConsentStep(WorkId workId, Tier tier, ConsentState from);
    /// @notice Thrown when an elder approves the same decision twice.
    error DecisionAlreadyApproved(CommunityId communityId, bytes32 decisionHash, address elder);
    error NoStewardshipOffer(CommunityId communityId, address caller);

    event CommunityFounded(
        CommunityId indexed communityId,
        address indexed steward,
        address[] elders,
        uint8 approvalsRequired,
        bytes32 profileDigest
    );
    event StewardshipOffered(CommunityId indexed communityId, address indexed to);
    event StewardshipAccepted(CommunityId indexed communityId, address indexed steward);
    event DecisionApproved(
        CommunityId indexed communityId, bytes32 indexed decisionHash, address indexed elder, uint8 approvals
    );
    event DecisionMade(CommunityId indexed communityId, bytes32 indexed decisionHash);
    event ConsentProposed(WorkId indexed workId, Tier indexed tier, bytes32 termsHash, uint40 until, uint32 round);
    event ConsentApproved(WorkId indexed workId, Tier indexed tier, address indexed elder, uint8 approvals);
    event ConsentGranted(WorkId indexed workId, Tier indexed tier, bytes32 termsHash, uint40 until);
    event ConsentRefused(WorkId indexed workId, Tier indexed tier);
    event ConsentSuspended(WorkId indexed workId, Tier indexed tier);
    event ConsentResumed(WorkId indexed workId, Tier indexed tier);
    event ConsentWithdrawn(WorkId indexed workId, Tier indexed tier);

    /// @notice Founds a community with the caller as its steward.
    /// @param elders Who approves grants; distinct, at most 32.
    /// @param profileDigest sha2-256 digest of the community's public profile, zero for none.
    function foundCommunity(address[] calldata elders, uint8 approvalsRequired, bytes32 profileDigest)
        external
        returns (CommunityId communityId);

    /// @notice Hands the stewardship over in two steps; nothing changes until it is accepted.
    function offerStewardship(CommunityId communityId, address to) external;
    function acceptStewardship(CommunityId communityId) external;

    /// @notice An elder approves a decision of the community, named by a hash that says all there is to it; the last
    /// approval needed makes it. Where none are required, the steward's own makes it.
    function approveDecision(CommunityId communityId, bytes32 decisionHash) external;

    /// @notice Whether the community made that decision. It stays made when its elders change.
    function isDecided(CommunityId communityId, bytes32 decisionHash) external view returns (bool);

    /// @notice Puts terms forward for a tier. Granted at once when no approvals are required.
    /// From NONE, GRANTED, REFUSED, WITHDRAWN or PROPOSED (a new round; earlier approvals count no more).
    function proposeConsent(WorkId workId, Tier tier, bytes32 termsHash, uint40 until) external;

    /// @notice An elder approves; the last one needed grants.
    function approveConsent(WorkId workId, Tier tier, bytes32 termsHash) external;

    /// @notice Says never: from any state but WITHDRAWN it stops licences, and says so in words a platform reads.
    function refuseConsent(WorkId workId, Tier tier) external;
    function suspendConsent(WorkId workId, Tier tier) external;
    function resumeConsent(WorkId workId, Tier tier) external;
    function withdrawConsent(WorkId workId, Tier tier) external;

    function consentOf(WorkId workId, Tier tier) external view returns (Consent memory);

    /// @notice The hash of the terms under which a licence may be taken in this block; zero when none may.
    function liveTermsHash(WorkId workId, Tier tier) external view returns (bytes32);
    function communityOf(CommunityId communityId) external view returns (Community memory);
    function stewardOf(CommunityId communityId) external view returns (address);
    function isElder(CommunityId communityId, address account) external view returns (bool);
}
