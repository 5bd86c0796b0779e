// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {GenerationId, LicenceId, WorkId} from "../types/Identifiers.sol";
import {Parent} from "../types/Rights.sol";

/// @notice Which works a derivative comes from, append-only, with the shares its income owes them.
///
/// The shares are flattened once, when the derivative is linked, into an **ancestor vector**: for each ancestor,
/// ascending by id, 8 bytes of work id and 4 bytes of share (of `SHARE_SCALE`; their highest bit says that the ancestor
/// is protected), 12 bytes an entry. Parent p licensed at share r passes floor(r * V(p)[j] / SHARE_SCALE) on to each of
/// its own ancestors j and keeps the rest of r, so the vector sums to exactly the licensed shares whatever the number
/// of paths. Who is owed nothing is not in the vector. Only its hash is stored; callers give the bytes back.
///
/// **Heritage floor.** A root, a work without parents, can have a floor under its share. From then on the works made
/// from it are in its protection, and what they pass on to it does not thin out below the floor: a child owes it at
/// least the floor, or what a parent owes it where that is less. What is missing comes from the parent through which
/// the root came, then from the child. A floor binds lines that begin a week after it was declared, or at once where
/// nobody had been asked to consent to derivatives, and can only be lowered: so nobody who takes a licence is surprised
/// by it, and who has one can still link without it.
///
/// **Folding.** Of more than 32 ancestors, the smallest unprotected one, of equals the youngest, is folded into the
/// parent through which it came (the oldest, when there are several) until 32 are left.
///
/// **Generations.** A generation's id follows from who links its derivative and a salt, so whoever sees a pending link
/// and repeats its salt gets another id. The salt needs no secrecy once the id is linked, and no second transaction.
interface IDerivativeGraph {
    error NotController(WorkId workId, address caller);
    /// @notice Thrown when a work that is not a DERIVATIVE would get parents.
    error NotADerivative(WorkId child);
    /// @notice Thrown when a work that is no root would get a floor.
    error NotARoot(WorkId workId);
    error AlreadyLinked(WorkId child);
    /// @notice Thrown when a derivative that has no parents yet is named as a parent.
    error ParentNotLinked(WorkId parent);
    error BadParentCount(uint256 parents);
    /// @notice Thrown when parents are not strictly ascending or not older than the child.
    error ParentsOutOfOrder(WorkId parent);
    error TooDeep(uint256 depth);
    /// @notice Thrown when all ancestors together would get more than `MAX_STACK`.
    error StackTooLarge(uint256 stack);
    /// @notice Thrown when a recording registered with its composition is linked without it.
    error CompositionMissing(WorkId child, WorkId composition);
    /// @notice Thrown when the bytes given are not the vector that was stored.
    error VectorMismatch(WorkId workId);
    error GenerationTaken(GenerationId generationId, WorkId child);
    /// @notice Thrown when a floor is nothing, more than `MAX_STACK`, or not lower than the one declared before.
    error BadFloor(WorkId root, uint32 declared, uint32 asked);

    event DerivativeLinked(
        WorkId indexed child, GenerationId indexed generationId, Parent[] parents, uint8 depth, bytes vector
    );
    /// @param bindsFrom Unix time, in seconds, from which lines that begin at the root are in its protection.
    event FloorDeclared(WorkId indexed root, uint32 floor, uint40 bindsFrom);

    /// @notice Links a derivative to its parents, for good, unless new money is paused.
    /// @param salt Its generation is `generationOf(caller, salt)`.
    /// @param vectors The parents' own ancestor vectors, in their order; empty for works without parents.
    function link(WorkId child, bytes32 salt, Parent[] calldata parents, bytes[] calldata vectors) external;

    /// @notice Puts a floor, of `SHARE_SCALE`, under a root's share in what is made from its derivatives; declared
    /// again, only lower.
    function declareFloor(WorkId root, uint32 floor) external;

    /// @notice The first 30 bytes of keccak256 of the ancestor vector; zero for a work without parents.
    function vectorHashOf(WorkId workId) external view returns (bytes30);
    function depthOf(WorkId workId) external view returns (uint8);

    /// @notice The generation that `linker` links with `salt`: 64 bits of a hash that names this chain and graph.
    function generationOf(address linker, bytes32 salt) external view returns (GenerationId);

    /// @notice The derivative a watermark's payload names; zero when there is none.
    function childOfGeneration(GenerationId generationId) external view returns (WorkId);

    /// @notice The floor under a root's share and the time from which it binds; zeros when none was declared.
    function floorOf(WorkId root) external view returns (uint32 floor, uint40 bindsFrom);
}
