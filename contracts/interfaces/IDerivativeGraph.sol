// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {GenerationId, LicenceId, WorkId} from "../types/Identifiers.sol";
import {Parent} from "../types/Rights.sol";

/// @notice Which works a derivative comes from, append-only, with the shares its income owes them.
///
/// The shares are flattened once, when the derivative is linked, into an **ancestor vector**: for each ancestor,
/// ascending by id, 8 bytes of work id and 4 bytes of share (of `SHARE_SCALE`), 12 bytes an entry. Parent p licensed
/// at share r passes floor(r * V(p)[j] / SHARE_SCALE) on to each of its own ancestors j and keeps the rest of r, so
/// the vector sums to exactly the licensed shares whatever the number of paths. Only its hash is stored; callers give
/// the bytes back.
interface IDerivativeGraph {
    error NotController(WorkId child, address caller);
    /// @notice Thrown when a work that is not a DERIVATIVE would get parents.
    error NotADerivative(WorkId child);
    error AlreadyLinked(WorkId child);
    /// @notice Thrown when a derivative that has no parents yet is named as a parent.
    error ParentNotLinked(WorkId parent);
    error BadParentCount(uint256 parents);
    /// @notice Thrown when parents are not strictly ascending or not older than the child.
    error ParentsOutOfOrder(WorkId parent);
    error TooManyAncestors(uint256 ancestors);
    error TooDeep(uint256 depth);
    /// @notice Thrown when the licensed shares together exceed `MAX_STACK`.
    error StackTooLarge(uint256 stack);
    /// @notice Thrown when the bytes given are not the vector that was stored.
    error VectorMismatch(WorkId workId);
    /// @notice Thrown when a licence is not the caller's, not for that work, not GENERATION, or not active.
    error LicenceUnfit(LicenceId licenceId, WorkId parent);
    error GenerationTaken(GenerationId generationId, WorkId child);
    error GenerationZero();

    event DerivativeLinked(
        WorkId indexed child, GenerationId indexed generationId, Parent[] parents, uint8 depth, bytes vector
    );

    /// @notice Links a derivative to its parents, for good.
    /// @param vectors The parents' own ancestor vectors, in their order; empty for works without parents.
    function link(WorkId child, GenerationId generationId, Parent[] calldata parents, bytes[] calldata vectors)
        external;

    /// @notice keccak256 of the ancestor vector; zero for a work without parents.
    function vectorHashOf(WorkId workId) external view returns (bytes32);
    function depthOf(WorkId workId) external view returns (uint8);

    /// @notice The derivative a watermark's payload names; zero when there is none.
    function childOfGeneration(GenerationId generationId) external view returns (WorkId);
}
