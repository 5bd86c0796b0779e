// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDerivativeGraph} from "./interfaces/IDerivativeGraph.sol";
import {ILicenceRegistry} from "./interfaces/ILicenceRegistry.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {AncestorVectors} from "./libraries/AncestorVectors.sol";
import {GenerationId, LicenceId, WorkId} from "./types/Identifiers.sol";
import {Parent, Tier, WorkKind} from "./types/Rights.sol";

/// @notice See `IDerivativeGraph`. Parents are older than their children, so no work is its own ancestor.
contract DerivativeGraph is IDerivativeGraph {
    using AncestorVectors for AncestorVectors.Draft;

    uint256 public constant MAX_PARENTS = 16;
    uint256 public constant MAX_ANCESTORS = 32;
    uint256 public constant MAX_DEPTH = 32;
    /// @notice At most half of a derivative's income is its ancestors'.
    uint256 public constant MAX_STACK = 500_000_000;

    WorkId private constant _NO_WORK = WorkId.wrap(0);

    IWorkRegistry public immutable works;
    ILicenceRegistry public immutable licences;

    mapping(WorkId workId => bytes32) private _vectorHash;
    mapping(WorkId workId => uint8) private _depth;
    mapping(GenerationId generationId => WorkId) private _childOfGeneration;

    constructor(IWorkRegistry works_, ILicenceRegistry licences_) {
        works = works_;
        licences = licences_;
    }

    /// @inheritdoc IDerivativeGraph
    function link(WorkId child, GenerationId generationId, Parent[] calldata parents, bytes[] calldata vectors)
        external
    {
        _checkChild(child, generationId);
        bool countFits = parents.length > 0 && parents.length <= MAX_PARENTS && vectors.length == parents.length;
        if (!countFits) revert BadParentCount(parents.length);
        (AncestorVectors.Draft memory draft, uint256 depth) = _flatten(child, parents, vectors);
        if (depth > MAX_DEPTH) revert TooDeep(depth);
        if (draft.length > MAX_ANCESTORS) revert TooManyAncestors(draft.length);

        bytes memory vector = draft.pack();
        _vectorHash[child] = keccak256(vector);
        _depth[child] = uint8(depth);
        _childOfGeneration[generationId] = child;
        emit DerivativeLinked(child, generationId, parents, uint8(depth), vector);
    }

    /// @inheritdoc IDerivativeGraph
    function vectorHashOf(WorkId workId) external view returns (bytes32) {
        return _vectorHash[workId];
    }

    /// @inheritdoc IDerivativeGraph
    function depthOf(WorkId workId) external view returns (uint8) {
        return _depth[workId];
    }

    /// @inheritdoc IDerivativeGraph
    function childOfGeneration(GenerationId generationId) external view returns (WorkId) {
        return _childOfGeneration[generationId];
    }

    function _checkChild(WorkId child, GenerationId generationId) private view {
        if (works.controllerOf(child) != msg.sender) revert NotController(child, msg.sender);
        if (works.workOf(child).kind != WorkKind.DERIVATIVE) revert NotADerivative(child);
        if (_vectorHash[child] != 0) revert AlreadyLinked(child);
        if (GenerationId.unwrap(generationId) == 0) revert GenerationZero();
        WorkId taker = _childOfGeneration[generationId];
        if (taker != _NO_WORK) revert GenerationTaken(generationId, taker);
    }

    /// @dev The child's ancestor vector and its depth: one more than that of its deepest parent.
    function _flatten(WorkId child, Parent[] calldata parents, bytes[] calldata vectors)
        private
        view
        returns (AncestorVectors.Draft memory draft, uint256 depth)
    {
        draft = AncestorVectors.draft(vectors);
        WorkId previous = _NO_WORK;
        uint256 stack;
        for (uint256 i; i < parents.length; ++i) {
            WorkId parent = parents[i].workId;
            if (parent <= previous || child <= parent) revert ParentsOutOfOrder(parent);
            previous = parent;
            uint256 parentDepth = _checkVector(parent, vectors[i]);
            uint256 share = _licensedShare(parents[i].licenceId, parent);
            stack += share;
            if (stack > MAX_STACK) revert StackTooLarge(stack);

            if (parentDepth > depth) depth = parentDepth;
            draft.addThrough(parent, share, vectors[i]);
        }
        depth += 1;
    }

    /// @dev Refuses a parent that has still to be linked and a vector that is not the parent's; returns its depth.
    function _checkVector(WorkId parent, bytes calldata vector) private view returns (uint256) {
        bytes32 stored = _vectorHash[parent];
        if (stored == 0) {
            if (works.workOf(parent).kind == WorkKind.DERIVATIVE) revert ParentNotLinked(parent);
            if (vector.length != 0) revert VectorMismatch(parent);
            return 0;
        }
        if (keccak256(vector) != stored) revert VectorMismatch(parent);
        return _depth[parent];
    }

    function _licensedShare(LicenceId licenceId, WorkId parent) private view returns (uint256) {
        ILicenceRegistry.Licence memory licence = licences.licenceOf(licenceId);
        bool isFit = licence.holder == msg.sender && licence.workId == parent && licence.tier == Tier.GENERATION
            && block.timestamp < licence.expiry;
        if (!isFit) revert LicenceUnfit(licenceId, parent);
        return licence.royaltyShare;
    }
}
