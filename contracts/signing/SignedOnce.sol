// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ISignedOnce} from "../interfaces/ISignedOnce.sol";

/// @notice See `ISignedOnce`. Keys and contracts (ERC-1271, so also Safes) sign alike.
abstract contract SignedOnce is ISignedOnce, EIP712 {
    uint256 private constant _REVOKED = type(uint256).max;

    mapping(address signer => mapping(uint256 nonce => uint256)) private _uses;

    /// @inheritdoc ISignedOnce
    function revokeNonce(uint256 nonce) external {
        _uses[msg.sender][nonce] = _REVOKED;
        emit NonceRevoked(msg.sender, nonce);
    }

    /// @inheritdoc ISignedOnce
    function usesOf(address signer, uint256 nonce) public view returns (uint256) {
        return _uses[signer][nonce];
    }

    /// @dev Uses a signature's nonce up by one. A nonce is the signer's own; a signature names how often it is good.
    function _use(address signer, uint256 nonce, uint256 limit) internal returns (uint256 uses) {
        mapping(uint256 => uint256) storage usesOfSigner = _uses[signer];
        uses = usesOfSigner[nonce];
        if (uses >= limit) revert NonceSpent(signer, nonce);
        usesOfSigner[nonce] = ++uses;
    }

    function _checkSigned(address signer, bytes32 digest, uint256 deadline, bytes calldata signature) internal view {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) revert NotSignedBy(signer);
    }
}
