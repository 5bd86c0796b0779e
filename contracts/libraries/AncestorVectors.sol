// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WorkId} from "../types/Identifiers.sol";
import {SHARE_SCALE} from "../types/Rights.sol";

/// @notice Ancestor vectors, see `IDerivativeGraph`: bytes outside, one word per entry (id, then 32 bits of share) inside.
/// Entries ascend by id; the callers see to it that a vector's shares sum to less than 2^32.
library AncestorVectors {
    uint256 internal constant ENTRY_BYTES = 12;
    uint256 private constant _SHARE_BITS = 32;
    uint256 private constant _SHARE_MASK = type(uint32).max;

    /// @notice What a child owes through one parent: floor(share * s / SHARE_SCALE) to each of the parent's ancestors
    /// of share s, and to the parent the rest, so that the entries sum to exactly `share`.
    /// @param vector The parent's own vector; the parent is younger than everything in it.
    function through(WorkId parent, uint256 share, bytes calldata vector)
        internal
        pure
        returns (uint256[] memory entries)
    {
        uint256 ancestors = vector.length / ENTRY_BYTES;
        entries = new uint256[](ancestors + 1);
        uint256 kept = share;
        for (uint256 i; i < ancestors; ++i) {
            uint256 entry = uint96(bytes12(vector[i * ENTRY_BYTES:]));
            uint256 passedOn = share * (entry & _SHARE_MASK) / SHARE_SCALE;
            kept -= passedOn;
            entries[i] = (entry & ~_SHARE_MASK) | passedOn;
        }
        entries[ancestors] = (uint256(WorkId.unwrap(parent)) << _SHARE_BITS) | kept;
    }

    /// @notice The union of two lists of entries; an ancestor in both gets both shares.
    function merge(uint256[] memory a, uint256[] memory b) internal pure returns (uint256[] memory merged) {
        merged = new uint256[](a.length + b.length);
        uint256 length;
        uint256 i;
        uint256 j;
        while (i < a.length && j < b.length) {
            uint256 idOfA = a[i] >> _SHARE_BITS;
            uint256 idOfB = b[j] >> _SHARE_BITS;
            if (idOfA < idOfB) {
                merged[length++] = a[i++];
            } else if (idOfB < idOfA) {
                merged[length++] = b[j++];
            } else {
                merged[length++] = a[i++] + (b[j++] & _SHARE_MASK);
            }
        }
        while (i < a.length) merged[length++] = a[i++];
        while (j < b.length) merged[length++] = b[j++];
        // The union may be shorter than the room made for it.
        assembly ("memory-safe") {
            mstore(merged, length)
        }
    }

    /// @notice The bytes of a vector: 8 of id and 4 of share an entry.
    function pack(uint256[] memory entries) internal pure returns (bytes memory packed) {
        packed = new bytes(entries.length * ENTRY_BYTES);
        for (uint256 i; i < entries.length; ++i) {
            uint256 entry = entries[i];
            uint256 start = i * ENTRY_BYTES;
            for (uint256 k = start + ENTRY_BYTES; k > start; --k) {
                packed[k - 1] = bytes1(uint8(entry));
                entry >>= 8;
            }
        }
    }
}
