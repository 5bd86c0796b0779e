// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The three commands of the symbolic machine that proofs need.
interface Machine {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
}

/// @notice A contract whose `check_` functions hold for all arguments, or are refuted by some.
abstract contract Proof {
    /// @dev Where halmos and forge listen: the low 160 bits of keccak256("hevm cheat code").
    Machine internal constant vm = Machine(address(uint160(uint256(keccak256("hevm cheat code")))));
}
