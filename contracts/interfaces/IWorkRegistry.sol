// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CommunityId, WorkId} from "../types/Identifiers.sol";
import {WorkKind} from "../types/Rights.sol";
import {Catalogue, CatalogueWork, Registration, ShareBook, Work} from "../types/Works.sol";
import {IConsentRegistry} from "./IConsentRegistry.sol";

/// @notice The register of works: an ERC-721 token per work, a commitment to its sound, a digest of its manifest.
///
/// **Who said it first is first.** A registration counts from its block. Whoever fears those who watch pending
/// transactions commits first, to a hash that says nothing, and reveals a minute to a day later: the registration then
/// counts from the commitment, and displaces one of the same content that counts from later. So a registration is
/// final a day after it counts. A displaced work keeps its token and its id; who decides for the work that
/// took its content decides for it too.
///
/// **Catalogues** commit to any number of works by one root. A leaf becomes a work on its first use and counts from
/// then (or from its commitment): a root reserves no content. Where somebody else has registered the content, theirs
/// stays; the root's date is evidence for a dispute, not a title.
interface IWorkRegistry {
    /// @notice Thrown when a work id was never issued.
    error WorkUnknown(WorkId workId);
    /// @notice Thrown when the same recording is registered a second time.
    error ContentAlreadyRegistered(bytes32 contentCommitment, WorkId registeredAs);
    /// @notice Thrown when somebody other than the community's steward registers a work for it.
    error NotSteward(CommunityId communityId, address caller);
    /// @notice Thrown when a commitment or a digest is zero, or a batch or catalogue holds no works.
    error EmptyRegistration();
    /// @notice Thrown when more works are registered in one transaction than 128.
    error TooManyRegistrations(uint256 registrations);
    /// @notice Thrown when nobody committed to what is revealed, or it was revealed before.
    error CommitmentUnknown(bytes32 commitment);
    /// @notice Thrown when a commitment is revealed before `notBefore` or after `until`.
    error CommitmentNotOfAge(bytes32 commitment, uint40 notBefore, uint40 until);
    /// @notice Thrown when a catalogue is registered by another account than the owner it names.
    error NotCatalogueOwner(address owner, address caller);
    error CatalogueAlreadyRegistered(bytes32 catalogueHash);
    error CatalogueUnknown(bytes32 catalogueHash);
    /// @notice Thrown when a leaf is not in the catalogue's tree, or lies beyond its last position.
    error NotInCatalogue(bytes32 catalogueHash, uint32 position);
    /// @notice Thrown when as many works were made of a catalogue as it says it holds.
    error CatalogueFull(bytes32 catalogueHash, uint32 count);
    /// @notice Thrown when a recording names as its composition a work of another kind.
    error NotAComposition(WorkId workId);
    /// @notice Thrown when a recording that owes a composition is not registered as a DERIVATIVE.
    error BadRecordingKind(WorkKind kind);

    /// @notice A work was registered. Emitted once per work.
    event WorkRegistered(
        WorkId indexed workId,
        CommunityId indexed communityId,
        address indexed owner,
        WorkKind kind,
        bytes32 contentCommitment,
        bytes32 manifestDigest
    );
    event RegistrationCommitted(bytes32 indexed commitment);
    /// @notice The works registered next in this transaction count from `countsFrom`.
    event CommitmentRevealed(bytes32 indexed commitment, uint40 countsFrom);
    /// @notice The content of `displaced` turned out to be committed to before, by who registered `by`.
    event WorkDisplaced(WorkId indexed displaced, WorkId indexed by);
    event CatalogueRegistered(
        bytes32 indexed catalogueHash,
        CommunityId indexed communityId,
        address indexed owner,
        uint32 count,
        bytes32 root,
        bytes32 manifestDigest
    );
    event WorkMaterialised(WorkId indexed workId, bytes32 indexed catalogueHash, uint32 position);
    event RecordingOf(WorkId indexed recording, WorkId indexed composition);

    /// @notice Registers one work and mints its token to the caller.
    /// Requirements: the caller is the community's steward, or `communityId` is zero; the content is new.
    function register(Registration calldata registration) external returns (WorkId workId);

