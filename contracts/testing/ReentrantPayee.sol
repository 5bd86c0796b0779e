// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {HookedPayee} from "./HookedPayee.sol";

/// @notice A payee that calls back into a contract while it is being paid.
contract ReentrantPayee is HookedPayee {
    address private _target;
    bytes private _callback;

    /// @notice Sets the call to make when money arrives; its failure makes the transfer fail.
    function arm(address target, bytes calldata callback) external {
        _target = target;
        _callback = callback;
    }

    function onTokenReceived(address, uint256) external {
        if (_target != address(0)) {
            Address.functionCall(_target, _callback);
        }
    }
}
