// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId, WorkId} from "../types/Identifiers.sol";
import {Share} from "../types/Rights.sol";

/// @notice Who is paid for a work, in numbered versions: a new one takes nothing from the old.
///
/// The first split is set at once, by decision of the elders of the work's community where they have a say: what came
/// in before is all theirs. Every later one is proposed by the work's controller; its present payees have seven
/// days to object, and the controller enacts it afterwards. One objection is enough to stop it, unless the elders
/// decide otherwise; where no elders have a say, nobody overrules a payee. Each payee's last word counts. When all payees
/// consent, nobody has to wait.
///
/// Of a work that was displaced, the controller and the elders are those of the work in its place. Whom a watcher named as
/// payees of somebody else's content has a week's notice and no say: no objection stands to the first split that follows
/// the displacement. To later ones it does.
interface ISplitVersions {
    /// @param splitHash The first 28 bytes of the hash of the proposed shares; zero when nothing is proposed.
    /// @param enactableFrom When the time to object is over, Unix time.
    /// @param consents One bit for each present payee, by its place in the split, whose last word was yes.
    /// @param objections The same for no.
    struct Proposal {
        bytes28 splitHash;
        uint40 enactableFrom;
        uint64 consents;
        uint64 objections;
        bool isUnanimous;
    }

    error NotController(WorkId workId, address caller);
    /// @notice Thrown when payees are not strictly ascending, zero, this contract, more than 64, or none.
    error BadPayees();
    error SharesNotWhole(uint256 sumBps);
    /// @notice Thrown when the shares given are not those of that split version.
    error SplitMismatch(WorkId workId, uint32 version);
    error NotAPayee(address payee);
    /// @notice Thrown when a split would be set at once though there is one: the next has to be proposed.
    error SplitExists(WorkId workId, uint32 version);
    /// @notice Thrown when a first split is set that the elders of the community did not decide on.
    /// @param decision What they approve in the ConsentRegistry.
    error SplitNotDecided(WorkId workId, CommunityId communityId, bytes32 decision);
    /// @notice Thrown when a next split is proposed before there is a first.
    error SplitNotSet(WorkId workId);
    /// @notice Thrown when the shares named are not the ones proposed, or none are.
    error ProposalMismatch(WorkId workId);
    error ObjectionTooLate(WorkId workId, uint40 until);
    error SplitTooEarly(WorkId workId, uint40 enactableFrom);
    /// @notice Thrown when a payee objected and the community's elders did not overrule it.
    error SplitContested(WorkId workId, uint32 version);

    event SplitSet(WorkId indexed workId, uint32 indexed version, Share[] shares);
    event SplitProposed(WorkId indexed workId, uint32 indexed version, Share[] shares, uint40 enactableFrom);
    event SplitConsented(WorkId indexed workId, uint32 indexed version, address indexed payee);
    event SplitObjected(WorkId indexed workId, uint32 indexed version, address indexed payee);

    /// @notice Sets a work's first split, which owns all its income so far. Where elders have a say, they have approved
    /// `splitDecision(workId, 1, keccak256(abi.encode(shares)))` before.
    function setSplit(WorkId workId, Share[] calldata shares) external returns (uint32 version);

    /// @notice Proposes the next split. Replaces an earlier proposal, and with it what its payees said of it.
    function proposeSplit(WorkId workId, Share[] calldata shares) external returns (uint32 version);

    /// @notice The caller, a present payee, agrees to the proposal, and takes back its objection if it had one.
    /// @param proposed keccak256 of the ABI-encoded shares proposed, so that nobody agrees to what came in between.
    /// @param present The shares of the present split.
    function consentToSplit(WorkId workId, bytes32 proposed, Share[] calldata present) external;

    /// @notice The caller, a present payee, objects to the proposal while there is time to, and takes back its consent.
    function objectToSplit(WorkId workId, bytes32 proposed, Share[] calldata present) external;

    /// @notice Makes the proposed split the present one. What came in before stays with the old split: whatever is
    /// unsettled is settled first.
    /// @param vector The work's ancestor vector; empty for a work without parents.
    function enactSplit(WorkId workId, Share[] calldata shares, bytes calldata vector) external returns (uint32 version);

    /// @notice What elders approve in the ConsentRegistry for this to be the work's first split, or to overrule
    /// objections to a later one.
    function splitDecision(WorkId workId, uint32 version, bytes32 proposed) external view returns (bytes32);
    function proposalOf(WorkId workId) external view returns (Proposal memory);
    function splitCountOf(WorkId workId) external view returns (uint32);
}
