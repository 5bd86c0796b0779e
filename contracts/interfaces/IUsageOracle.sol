// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {LicenceUsage} from "../types/Rights.sol";

/// @notice Takes one usage report per epoch from a quorum of distinct operators, and puts its payouts forward.
/// Reports are chained and content-addressed: none can be replayed, skipped or replaced. The oracle moves no money.
interface IUsageOracle {
    /// @param epoch The number after the last one; the first is 1.
    /// @param previousReport EIP-712 struct hash of the report before; zero for the first.
    /// @param token The currency of this epoch.
    /// @param usageRoot Merkle root over the sorted ids of the usage events counted.
    /// @param eventCount How many.
    /// @param segmentsDigest sha2-256 digest of the segment-set manifest from which anyone recomputes this report.
    /// @param sumRoot Root of the Merkle-sum tree of cumulative payouts: what the EpochDistributor pays by.
    /// @param leafRoot OpenZeppelin StandardMerkleTree root over the same leaves, for off-the-shelf verifiers.
    /// @param leafCount Payees in the tree.
    /// @param cumulativeTotal Sum of all leaves, in base units; never falls.
    /// @param stateBlock The block whose splits and ancestor vectors were used.
    /// @param licenceUsageHash keccak256 of the ABI-encoded per-licence usage given beside the report.
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
        bytes32 licenceUsageHash;
        bytes32 programHash;
    }

    error BadOperators();
    error EpochOutOfOrder(uint64 expected, uint64 given);
    /// @notice Thrown when an epoch already posted is posted again with other content.
    error EpochConflict(uint64 epoch, bytes32 posted, bytes32 given);
    error PreviousReportMismatch(bytes32 expected, bytes32 given);
    error LicenceUsageMismatch();
    error TooManyLicences(uint256 licences);
    error EmptyReport();
    error QuorumNotReached(uint256 signatures, uint256 threshold);
    error NotOperator(address signer);
    /// @notice Thrown when signatures are not in ascending order of their signers: nobody signs twice.
    error SignersOutOfOrder(address signer);

    event EpochPosted(
        uint64 indexed epoch, bytes32 indexed reportHash, EpochReport report, LicenceUsage[] licenceUsage
    );

    /// @notice Posts an epoch. Anyone may send it; authority lies in the signatures alone.
    /// Posting the same report again changes nothing and does not revert.
    /// @param signatures 65-byte (r, s, v) EIP-712 signatures, ascending by signer.
    function postEpoch(
        EpochReport calldata report,
        LicenceUsage[] calldata licenceUsage,
        bytes[] calldata signatures
    ) external;

    /// @notice The EIP-712 digest operators sign.
    function reportDigest(EpochReport calldata report) external view returns (bytes32);
    function reportHashOf(uint64 epoch) external view returns (bytes32);
    function lastEpoch() external view returns (uint64);
    function isOperator(address account) external view returns (bool);
    function operators() external view returns (address[] memory);
    function threshold() external view returns (uint8);
}
