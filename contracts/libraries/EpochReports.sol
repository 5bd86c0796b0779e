// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUsageOracle} from "../interfaces/IUsageOracle.sol";

/// @notice How an epoch's report is hashed: what its operators sign, and what the next report names as the one before.
library EpochReports {
    bytes32 private constant _TYPEHASH = keccak256(
        "EpochReport(uint64 epoch,bytes32 previousReport,address token,bytes32 usageRoot,uint64 eventCount,"
        "bytes32 segmentsDigest,bytes32 sumRoot,bytes32 leafRoot,uint32 leafCount,uint256 cumulativeTotal,"
        "uint64 stateBlock,uint64 stateTime,bytes32 licenceUsageHash,bytes32 withheldHash,bytes32 programHash)"
    );

    /// @return The EIP-712 struct hash.
    function hash(IUsageOracle.EpochReport calldata report) internal pure returns (bytes32) {
        return keccak256(abi.encode(_TYPEHASH, report));
    }
}
