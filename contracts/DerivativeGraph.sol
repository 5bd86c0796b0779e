// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Managed} from "./access/Managed.sol";
import {TimedPause} from "./access/TimedPause.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IDerivativeGraph} from "./interfaces/IDerivativeGraph.sol";
import {ILicenceRegistry} from "./interfaces/ILicenceRegistry.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {AncestorVectors} from "./libraries/AncestorVectors.sol";
import {GenerationId, WorkId} from "./types/Identifiers.sol";
import {Parent, Tier, WorkKind} from "./types/Rights.sol";

/// @notice See `IDerivativeGraph`. Parents are older than their children, so no work is its own ancestor.
contract DerivativeGraph is IDerivativeGraph, TimedPause {
    using AncestorVectors for AncestorVectors.Draft;

    /// @dev One slot, so that a link writes one and reads one for each parent. 240 bits of a hash are too many to find
    /// a second vector for, or two vectors with the same. Protected is a root for which a floor was declared: only then
    /// is it asked from when.
    struct Node {
        bytes30 vectorHash;
        uint8 depth;
        bool isProtected;
    }

    uint256 public constant MAX_PARENTS = 16;
    uint256 public constant MAX_ANCESTORS = 32;
    uint256 public constant MAX_DEPTH = 32;
    /// @notice At most half of a derivative's income is its ancestors'.
    uint256 public constant MAX_STACK = 500_000_000;
    /// @notice How long a floor is known before it binds.
    uint40 public constant FLOOR_NOTICE = 7 days;

    WorkId private constant _NO_WORK = WorkId.wrap(0);
    bytes32 private constant _GENERATION_DOMAIN = keccak256("antiphon.generation.1");

    IWorkRegistry public immutable works;
    ILicenceRegistry public immutable licences;

    mapping(WorkId workId => Node) private _nodes;
    mapping(GenerationId generationId => WorkId) private _childOfGeneration;
    mapping(WorkId root => AncestorVectors.Floor) private _floors;

    constructor(IWorkRegistry works_, ILicenceRegistry licences_, IAccessManager authority_) Managed(authority_) {
        works = works_;
        licences = licences_;
    }

    /// @inheritdoc IDerivativeGraph
    function link(WorkId child, bytes32 salt, Parent[] calldata parents, bytes[] calldata vectors)
        external
        whenNotPaused
    {
        GenerationId generationId = generationOf(msg.sender, salt);
        _checkChild(child, generationId);
        bool countFits = parents.length > 0 && parents.length <= MAX_PARENTS && vectors.length == parents.length;
        if (!countFits) revert BadParentCount(parents.length);
        _checkComposition(child, parents);
        (bytes memory vector, uint8 depth) = _flatten(child, parents, vectors);

        _nodes[child] = Node({vectorHash: _hash(vector), depth: depth, isProtected: false});
        _childOfGeneration[generationId] = child;
        emit DerivativeLinked(child, generationId, parents, depth, vector);
    }

    /// @inheritdoc IDerivativeGraph
    function declareFloor(WorkId root, uint32 floor) external {
        if (works.controllerOf(root) != msg.sender) revert NotController(root, msg.sender);
        if (works.kindOf(root) == WorkKind.DERIVATIVE) revert NotARoot(root);
        AncestorVectors.Floor memory before = _floors[root];
        bool isDeclared = before.share != 0;
        bool isFit = floor != 0 && floor <= MAX_STACK && (!isDeclared || floor < before.share);
        if (!isFit) revert BadFloor(root, before.share, floor);

        // Lowered, it takes from nobody but the root.
        uint40 bindsFrom = isDeclared ? before.bindsFrom : _noticeUntil(root);
        _floors[root] = AncestorVectors.Floor(floor, bindsFrom);
        _nodes[root].isProtected = true;
        emit FloorDeclared(root, floor, bindsFrom);
    }

    /// @inheritdoc IDerivativeGraph
    function vectorHashOf(WorkId workId) external view returns (bytes30) {
        return _nodes[workId].vectorHash;
    }

    /// @inheritdoc IDerivativeGraph
    function depthOf(WorkId workId) external view returns (uint8) {
        return _nodes[workId].depth;
    }

    /// @inheritdoc IDerivativeGraph
    function childOfGeneration(GenerationId generationId) external view returns (WorkId) {
        return _childOfGeneration[generationId];
    }

    /// @inheritdoc IDerivativeGraph
    function floorOf(WorkId root) external view returns (uint32 floor, uint40 bindsFrom) {
        AncestorVectors.Floor memory declared = _floors[root];
        return (declared.share, declared.bindsFrom);
    }

    /// @inheritdoc IDerivativeGraph
    function generationOf(address linker, bytes32 salt) public view returns (GenerationId) {
        bytes32 hash = keccak256(abi.encode(_GENERATION_DOMAIN, block.chainid, address(this), linker, salt));
        // 1 to 2^64 - 1: zero names no generation.
        return GenerationId.wrap(uint64(uint256(hash) % type(uint64).max) + 1);
    }

    function _checkChild(WorkId child, GenerationId generationId) private view {
        if (works.controllerOf(child) != msg.sender) revert NotController(child, msg.sender);
        if (works.kindOf(child) != WorkKind.DERIVATIVE) revert NotADerivative(child);
        if (_nodes[child].vectorHash != 0) revert AlreadyLinked(child);
        WorkId taker = _childOfGeneration[generationId];
        if (taker != _NO_WORK) revert GenerationTaken(generationId, taker);
    }

    /// @dev What is registered as a recording of a composition owes it something. Of a displaced composition nobody can
    /// take a licence, and the work in its place is younger: its recordings are derivatives like any other.
    function _checkComposition(WorkId child, Parent[] calldata parents) private view {
        WorkId composition = works.compositionOf(child);
        if (composition == _NO_WORK) return;
        for (uint256 i; i < parents.length; ++i) {
            if (parents[i].workId == composition) return;
        }
        if (works.displacedBy(composition) == _NO_WORK) revert CompositionMissing(child, composition);
    }

    /// @dev From when a floor declared now binds. Where nobody ever asked for consent, nobody can have a licence.
    function _noticeUntil(WorkId root) private view returns (uint40) {
        IConsentRegistry.ConsentState consent = works.consents().consentOf(root, Tier.GENERATION).state;
        uint40 notice = consent == IConsentRegistry.ConsentState.NONE ? 0 : FLOOR_NOTICE;
        return uint40(block.timestamp) + notice;
    }

    /// @dev The child's ancestor vector and its depth: one more than that of its deepest parent.
    function _flatten(WorkId child, Parent[] calldata parents, bytes[] calldata vectors)
        private
        view
        returns (bytes memory vector, uint8 depth)
    {
        AncestorVectors.Draft memory draft = AncestorVectors.draft(vectors);
        WorkId previous = _NO_WORK;
        uint256 stack;
        for (uint256 i; i < parents.length; ++i) {
            WorkId parent = parents[i].workId;
            if (parent <= previous || child <= parent) revert ParentsOutOfOrder(parent);
            previous = parent;
            Node memory node = _checkVector(parent, vectors[i]);
            uint256 share = licences.royaltyShareFor(parents[i].licenceId, msg.sender, parent);
            stack += share;
            // Asked after every parent: no share in the draft may outgrow its bits.
            if (stack > MAX_STACK) revert StackTooLarge(stack);

            if (node.depth > depth) depth = node.depth;
            bool isProtected = node.isProtected && block.timestamp >= _floors[parent].bindsFrom;
            draft.addThrough(AncestorVectors.LicensedParent(parent, share, isProtected), vectors[i], _floors);
        }
        if (++depth > MAX_DEPTH) revert TooDeep(depth);
        stack += draft.raiseToFloors();
        if (stack > MAX_STACK) revert StackTooLarge(stack);
        draft.foldTo(MAX_ANCESTORS);
        vector = draft.pack();
    }

    /// @dev Refuses a parent that has still to be linked and a vector that is not the parent's.
    function _checkVector(WorkId parent, bytes calldata vector) private view returns (Node memory node) {
        node = _nodes[parent];
        if (node.vectorHash != 0) {
            if (_hash(vector) != node.vectorHash) revert VectorMismatch(parent);
        } else {
            if (works.kindOf(parent) == WorkKind.DERIVATIVE) revert ParentNotLinked(parent);
            if (vector.length != 0) revert VectorMismatch(parent);
        }
    }

    function _hash(bytes memory vector) private pure returns (bytes30) {
        return bytes30(keccak256(vector));
    }
}
