// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId, WorkId} from "../types/Identifiers.sol";
import {WorkKind} from "../types/Rights.sol";

/// @notice The register of works: an ERC-721 token per work, a commitment to its sound, a digest of its manifest.
/// Works of a community belong to it for good: their tokens do not move (ERC-5192).
interface IWorkRegistry {
    /// @param communityId The community the work belongs to; zero for a work of a single account.
    /// @param contentCommitment sha2-256 over the decoded samples of the master, or a salted commitment when the
    /// recording is restricted. Unique.
    /// @param manifestDigest sha2-256 digest of the DAG-CBOR work manifest; its CID is rebuilt from it.
    struct Registration {
        CommunityId communityId;
        WorkKind kind;
        bytes32 contentCommitment;
        bytes32 manifestDigest;
    }

    struct Work {
        CommunityId communityId;
        WorkKind kind;
        uint40 registeredAt;
        bytes32 contentCommitment;
        bytes32 manifestDigest;
    }

    /// @notice Thrown when a work id was never issued.
    error WorkUnknown(WorkId workId);
    /// @notice Thrown when the same recording is registered a second time.
    error ContentAlreadyRegistered(bytes32 contentCommitment, WorkId registeredAs);
    /// @notice Thrown when somebody other than the community's steward registers a work for it.
    error NotSteward(CommunityId communityId, address caller);
    /// @notice Thrown when a commitment or a digest is zero, or a batch holds no works.
    error EmptyRegistration();
    /// @notice Thrown when more works are registered in one transaction than 128.
    error TooManyRegistrations(uint256 registrations);
    /// @notice Thrown when the token of a communal work would move.
    error WorkIsCommunal(WorkId workId);

    /// @notice A work was registered. Emitted once per work; complete enough to rebuild the register.
    event WorkRegistered(
        WorkId indexed workId,
        CommunityId indexed communityId,
        address indexed owner,
        WorkKind kind,
        bytes32 contentCommitment,
        bytes32 manifestDigest
    );

    /// @notice Registers one work and mints its token to the caller.
    /// Requirements: the caller is the community's steward, or `communityId` is zero; the content is new.
    function register(Registration calldata registration) external returns (WorkId workId);

    /// @notice Registers several works in one transaction, in order. All or none. At most 128.
    function registerBatch(Registration[] calldata registrations) external returns (WorkId firstWorkId);

    /// @notice Everything stored about a work. Reverts with `WorkUnknown`.
    function workOf(WorkId workId) external view returns (Work memory);

    /// @notice What the work is: one slot read, where `workOf` reads three. Reverts with `WorkUnknown`.
    function kindOf(WorkId workId) external view returns (WorkKind);

    /// @notice The account that decides for a work: the steward of its community, or the owner of its token.
    function controllerOf(WorkId workId) external view returns (address);

    /// @notice The work registered for a content commitment; zero when there is none.
    function workByContent(bytes32 contentCommitment) external view returns (WorkId);

    /// @notice How many works were registered; ids run from 1 to this.
    function workCount() external view returns (uint64);
}
