// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId} from "../types/Identifiers.sol";

/// @notice Communities: a steward who acts, and a council of elders who approve. Both may be keys, Safes or any other
/// contract; an elder's word may be signed and sent by somebody else.
interface ICommunities {
    /// @param approvalsRequired How many of the elders must approve a grant; zero when the steward decides alone.
    /// @param council Counts the councils the community has had, from 1.
    struct Community {
        address steward;
        uint8 approvalsRequired;
        uint8 elderCount;
        uint32 council;
        bytes32 profileDigest;
    }

    error CommunityUnknown(CommunityId communityId);
    error NotSteward(CommunityId communityId, address caller);
    error NotElder(CommunityId communityId, address caller);
    /// @notice Thrown when more approvals are required than there are elders, or there are more than 32 elders.
    error BadQuorum(uint256 approvalsRequired, uint256 elders);
    error ElderTwice(address elder);
    error AlreadyApproved(CommunityId communityId, bytes32 decisionHash, address elder);
    error NoStewardshipOffer(CommunityId communityId, address caller);
    /// @notice Thrown when a council would be seated that was not decided on, or the decision was annulled.
    error CouncilNotDecided(CommunityId communityId, bytes32 decisionHash);
    /// @notice Thrown when a council would be seated before its delay is over.
    error CouncilTooEarly(CommunityId communityId, uint40 notBefore);

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
    event CouncilSeated(
        CommunityId indexed communityId,
        uint32 indexed council,
        address indexed steward,
        address[] elders,
        uint8 approvalsRequired
    );

    /// @notice Founds a community with the caller as its steward.
    /// @param elders Who approves grants; distinct, at most 32.
    /// @param profileDigest sha2-256 digest of the community's public profile, zero for none.
    function foundCommunity(address[] calldata elders, uint8 approvalsRequired, bytes32 profileDigest)
        external
        returns (CommunityId communityId);

    /// @notice Hands the stewardship over in two steps; nothing changes until it is accepted.
    function offerStewardship(CommunityId communityId, address to) external;
    /// @notice Where no approvals are required, another council sits with the new steward: itself alone.
    function acceptStewardship(CommunityId communityId) external;

    /// @notice An elder approves a decision of the community, named by a hash that says all there is to it; the last
    /// approval needed makes it. Where none are required, the steward's own makes it.
    function approveDecision(CommunityId communityId, bytes32 decisionHash) external;

    /// @notice The same by the elder's signature, sent by anybody:
    /// `DecisionApproval(uint32 communityId,bytes32 decisionHash,address elder,uint256 nonce,uint256 deadline)`.
    function approveDecisionSigned(
        CommunityId communityId,
        bytes32 decisionHash,
        address elder,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Whether the community made that decision and did not take it back. It stays made when its elders change; what
    /// a steward decided alone, until another council sits.
    function isDecided(CommunityId communityId, bytes32 decisionHash) external view returns (bool);

    /// @notice Seats another steward, elders and quorum, decided on as `councilDecision` by the council that sits, at
    /// least seven days ago, and not annulled since. Anyone. Approvals the old council left unfinished count no more.
    function seatCouncil(CommunityId communityId, address steward, address[] calldata elders, uint8 approvalsRequired)
        external;

    /// @notice What the present council approves, as a decision, for another to take its place.
    function councilDecision(
        CommunityId communityId,
        address steward,
        address[] calldata elders,
        uint8 approvalsRequired
    ) external view returns (bytes32);

    /// @notice What the council approves, as a decision, to take back what was decided until then: it counts no more, until
    /// another council decides it anew, and what was done by it stays done. What elders decided, a steward alone does not
    /// take back.
    function annulment(bytes32 decisionHash) external pure returns (bytes32);

    function communityOf(CommunityId communityId) external view returns (Community memory);
    function stewardOf(CommunityId communityId) external view returns (address);
    function isElder(CommunityId communityId, address account) external view returns (bool);
}
