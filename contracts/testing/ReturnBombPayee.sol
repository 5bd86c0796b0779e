// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HookedPayee} from "./HookedPayee.sol";

/// @notice A payee that refuses with so much data that whoever copies it runs out of gas.
contract ReturnBombPayee is HookedPayee {
    uint256 private constant BOMB_BYTES = 1 << 20;

    function onTokenReceived(address, uint256) external pure {
        assembly ("memory-safe") {
            revert(0, BOMB_BYTES)
        }
    }
}