    /// @notice Registers several works in one transaction, in order. All or none. At most 128.
    function registerBatch(Registration[] calldata registrations) external returns (WorkId firstWorkId);

    /// @notice Registers a recording together with its debt to a composition. It is a DERIVATIVE: it earns once it is
    /// linked in the DerivativeGraph, which wants the composition among its parents; so it has two books.
    function registerRecording(WorkId composition, Registration calldata registration) external returns (WorkId workId);

    /// @notice Puts down a hash from `commitmentOf`. Doing it again within a day changes nothing.
    function commit(bytes32 commitment) external;

    /// @notice Registers what the caller committed to, a minute to a day ago. All or none.
    function reveal(Registration[] calldata registrations, bytes32 salt) external returns (WorkId firstWorkId);

    /// @notice Registers works for who signed them (EIP-712 `RegistrationOrder`; an ERC-1271 contract may sign).
    /// Anyone may send it, once. Counts from a commitment with `nonce` as its salt, when there is one of age.
    function registerSigned(
        address owner,
        Registration[] calldata registrations,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (WorkId firstWorkId);

    /// @notice Registers a catalogue of the caller's, or of a community it is the steward of.
    function registerCatalogue(Catalogue calldata catalogue) external returns (bytes32 catalogueHash);

    /// @notice Makes a leaf of a catalogue a work of the catalogue's owner. Anyone may send it; when the catalogue's
    /// community has another steward by now, only that one. Counts from a commitment of the owner to this one work, with
    /// the root as its salt, when there is one of age.
    function materialise(Catalogue calldata catalogue, CatalogueWork calldata work, bytes32[] calldata proof)
        external
        returns (WorkId workId);

    /// @notice Pays what waits in a work's inbox to the work, through the ledger; opens the inbox if need be. Anyone.
    function deliver(WorkId workId, IERC20 token) external;

    /// @notice The same for ether, which is wrapped first.
    function deliverEther(WorkId workId) external;

    /// @notice Where communities and their consent are kept.
    function consents() external view returns (IConsentRegistry);

    /// @notice Everything stored about a work. Reverts with `WorkUnknown`.
    function workOf(WorkId workId) external view returns (Work memory);

    /// @notice What the work is: one slot read, where `workOf` reads two. Reverts with `WorkUnknown`.
    function kindOf(WorkId workId) external view returns (WorkKind);

    /// @notice The community that has a say, zero for none; for a displaced work, that of the work in its place. One slot
    /// read too. Reverts with `WorkUnknown`.
    function communityIdOf(WorkId workId) external view returns (CommunityId);

    /// @notice The account that decides for a work: the steward of its community, or the owner of its token; for a
    /// displaced work, that of the work in its place.
    function controllerOf(WorkId workId) external view returns (address);

    /// @notice The work registered for a content commitment; zero when there is none.
    function workByContent(bytes32 contentCommitment) external view returns (WorkId);

    /// @notice How many works were registered; ids run from 1 to this.
    function workCount() external view returns (uint64);

    /// @notice The work that has a displaced one's content by now; zero for a work that was not displaced.
    function displacedBy(WorkId workId) external view returns (WorkId);

    /// @notice What `commit` wants before `owner` reveals these works. `salt` keeps guesses from being checked.
    function commitmentOf(address owner, Registration[] calldata registrations, bytes32 salt)
        external
        view
        returns (bytes32);

    /// @notice When a commitment was made, in Unix seconds; zero for none, and once it was revealed.
    function committedAt(bytes32 commitment) external view returns (uint40);

    /// @notice When a catalogue was registered, in Unix seconds; zero when it was not.
    function catalogueRegisteredAt(bytes32 catalogueHash) external view returns (uint40);

    /// @notice The composition a recording was registered with, displaced since or not; zero for none.
    function compositionOf(WorkId workId) external view returns (WorkId);

    /// @notice The books in which a work earns, as ERC-5553 lists a work's royalty portions by kind: the composition's
    /// and the recording's for a recording registered with its composition, else the work's own.
    function shareBooksOf(WorkId workId) external view returns (ShareBook[] memory);
}
