// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Catalogue, CatalogueWork, Registration} from "../types/Works.sol";

/// @notice What registrations, commitments and catalogues are named by: EIP-712 struct hashes and Merkle leaves.
library RegistrationHash {
    bytes32 private constant _REGISTRATION_TYPEHASH =
        keccak256("Registration(uint32 communityId,uint8 kind,bytes32 contentCommitment,bytes32 manifestDigest)");
    bytes32 private constant _COMMITMENT_TYPEHASH = keccak256(
        "Commitment(address owner,Registration[] registrations,bytes32 salt)"
        "Registration(uint32 communityId,uint8 kind,bytes32 contentCommitment,bytes32 manifestDigest)"
    );
    bytes32 private constant _ORDER_TYPEHASH = keccak256(
        "RegistrationOrder(address owner,Registration[] registrations,uint256 nonce,uint256 deadline)"
        "Registration(uint32 communityId,uint8 kind,bytes32 contentCommitment,bytes32 manifestDigest)"
    );

    /// @notice The array member `registrations`, as EIP-712 encodes it.
    function ofMany(Registration[] memory registrations) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](registrations.length);
        for (uint256 i; i < registrations.length; ++i) {
            hashes[i] = keccak256(abi.encode(_REGISTRATION_TYPEHASH, registrations[i]));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    /// @param registrations `ofMany` of what is committed to.
    function ofCommitment(address owner, bytes32 registrations, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(_COMMITMENT_TYPEHASH, owner, registrations, salt));
    }

    /// @param registrations `ofMany` of what is ordered.
    function ofOrder(address owner, bytes32 registrations, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(_ORDER_TYPEHASH, owner, registrations, nonce, deadline));
    }

    function ofCatalogue(Catalogue calldata catalogue) internal pure returns (bytes32) {
        return keccak256(abi.encode(catalogue));
    }

    /// @notice OpenZeppelin's standard leaf: hashed twice, so that no node can pass for a leaf.
    function ofLeaf(CatalogueWork calldata work) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(work))));
    }
}
