// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {ISplitVersions} from "../interfaces/ISplitVersions.sol";
import {IWorkRegistry} from "../interfaces/IWorkRegistry.sol";
import {CommunityId, WorkId} from "../types/Identifiers.sol";
import {BPS_WHOLE, Share} from "../types/Rights.sol";

/// @notice See `ISplitVersions`. Of a split only a hash is stored; callers give the shares back.
abstract contract SplitVersions is ISplitVersions, ReentrancyGuardTransient {
    /// @dev What is known of a work's ancestry. Both answers are final, so they are asked for once.
    enum Lineage {
        UNKNOWN,
        ORIGINAL,
        DERIVED
    }

    /// @dev All that a payment or a payout needs to know of a work, in one slot. 224 bits of a hash are too many to
    /// find other shares for, or two splits with the same.
    /// @param wasDisputed Whether any share of the work ever was; until then the court is not asked.
    struct Book {
        bytes28 splitHash;
        uint16 splits;
        Lineage lineage;
        bool wasDisputed;
    }

    uint40 public constant OBJECTION_PERIOD = 7 days;

    uint256 private constant _PAYEES_MAX = 64;
    CommunityId private constant _NO_COMMUNITY = CommunityId.wrap(0);
    WorkId private constant _NO_WORK = WorkId.wrap(0);

    IWorkRegistry public immutable works;
    IConsentRegistry public immutable consents;

    mapping(WorkId workId => Book) internal _books;
    mapping(WorkId workId => mapping(uint32 version => bytes28)) private _closedSplit;
    mapping(WorkId workId => Proposal) private _proposals;
    /// @dev The work that was in a displaced one's place when its present split began.
    mapping(WorkId displaced => WorkId) private _setFor;

    constructor(IWorkRegistry works_, IConsentRegistry consents_) {
        works = works_;
        consents = consents_;
    }

    /// @inheritdoc ISplitVersions
    function setSplit(WorkId workId, Share[] calldata shares) external nonReentrant returns (uint32 version) {
        _checkController(workId);
        uint32 splits = _books[workId].splits;
        if (splits != 0) revert SplitExists(workId, splits);
        _checkShares(shares);
        bytes32 split = _hash(shares);
        CommunityId elders = _eldersOf(workId);
        if (elders != _NO_COMMUNITY) {
            bytes32 decision = splitDecision(workId, 1, split);
            if (!consents.isDecided(elders, decision)) revert SplitNotDecided(workId, elders, decision);
        }

        return _open(workId, shares, split);
    }

    /// @inheritdoc ISplitVersions
    function proposeSplit(WorkId workId, Share[] calldata shares) external returns (uint32 version) {
        _checkController(workId);
        uint32 splits = _books[workId].splits;
        if (splits == 0) revert SplitNotSet(workId);
        _checkShares(shares);

        uint40 enactableFrom = uint40(block.timestamp) + OBJECTION_PERIOD;
        _proposals[workId] = Proposal(bytes28(_hash(shares)), enactableFrom, 0, 0, false);
        emit SplitProposed(workId, splits + 1, shares, enactableFrom);
        return splits + 1;
    }

    /// @inheritdoc ISplitVersions
    function consentToSplit(WorkId workId, bytes32 proposed, Share[] calldata present) external {
        (Proposal storage proposal, uint256 place) = _answered(workId, proposed, present);
        uint64 payee = uint64(1 << place);
        uint64 consented = proposal.consents | payee;
        proposal.consents = consented;
        proposal.objections &= ~payee;
        proposal.isUnanimous = consented == type(uint64).max >> (_PAYEES_MAX - present.length);
        emit SplitConsented(workId, _books[workId].splits + 1, msg.sender);
    }

    /// @inheritdoc ISplitVersions
    function objectToSplit(WorkId workId, bytes32 proposed, Share[] calldata present) external {
        (Proposal storage proposal, uint256 place) = _answered(workId, proposed, present);
        uint40 until = proposal.enactableFrom;
        if (block.timestamp >= until) revert ObjectionTooLate(workId, until);

        uint64 payee = uint64(1 << place);
        proposal.consents &= ~payee;
        proposal.objections |= payee;
        proposal.isUnanimous = false;
        emit SplitObjected(workId, _books[workId].splits + 1, msg.sender);
    }

    /// @inheritdoc ISplitVersions
    function enactSplit(WorkId workId, Share[] calldata shares, bytes calldata vector)
        external
        nonReentrant
        returns (uint32 version)
    {
        _checkController(workId);
        bytes32 proposed = _hash(shares);
        Proposal memory proposal = _proposals[workId];
        if (proposal.splitHash != bytes28(proposed)) revert ProposalMismatch(workId);
        Book memory book = _books[workId];
        if (!proposal.isUnanimous) {
            if (block.timestamp < proposal.enactableFrom) revert SplitTooEarly(workId, proposal.enactableFrom);
            bool stands = proposal.objections != 0 && !_isOverruled(workId, book.splits + 1, proposed);
            if (stands) revert SplitContested(workId, book.splits + 1);
        }

        delete _proposals[workId];
        _closedSplit[workId][book.splits] = book.splitHash;
        _closeSegments(workId, book.splits + 1, vector);
        return _open(workId, shares, proposed);
    }

    /// @inheritdoc ISplitVersions
    function splitCountOf(WorkId workId) external view returns (uint32) {
        return _books[workId].splits;
    }

    /// @inheritdoc ISplitVersions
    function proposalOf(WorkId workId) external view returns (Proposal memory) {
        return _proposals[workId];
    }

    /// @inheritdoc ISplitVersions
    function splitDecision(WorkId workId, uint32 version, bytes32 proposed) public view returns (bytes32) {
        return keccak256(abi.encode(this.enactSplit.selector, block.chainid, address(this), workId, version, proposed));
    }

    /// @dev Settles what is unsettled, and lets the segment of a new version begin in every token.
    function _closeSegments(WorkId workId, uint32 version, bytes calldata vector) internal virtual;

    /// @dev Refuses shares that are not those of the version; whether it is the one in force.
    function _checkSplit(WorkId workId, uint32 version, Share[] calldata shares) internal view returns (bool isLast) {
        Book memory book = _books[workId];
        isLast = version == book.splits;
        bytes28 stored = isLast ? book.splitHash : _closedSplit[workId][version];
        if (stored != bytes28(_hash(shares))) revert SplitMismatch(workId, version);
    }

    function _placeOf(Share[] calldata shares, address payee) internal pure returns (uint256 place) {
        for (; place < shares.length; ++place) {
            if (shares[place].payee == payee) return place;
        }
        revert NotAPayee(payee);
    }

    function _open(WorkId workId, Share[] calldata shares, bytes32 split) private returns (uint32 version) {
        Book storage book = _books[workId];
        version = ++book.splits;
        book.splitHash = bytes28(split);
        WorkId by = works.displacedBy(workId);
        if (by != _NO_WORK) _setFor[workId] = by;
        emit SplitSet(workId, version, shares);
    }

    /// @dev The proposal that the caller answers, and the caller's place in the present split.
    function _answered(WorkId workId, bytes32 proposed, Share[] calldata present)
        private
        view
        returns (Proposal storage proposal, uint256 place)
    {
        proposal = _proposals[workId];
        if (proposal.splitHash == 0 || proposal.splitHash != bytes28(proposed)) revert ProposalMismatch(workId);
        _checkSplit(workId, _books[workId].splits, present);
        place = _placeOf(present, msg.sender);
    }

    /// @dev Payees named before a work was displaced overrule nobody: who named them had registered somebody else's
    /// content. Those named since have their say.
    function _isOverruled(WorkId workId, uint32 version, bytes32 proposed) private view returns (bool) {
        if (works.displacedBy(workId) != _setFor[workId]) return true;
        CommunityId elders = _eldersOf(workId);
        return elders != _NO_COMMUNITY && consents.isDecided(elders, splitDecision(workId, version, proposed));
    }

    /// @dev The community whose elders have a say in who is paid. Where no approvals are required, a decision is the
    /// steward's own: it would overrule the payees by itself, and that nobody can.
    function _eldersOf(WorkId workId) private view returns (CommunityId) {
        CommunityId community = works.communityIdOf(workId);
        bool areAsked = community != _NO_COMMUNITY && consents.communityOf(community).approvalsRequired != 0;
        return areAsked ? community : _NO_COMMUNITY;
    }

    function _checkController(WorkId workId) private view {
        if (works.controllerOf(workId) != msg.sender) revert NotController(workId, msg.sender);
    }

    function _checkShares(Share[] calldata shares) private view {
        if (shares.length == 0 || shares.length > _PAYEES_MAX) revert BadPayees();
        uint256 sumBps;
        address previous;
        for (uint256 i; i < shares.length; ++i) {
            Share calldata share = shares[i];
            (address payee, uint256 bps) = (share.payee, share.bps);
            bool isFit = payee > previous && payee != address(this) && bps != 0;
            if (!isFit) revert BadPayees();
            previous = payee;
            sumBps += bps;
        }
        if (sumBps != BPS_WHOLE) revert SharesNotWhole(sumBps);
    }

    /// @dev keccak256(abi.encode(shares)), which lie in calldata as they are encoded: copied at once, not one by one.
    /// Shares with dirty bits have another hash than any that were set.
    function _hash(Share[] calldata shares) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            let size := mul(shares.length, 0x40)
            mstore(start, 0x20)
            mstore(add(start, 0x20), shares.length)
            calldatacopy(add(start, 0x40), shares.offset, size)
            hash := keccak256(start, add(size, 0x40))
        }
    }
}
