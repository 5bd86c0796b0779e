// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice ERC-5192, tokens that can be bound to their owner. Interface id 0xb45a3c0e.
interface IERC5192 {
    /// @notice The token cannot move from now on.
    event Locked(uint256 tokenId);
    /// @notice The token can move from now on.
    event Unlocked(uint256 tokenId);

    /// @notice Whether the token is bound to its owner. Reverts for a token that was never minted.
    function locked(uint256 tokenId) external view returns (bool);
}
