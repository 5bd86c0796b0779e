// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice The smallest wallet that is a contract: its keeper acts through it, and signs for it as ERC-1271 asks, over
/// a hash that names the wallet, so that a signature for one wallet is none for another of the same keeper.
contract SignerWallet is IERC1271 {
    address public immutable keeper;

    error NotKeeper(address caller);

    constructor(address keeper_) {
        keeper = keeper_;
    }

    function execute(address target, bytes calldata data) external returns (bytes memory) {
        if (msg.sender != keeper) revert NotKeeper(msg.sender);
        return Address.functionCall(target, data);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer,,) = ECDSA.tryRecoverCalldata(walletHash(hash), signature);
        return signer == keeper ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function walletHash(bytes32 hash) public view returns (bytes32) {
        return keccak256(abi.encode(address(this), hash));
    }
}
