// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IDirectReports} from "../interfaces/IDirectReports.sol";
import {IEpochDistributor} from "../interfaces/IEpochDistributor.sol";
import {IUsageOracle} from "../interfaces/IUsageOracle.sol";
import {EpochReports} from "../libraries/EpochReports.sol";

/// @notice That an epoch counted a usage event, shown from what the EpochDistributor remembers.
///
/// It remembers the hashes of the last reports alone. Each of them names the one it was built on, so every earlier
/// report that stands is reached by showing those in between.
library CountedEvents {
    /// @dev Reverts unless the last of `epochs` counted the event, in a leaf of OpenZeppelin's standard tree.
    /// @return reportHash Of that report.
    function check(
        IEpochDistributor distributor,
        bytes32 eventId,
        IUsageOracle.EpochReport[] calldata epochs,
        bytes32[] calldata proof
    ) internal view returns (bytes32 reportHash) {
        if (epochs.length == 0) revert IDirectReports.NotCounted(eventId, 0);
        reportHash = EpochReports.hash(epochs[0]);
        if (distributor.standingReport(epochs[0].token, epochs[0].epoch) != reportHash) {
            revert IUsageOracle.NotStanding(epochs[0].epoch, reportHash);
        }
        for (uint256 i = 1; i < epochs.length; ++i) {
            bytes32 named = epochs[i - 1].previousReport;
            reportHash = EpochReports.hash(epochs[i]);
            if (named != reportHash) revert IUsageOracle.PreviousReportMismatch(named, reportHash);
        }
        IUsageOracle.EpochReport calldata epoch = epochs[epochs.length - 1];
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(eventId))));
        if (!MerkleProof.verifyCalldata(proof, epoch.usageRoot, leaf)) {
            revert IDirectReports.NotCounted(eventId, epoch.epoch);
        }
    }
}
