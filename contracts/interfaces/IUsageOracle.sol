// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {WorkId} from "../types/Identifiers.sol";
import {LicenceUsage} from "../types/Rights.sol";
import {IOperatorSet} from "./IOperatorSet.sol";

/// @notice Takes one usage report per epoch from a quorum of distinct operators, and puts its payouts forward.
/// Reports are content-addressed and chained per token: none can be replayed, skipped or replaced. A report whose root
/// was rejected drops out of its chain, and the next one names the last that stands. The oracle moves no royalties.
interface IUsageOracle is IOperatorSet {
    /// @param epoch The number after the last one posted, in whatever token; the first is 1.
    /// @param previousReport EIP-712 struct hash of the last report in this token that stands; zero for the first.
    /// @param token The currency of this epoch.
    /// @param usageRoot Merkle root over the sorted ids of the usage events counted.
    /// @param eventCount How many.
    /// @param segmentsDigest sha2-256 digest of the segment-set manifest from which anyone recomputes this report.
    /// @param sumRoot Root of the Merkle-sum tree of cumulative payouts: what the EpochDistributor pays by.
    /// @param leafRoot OpenZeppelin StandardMerkleTree root over the same leaves, for off-the-shelf verifiers.
    /// @param leafCount Payees in the tree.
    /// @param cumulativeTotal Sum of all leaves, in base units; never falls.
    /// @param stateBlock The block whose splits, ancestor vectors and freezes were used.
    /// @param stateTime That block's time, Unix time in seconds.
    /// @param licenceUsageHash keccak256 of the ABI-encoded per-licence usage given beside the report.
    /// @param withheldHash keccak256 of the ABI-encoded list of `Withheld`: every share frozen at `stateTime`.
    /// @param programHash Names the settlement rules: same inputs, same program, same bytes.
    struct EpochReport {
        uint64 epoch;
        bytes32 previousReport;
        IERC20 token;
        bytes32 usageRoot;
        uint64 eventCount;
        bytes32 segmentsDigest;
        bytes32 sumRoot;
        bytes32 leafRoot;
        uint32 leafCount;
        uint256 cumulativeTotal;
        uint64 stateBlock;
        uint64 stateTime;
        bytes32 licenceUsageHash;
        bytes32 withheldHash;
        bytes32 programHash;
    }

    /// @notice A frozen share of a work, and what the lane keeps back of it so far.
    /// @param amount In base units of the report's token, rounded down; zero when the work earned nothing meanwhile.
    struct Withheld {
        WorkId workId;
        address payee;
        uint256 amount;
    }

    error EpochOutOfOrder(uint64 expected, uint64 given);
    /// @notice Thrown when an epoch already posted is posted again with other content; `posted` is zero when the chain
    /// remembers no more what it was.
    error EpochConflict(uint64 epoch, bytes32 posted, bytes32 given);
    error PreviousReportMismatch(bytes32 expected, bytes32 given);
    error LicenceUsageMismatch();
    error TooManyLicences(uint256 licences);
    error EmptyReport();
    /// @notice Thrown when a report claims to know a state that is not there yet.
    error StateAhead(uint64 stateTime);
    error NotStanding(uint64 epoch, bytes32 reportHash);
    error NotRejected(uint64 epoch, bytes32 reportHash);
    error UsageAlreadyReturned(uint64 epoch);
    error WithheldMismatch();
    error NotFrozen(WorkId workId, address payee, uint64 time);
    /// @notice Thrown when a share is said to be left out of a list that has it.
    error NotOmitted(WorkId workId, address payee);
    /// @notice Thrown when two reports do not contradict each other.
    error NoEquivocation();

    event EpochPosted(
        uint64 indexed epoch, bytes32 indexed reportHash, EpochReport report, LicenceUsage[] licenceUsage
    );
    event RejectedUsageReturned(uint64 indexed epoch);

    /// @notice Posts an epoch, and charges each licence's revenue to its holder. Anyone may send it; authority lies in the
    /// signatures alone.
    /// Posting the same report again changes nothing and does not revert.
    /// @param signatures Over the EIP-712 digest, ascending by signer.
    function postEpoch(
        EpochReport calldata report,
        LicenceUsage[] calldata licenceUsage,
        Signature[] calldata signatures
    ) external;

    /// @notice Gives the licences of a rejected report their caps back, and their holders what they were charged. Anyone,
    /// once.
    function returnUsage(EpochReport calldata report, LicenceUsage[] calldata licenceUsage) external;

    /// @notice Has a waiting root rejected whose report leaves a share out that was frozen at its `stateTime`. Anyone.
    function rejectOmission(EpochReport calldata report, Withheld[] calldata withheld, WorkId workId, address payee)
        external;

    /// @notice Slashes an operator that signed two reports for one epoch after the same report. Anyone.
    function proveEquivocation(
        EpochReport calldata first,
        Signature calldata firstSignature,
        EpochReport calldata second,
        Signature calldata secondSignature
    ) external;

    /// @notice The EIP-712 digest operators sign.
    function reportDigest(EpochReport calldata report) external view returns (bytes32);

    function lastEpoch() external view returns (uint64);
    function isUsageReturned(uint64 epoch) external view returns (bool);
}
