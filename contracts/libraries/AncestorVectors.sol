// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {WorkId} from "../types/Identifiers.sol";
import {SHARE_SCALE} from "../types/Rights.sol";

/// @notice Ancestor vectors, see `IDerivativeGraph`: bytes outside; inside, one word per entry: id, then 32 bits of
/// share. Entries ascend by id. Callers see to it that a vector's shares sum to less than 2^32.
library AncestorVectors {
    uint256 internal constant ENTRY_BYTES = 12;
    uint256 private constant _ENTRY_BITS = 96;
    uint256 private constant _WORD_BITS = 256;
    uint256 private constant _SHARE_BITS = 32;
    uint256 private constant _SHARE_MASK = type(uint32).max;

    /// @notice A vector that is being put together.
    /// @param entries Room for all entries there may come to be; the first `length` are in use.
    struct Draft {
        uint256[] entries;
        uint256 length;
    }

    /// @notice An empty draft with room for the given parents' vectors and the parents themselves.
    function draft(bytes[] calldata vectors) internal pure returns (Draft memory) {
        uint256 room = vectors.length;
        for (uint256 i; i < vectors.length; ++i) {
            room += vectors[i].length / ENTRY_BYTES;
        }
        return Draft({entries: new uint256[](room), length: 0});
    }

    /// @notice Adds what a child owes through one parent: floor(share * s / SHARE_SCALE) to each of the parent's
    /// ancestors of share s, and to the parent the rest, so that exactly `share` is added.
    function addThrough(Draft memory vector, WorkId parent, uint256 share, bytes calldata ofParent) internal pure {
        uint256 kept = share;
        for (uint256 start; start < ofParent.length; start += ENTRY_BYTES) {
            uint256 entry = uint96(bytes12(ofParent[start:start + ENTRY_BYTES]));
            uint256 passedOn = share * (entry & _SHARE_MASK) / SHARE_SCALE;
            kept -= passedOn;
            _add(vector, (entry & ~_SHARE_MASK) | passedOn);
        }
        _add(vector, (uint256(WorkId.unwrap(parent)) << _SHARE_BITS) | kept);
    }

    /// @notice The vector's bytes: 8 of id and 4 of share an entry.
    function pack(Draft memory vector) internal pure returns (bytes memory) {
        uint256 bits = vector.length * _ENTRY_BITS;
        uint256[] memory words = new uint256[]((bits + _WORD_BITS - 1) / _WORD_BITS);
        uint256[] memory entries = vector.entries;
        for (uint256 i; i < vector.length; ++i) {
            uint256 start = i * _ENTRY_BITS;
            uint256 end = start % _WORD_BITS + _ENTRY_BITS;
            uint256 word = start / _WORD_BITS;
            if (end <= _WORD_BITS) {
                words[word] |= entries[i] << (_WORD_BITS - end);
            } else {
                words[word] |= entries[i] >> (end - _WORD_BITS);
                words[word + 1] = entries[i] << (2 * _WORD_BITS - end);
            }
        }
        return Bytes.splice(abi.encodePacked(words), 0, vector.length * ENTRY_BYTES);
    }

    /// @dev From the end, where parents named in ascending order mostly belong; an ancestor already there gets more.
    function _add(Draft memory vector, uint256 entry) private pure {
        uint256[] memory entries = vector.entries;
        uint256 place = vector.length;
        // No index leaves the room made for all entries, and no sum of shares reaches the id above it.
        unchecked {
            while (place > 0 && entries[place - 1] >> _SHARE_BITS > entry >> _SHARE_BITS) --place;
            if (place > 0 && entries[place - 1] >> _SHARE_BITS == entry >> _SHARE_BITS) {
                entries[place - 1] += entry & _SHARE_MASK;
                return;
            }
            for (uint256 i = vector.length; i > place; --i) {
                entries[i] = entries[i - 1];
            }
            entries[place] = entry;
            ++vector.length;
        }
    }
}
