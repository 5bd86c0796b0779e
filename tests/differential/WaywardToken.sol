// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @notice A token that does what a test tells it to: calls somebody in the middle of a transfer, and delivers more or
/// less than it was asked to. Whoever takes money by signature must say exactly what was told before.
contract WaywardToken {
    error Unauthorised();

    mapping(address account => uint256) public balanceOf;
    address private _target;
    bytes private _callback;
    uint256 private _more;
    uint256 private _less;
    bytes32 private _authorised;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    /// @notice Sets the call to make during transfers; its failure makes the transfer fail. None for the zero address.
    function arm(address target, bytes calldata callback) external {
        _target = target;
        _callback = callback;
    }

    function misdeliver(uint256 more, uint256 less) external {
        _more = more;
        _less = less;
    }

    function authorise(bytes32 callHash) external {
        _authorised = callHash;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        if (keccak256(msg.data) != _authorised) revert Unauthorised();
        _move(from, to, value);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        balanceOf[from] -= amount;
        if (_target != address(0)) Address.functionCall(_target, _callback);
        balanceOf[to] = balanceOf[to] + amount + _more - _less;
        return true;
    }
}
