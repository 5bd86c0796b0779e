// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommunities} from "../interfaces/ICommunities.sol";
import {SignedOnce} from "../signing/SignedOnce.sol";
import {CommunityId} from "../types/Identifiers.sol";

/// @notice See `ICommunities`.
abstract contract Communities is ICommunities, SignedOnce {
    /// @dev The approvals of one question; `approvedBy` has one bit per elder of the council that is asked.
    /// `reachedAt` is when they became enough last, zero until then, and `reachedBy` the council whose they were;
    /// `eldersAt`, when they were elders' last, and not a steward's alone.
    struct Tally {
        uint32 council;
        uint32 approvedBy;
        uint8 approvals;
        uint40 reachedAt;
        uint32 reachedBy;
        uint40 eldersAt;
    }

    uint40 public constant COUNCIL_DELAY = 7 days;

    uint256 private constant _ELDERS_MAX = 32;
    bytes32 private constant _DECISION_APPROVAL = keccak256(
        "DecisionApproval(uint32 communityId,bytes32 decisionHash,address elder,uint256 nonce,uint256 deadline)"
    );

    uint32 private _communityCount;
    mapping(CommunityId communityId => Community) private _communities;
    /// @dev Elders count from 1; zero is nobody. A new council begins with nobody, so that none need be unseated.
    mapping(CommunityId communityId => mapping(uint32 council => mapping(address account => uint8))) private
        _elderNumber;
    mapping(CommunityId communityId => address) private _stewardshipOffer;
    mapping(CommunityId communityId => mapping(bytes32 decisionHash => Tally)) private _decisions;

    /// @inheritdoc ICommunities
    function foundCommunity(address[] calldata elders, uint8 approvalsRequired, bytes32 profileDigest)
        external
        returns (CommunityId communityId)
    {
        communityId = CommunityId.wrap(++_communityCount);
        _communities[communityId].profileDigest = profileDigest;
        _seat(communityId, 1, msg.sender, elders, approvalsRequired);
        emit CommunityFounded(communityId, msg.sender, elders, approvalsRequired, profileDigest);
    }

    /// @inheritdoc ICommunities
    function offerStewardship(CommunityId communityId, address to) external {
        if (stewardOf(communityId) != msg.sender) revert NotSteward(communityId, msg.sender);

        _stewardshipOffer[communityId] = to;
        emit StewardshipOffered(communityId, to);
    }

    /// @inheritdoc ICommunities
    function acceptStewardship(CommunityId communityId) external {
        if (_stewardshipOffer[communityId] != msg.sender) revert NoStewardshipOffer(communityId, msg.sender);

        delete _stewardshipOffer[communityId];
        Community storage community = _communities[communityId];
        community.steward = msg.sender;
        emit StewardshipAccepted(communityId, msg.sender);
        if (community.approvalsRequired != 0) return;
        // What its steward decided alone would bring it back; elders without a say leave with it.
        community.elderCount = 0;
        emit CouncilSeated(communityId, ++community.council, msg.sender, new address[](0), 0);
    }

    /// @inheritdoc ICommunities
    function approveDecision(CommunityId communityId, bytes32 decisionHash) external {
        _approveDecision(communityId, decisionHash, msg.sender);
    }

    /// @inheritdoc ICommunities
    function approveDecisionSigned(
        CommunityId communityId,
        bytes32 decisionHash,
        address elder,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 words = keccak256(abi.encode(_DECISION_APPROVAL, communityId, decisionHash, elder, nonce, deadline));
        _checkSigned(elder, _hashTypedDataV4(words), deadline, signature);
        _use(elder, nonce, 1);
        _approveDecision(communityId, decisionHash, elder);
    }

    /// @inheritdoc ICommunities
    function seatCouncil(CommunityId communityId, address steward, address[] calldata elders, uint8 approvalsRequired)
        external
    {
        bytes32 decisionHash = councilDecision(communityId, steward, elders, approvalsRequired);
        uint32 council = _communities[communityId].council;
        Tally storage tally = _decisions[communityId][decisionHash];
        // What an earlier council decided ahead of time would bring it back to its seats.
        if (tally.reachedBy != council || !isDecided(communityId, decisionHash)) {
            revert CouncilNotDecided(communityId, decisionHash);
        }
        uint40 notBefore = tally.reachedAt + COUNCIL_DELAY;
        if (block.timestamp < notBefore) revert CouncilTooEarly(communityId, notBefore);

        ++council;
        delete _stewardshipOffer[communityId];
        _seat(communityId, council, steward, elders, approvalsRequired);
        emit CouncilSeated(communityId, council, steward, elders, approvalsRequired);
    }

    /// @inheritdoc ICommunities
    function communityOf(CommunityId communityId) external view returns (Community memory community) {
        community = _communities[communityId];
        if (community.steward == address(0)) revert CommunityUnknown(communityId);
    }

    /// @inheritdoc ICommunities
    function isElder(CommunityId communityId, address account) external view returns (bool) {
        return _elderNumber[communityId][_communities[communityId].council][account] != 0;
    }

    /// @inheritdoc ICommunities
    function stewardOf(CommunityId communityId) public view returns (address steward) {
        steward = _communities[communityId].steward;
        if (steward == address(0)) revert CommunityUnknown(communityId);
    }

    /// @inheritdoc ICommunities
    function isDecided(CommunityId communityId, bytes32 decisionHash) public view returns (bool) {
        Tally storage tally = _decisions[communityId][decisionHash];
        Tally storage annulled = _decisions[communityId][annulment(decisionHash)];
        // An annulment takes back what was decided before it: nobody forbids ahead of time what others may decide.
        if (tally.eldersAt != 0) return annulled.eldersAt < tally.eldersAt;
        if (tally.reachedAt == 0 || tally.reachedBy != _communities[communityId].council) return false;
        return annulled.reachedAt < tally.reachedAt;
    }

    /// @inheritdoc ICommunities
    function councilDecision(
        CommunityId communityId,
        address steward,
        address[] calldata elders,
        uint8 approvalsRequired
    ) public view returns (bytes32) {
        uint32 council = _communities[communityId].council + 1;
        return keccak256(abi.encode("council", communityId, council, steward, elders, approvalsRequired));
    }

    /// @inheritdoc ICommunities
    function annulment(bytes32 decisionHash) public pure returns (bytes32) {
        return keccak256(abi.encode("annulment", decisionHash));
    }

    /// @dev Counts an elder's approval, once per council and question; true when it is the one that suffices. What
    /// another council left unfinished is forgotten. Where no elder is asked, the steward stands for all of them, and
    /// what it decides holds until another council sits.
    function _count(Tally storage tally, CommunityId communityId, bytes32 decisionHash, address elder)
        internal
        returns (uint8 approvals, bool isReached)
    {
        Community storage community = _communities[communityId];
        uint32 council = community.council;
        uint8 required = community.approvalsRequired;
        uint8 number = _elderNumber[communityId][council][elder];
        bool isAlone = required == 0;
        if (isAlone) (number, required) = (community.steward == elder ? 1 : 0, 1);
        if (number == 0) revert NotElder(communityId, elder);
        uint32 elderBit = uint32(1) << (number - 1);
        bool isOpen = tally.council == council;
        if (isOpen && tally.approvedBy & elderBit != 0) revert AlreadyApproved(communityId, decisionHash, elder);

        approvals = isOpen ? tally.approvals + 1 : 1;
        isReached = approvals == required;
        tally.approvedBy = isOpen ? tally.approvedBy | elderBit : elderBit;
        tally.approvals = approvals;
        if (!isOpen) tally.council = council;
        if (!isReached) return (approvals, false);
        tally.reachedAt = uint40(block.timestamp);
        tally.reachedBy = council;
        if (!isAlone) tally.eldersAt = uint40(block.timestamp);
    }

    function _approvalsRequired(CommunityId communityId) internal view returns (uint8) {
        return _communities[communityId].approvalsRequired;
    }

    function _approveDecision(CommunityId communityId, bytes32 decisionHash, address elder) private {
        Tally storage tally = _decisions[communityId][decisionHash];
        (uint8 approvals, bool isReached) = _count(tally, communityId, decisionHash, elder);
        emit DecisionApproved(communityId, decisionHash, elder, approvals);
        if (isReached) emit DecisionMade(communityId, decisionHash);
    }

    function _seat(
        CommunityId communityId,
        uint32 council,
        address steward,
        address[] calldata elders,
        uint8 approvalsRequired
    ) private {
        uint256 elderCount = elders.length;
        if (approvalsRequired > elderCount || elderCount > _ELDERS_MAX) {
            revert BadQuorum(approvalsRequired, elderCount);
        }
        if (steward == address(0)) revert NotSteward(communityId, steward);

        mapping(address => uint8) storage elderNumber = _elderNumber[communityId][council];
        for (uint256 i; i < elderCount; ++i) {
            address elder = elders[i];
            if (elder == address(0)) revert NotElder(communityId, elder);
            if (elderNumber[elder] != 0) revert ElderTwice(elder);
            elderNumber[elder] = uint8(i + 1);
        }
        Community storage community = _communities[communityId];
        community.steward = steward;
        community.approvalsRequired = approvalsRequired;
        community.elderCount = uint8(elderCount);
        community.council = council;
    }
}
