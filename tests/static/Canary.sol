// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A purse with a hole that slither must find: it pays first and writes that down afterwards.
contract Canary {
    mapping(address account => uint256) private _held;

    receive() external payable {
        _held[msg.sender] += msg.value;
    }

    function take() external {
        (bool sent,) = msg.sender.call{value: _held[msg.sender]}("");
        if (sent) _held[msg.sender] = 0;
    }
}
