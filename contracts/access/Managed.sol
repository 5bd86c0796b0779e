// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @notice A contract with functions that only a role may call, some of them after a delay announced on-chain.
/// Unlike OpenZeppelin's AccessManaged the authority is immutable: whoever runs it cannot exchange it for another.
abstract contract Managed {
    IAccessManager public immutable authority;

    bool private transient _isConsuming;

    /// @notice Thrown when the caller has no role that may call this function.
    error NotPermitted(address caller, bytes4 selector);

    /// @dev For external functions only: who may call is decided by the selector with which the contract was entered.
    modifier restricted() {
        _checkPermitted();
        _;
    }

    constructor(IAccessManager authority_) {
        authority = authority_;
    }

    /// @notice Asked by the authority while it consumes a scheduled call, so that nobody else can consume it.
    function isConsumingScheduledOp() external view returns (bytes4) {
        return _isConsuming ? this.isConsumingScheduledOp.selector : bytes4(0);
    }

    /// @dev A role with a delay has scheduled this very call, which the authority now ticks off, or it reverts.
    function _checkPermitted() private {
        (bool isImmediate, uint32 delay) = authority.canCall(msg.sender, address(this), msg.sig);
        if (isImmediate) return;
        if (delay == 0) revert NotPermitted(msg.sender, msg.sig);

        _isConsuming = true;
        authority.consumeScheduledOp(msg.sender, msg.data);
        _isConsuming = false;
    }
}
