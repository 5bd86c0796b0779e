// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HookedPayee} from "./HookedPayee.sol";

/// @notice A payee whose account refuses all money.
contract RejectingPayee is HookedPayee {
    error MoneyRefused();

    function onTokenReceived(address, uint256) external pure {
        revert MoneyRefused();
    }
}
