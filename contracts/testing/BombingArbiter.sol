// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter, Ruling} from "../interfaces/IArbiter.sol";
import {CommunityId} from "../types/Identifiers.sol";

/// @notice An arbiter that answers with so much data that whoever copies it runs out of gas.
contract BombingArbiter is IArbiter {
    uint256 private constant BOMB_BYTES = 1 << 20;

    function rulingOf(bytes32, CommunityId) external pure returns (Ruling) {
        assembly ("memory-safe") {
            return(0, BOMB_BYTES)
        }
    }
}
