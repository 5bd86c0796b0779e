// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {CommunityId, WorkId} from "./types/Identifiers.sol";
import {Tier} from "./types/Rights.sol";

/// @notice See `IConsentRegistry`. A work of no community has no elders: its owner alone decides for it.
contract ConsentRegistry is IConsentRegistry {
    /// @dev `approvedBy` has one bit per elder, so that opening a new round forgets the old one in the same write.
    struct ConsentRecord {
        ConsentState state;
        uint8 approvals;
        uint40 until;
        uint32 round;
        uint32 approvedBy;
        bytes32 termsHash;
    }

    struct Decision {
        bool isMade;
        uint8 approvals;
        uint32 approvedBy;
    }

    uint256 private constant _ELDERS_MAX = 32;

    IWorkRegistry public immutable works;

    uint32 private _communityCount;
    mapping(CommunityId communityId => Community) private _communities;
    /// @dev Elders count from 1; zero is nobody.
    mapping(CommunityId communityId => mapping(address account => uint8)) private _elderNumber;
    mapping(CommunityId communityId => address) private _stewardshipOffer;
    mapping(CommunityId communityId => mapping(bytes32 decisionHash => Decision)) private _decisions;
    mapping(WorkId workId => mapping(Tier tier => ConsentRecord)) private _consents;

    constructor(IWorkRegistry works_) {
        works = works_;
    }

    /// @inheritdoc IConsentRegistry
    function foundCommunity(address[] calldata elders, uint8 approvalsRequired, bytes32 profileDigest)
        external
        returns (CommunityId communityId)
    {
        uint256 elderCount = elders.length;
        if (approvalsRequired > elderCount || elderCount > _ELDERS_MAX) {
            revert BadQuorum(approvalsRequired, elderCount);
        }

        communityId = CommunityId.wrap(++_communityCount);
        _seatElders(communityId, elders);
        _communities[communityId] = Community({
            steward: msg.sender,
            approvalsRequired: approvalsRequired,
            elderCount: uint8(elderCount),
            profileDigest: profileDigest
        });
        emit CommunityFounded(communityId, msg.sender, elders, approvalsRequired, profileDigest);
    }

    /// @inheritdoc IConsentRegistry
    function offerStewardship(CommunityId communityId, address to) external {
        if (stewardOf(communityId) != msg.sender) revert NotSteward(communityId, msg.sender);

        _stewardshipOffer[communityId] = to;
        emit StewardshipOffered(communityId, to);
    }

    /// @inheritdoc IConsentRegistry
    function acceptStewardship(CommunityId communityId) external {
        if (_stewardshipOffer[communityId] != msg.sender) revert NoStewardshipOffer(communityId, msg.sender);

        delete _stewardshipOffer[communityId];
        _communities[communityId].steward = msg.sender;
        emit StewardshipAccepted(communityId, msg.sender);
    }

    /// @inheritdoc IConsentRegistry
    function approveDecision(CommunityId communityId, bytes32 decisionHash) external {
        Community storage community = _communities[communityId];
        uint8 approvalsRequired = community.approvalsRequired;
        uint8 elderNumber = _elderNumber[communityId][msg.sender];
        // Where no elder is asked, the steward stands for all of them.
        if (approvalsRequired == 0 && community.steward == msg.sender) (approvalsRequired, elderNumber) = (1, 1);
        else if (elderNumber == 0 || approvalsRequired == 0) revert NotElder(communityId, msg.sender);
        Decision storage decision = _decisions[communityId][decisionHash];
        uint32 elderBit = uint32(1) << (elderNumber - 1);
        if (decision.approvedBy & elderBit != 0) {
            revert DecisionAlreadyApproved(communityId, decisionHash, msg.sender);
        }

        uint8 approvals = decision.approvals + 1;
        decision.approvals = approvals;
        decision.approvedBy |= elderBit;
        emit DecisionApproved(communityId, decisionHash, msg.sender, approvals);
        if (approvals == approvalsRequired) {
            decision.isMade = true;
            emit DecisionMade(communityId, decisionHash);
        }
    }

    /// @inheritdoc IConsentRegistry
    function proposeConsent(WorkId workId, Tier tier, bytes32 termsHash, uint40 until) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        ConsentState from = consent.state;
        if (from == ConsentState.SUSPENDED) revert BadConsentStep(workId, tier, from);
        if (until <= block.timestamp) revert ConsentInThePast(until);

        uint32 round = consent.round + 1;
        bool grantsAtOnce = _approvalsRequired(workId) == 0;
        _consents[workId][tier] = ConsentRecord({
            state: grantsAtOnce ? ConsentState.GRANTED : ConsentState.PROPOSED,
            approvals: 0,
            until: until,
            round: round,
            approvedBy: 0,
            termsHash: termsHash
        });
        emit ConsentProposed(workId, tier, termsHash, until, round);
        if (grantsAtOnce) emit ConsentGranted(workId, tier, termsHash, until);
    }

    /// @inheritdoc IConsentRegistry
    function approveConsent(WorkId workId, Tier tier, bytes32 termsHash) external {
        CommunityId communityId = works.workOf(workId).communityId;
        uint8 elderNumber = _elderNumber[communityId][msg.sender];
        if (elderNumber == 0) revert NotElder(communityId, msg.sender);
        ConsentRecord storage consent = _consents[workId][tier];
        if (consent.state != ConsentState.PROPOSED) revert BadConsentStep(workId, tier, consent.state);
        if (consent.termsHash != termsHash) revert TermsDiffer(consent.termsHash, termsHash);
        uint40 until = consent.until;
        if (until <= block.timestamp) revert ConsentInThePast(until);
        uint32 elderBit = uint32(1) << (elderNumber - 1);
        if (consent.approvedBy & elderBit != 0) revert AlreadyApproved(workId, tier, msg.sender);

        uint8 approvals = consent.approvals + 1;
        consent.approvals = approvals;
        consent.approvedBy |= elderBit;
        emit ConsentApproved(workId, tier, msg.sender, approvals);
        if (approvals == _communities[communityId].approvalsRequired) {
            consent.state = ConsentState.GRANTED;
            emit ConsentGranted(workId, tier, termsHash, until);
        }
    }

    /// @inheritdoc IConsentRegistry
    function refuseConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        if (consent.state == ConsentState.WITHDRAWN) revert BadConsentStep(workId, tier, consent.state);

        consent.state = ConsentState.REFUSED;
        emit ConsentRefused(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function suspendConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        if (consent.state != ConsentState.GRANTED) revert BadConsentStep(workId, tier, consent.state);

        consent.state = ConsentState.SUSPENDED;
        emit ConsentSuspended(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function resumeConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        if (consent.state != ConsentState.SUSPENDED) revert BadConsentStep(workId, tier, consent.state);
        if (consent.until <= block.timestamp) revert ConsentInThePast(consent.until);

        consent.state = ConsentState.GRANTED;
        emit ConsentResumed(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function withdrawConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        ConsentState from = consent.state;
        bool wasGiven = from == ConsentState.GRANTED || from == ConsentState.SUSPENDED;
        if (!wasGiven) revert BadConsentStep(workId, tier, from);

        consent.state = ConsentState.WITHDRAWN;
        emit ConsentWithdrawn(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function consentOf(WorkId workId, Tier tier) external view returns (Consent memory) {
        ConsentRecord storage consent = _consents[workId][tier];
        return Consent({
            state: consent.state,
            approvals: consent.approvals,
            until: consent.until,
            termsHash: consent.termsHash
        });
    }

    /// @inheritdoc IConsentRegistry
    function liveTermsHash(WorkId workId, Tier tier) external view returns (bytes32) {
        ConsentRecord storage consent = _consents[workId][tier];
        bool isLive = consent.state == ConsentState.GRANTED && block.timestamp < consent.until;
        return isLive ? consent.termsHash : bytes32(0);
    }

    /// @inheritdoc IConsentRegistry
    function isDecided(CommunityId communityId, bytes32 decisionHash) external view returns (bool) {
        return _decisions[communityId][decisionHash].isMade;
    }

    /// @inheritdoc IConsentRegistry
    function communityOf(CommunityId communityId) external view returns (Community memory community) {
        community = _communities[communityId];
        if (community.steward == address(0)) revert CommunityUnknown(communityId);
    }

    /// @inheritdoc IConsentRegistry
    function isElder(CommunityId communityId, address account) external view returns (bool) {
        return _elderNumber[communityId][account] != 0;
    }

    /// @inheritdoc IConsentRegistry
    function stewardOf(CommunityId communityId) public view returns (address steward) {
        steward = _communities[communityId].steward;
        if (steward == address(0)) revert CommunityUnknown(communityId);
    }

    function _seatElders(CommunityId communityId, address[] calldata elders) private {
        mapping(address => uint8) storage elderNumber = _elderNumber[communityId];
        for (uint256 i; i < elders.length; ++i) {
            address elder = elders[i];
            if (elder == address(0)) revert NotElder(communityId, elder);
            if (elderNumber[elder] != 0) revert ElderTwice(elder);
            elderNumber[elder] = uint8(i + 1);
        }
    }

    /// @dev The consent on which the caller, who decides for the work, is about to act.
    function _controlled(WorkId workId, Tier tier) private view returns (ConsentRecord storage) {
        if (works.controllerOf(workId) != msg.sender) revert NotController(workId, msg.sender);
        return _consents[workId][tier];
    }

    function _approvalsRequired(WorkId workId) private view returns (uint8) {
        return _communities[works.workOf(workId).communityId].approvalsRequired;
    }
}
