// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Signed words that others may send: EIP-712, for one chain and one contract, until a deadline, a counted
/// number of times. Nonces need no order; the signer strikes one out with a transaction.
interface ISignedOnce {
    error SignatureExpired(uint256 deadline);
    /// @notice Thrown when a signature is another's, of other words, of another chain or contract, or malleable.
    error NotSignedBy(address signer);
    /// @notice Thrown when a signature was used as often as it says, or was revoked.
    error NonceSpent(address signer, uint256 nonce);

    event NonceRevoked(address indexed signer, uint256 indexed nonce);

    /// @notice Strikes out what the caller signed under this nonce, used or not. Doing it twice changes nothing.
    function revokeNonce(uint256 nonce) external;

    /// @notice How often a nonce was used; 2^256 - 1 when it was revoked.
    function usesOf(address signer, uint256 nonce) external view returns (uint256);
}
