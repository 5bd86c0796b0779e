// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HookedPayee} from "./HookedPayee.sol";

/// @notice A payee that burns whatever gas it is given.
contract GasBurningPayee is HookedPayee {
    function onTokenReceived(address, uint256) external pure {
        assembly ("memory-safe") {
            invalid()
        }
    }
}
