// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WorkId} from "../types/Identifiers.sol";
import {SHARE_SCALE} from "../types/Rights.sol";

/// @notice Ancestor vectors, see `IDerivativeGraph`: bytes outside, 12 an entry; inside, one word per entry.
///
/// A word, from its low end: 32 bits of share, 32 of the share that a floor asks for, 8 that name the parent through
/// which the entry first came (its place plus one, zero for none), two flags, and the id above everything else, so that
/// words sort by id. Callers see to it that all shares together stay below 2^31.
///
/// Assembly reads entries from calldata and writes them to memory, 12 bytes apart: Solidity's slices cost more than the
/// arithmetic on what is in them.
library AncestorVectors {
    uint256 internal constant ENTRY_BYTES = 12;
    /// @dev In bytes, the highest bit of a share says that the ancestor is protected by a floor.
    uint256 internal constant SHARE_MASK = type(uint32).max >> 1;
    uint256 internal constant PROTECTED_BIT = 1 << 31;

    uint256 private constant _NEED_BITS = 32;
    uint256 private constant _THROUGH_BITS = 64;
    uint256 private constant _IS_PARENT = 1 << 72;
    uint256 private constant _IS_PROTECTED = 1 << 73;
    uint256 private constant _ID_BITS = 74;

    /// @notice A vector that is being put together.
    /// @param entries Room for all entries there may come to be; those from `first` up to `end` are in use.
    /// @param parents How many parents were added.
    struct Draft {
        uint256[] entries;
        uint256 first;
        uint256 end;
        uint256 parents;
    }

    /// @param share What its licence owes it, of `SHARE_SCALE`.
    /// @param isProtected Whether it is a root under whose share there is a floor.
    struct LicensedParent {
        WorkId workId;
        uint256 share;
        bool isProtected;
    }

    /// @notice Thrown when parents and protected ancestors alone are more than a vector may have.
    error TooManyAncestors(uint256 ancestors);

    /// @notice An empty draft with room for the given parents' vectors and the parents themselves.
    function draft(bytes[] calldata vectors) internal pure returns (Draft memory) {
        uint256 room = vectors.length;
        for (uint256 i; i < vectors.length; ++i) {
            room += vectors[i].length / ENTRY_BYTES;
        }
        return Draft({entries: new uint256[](room), first: 0, end: 0, parents: 0});
    }

    /// @notice The entry that begins at a byte of a vector: 64 bits of id, the protected bit, 31 bits of share.
    function entryAt(bytes calldata vector, uint256 start) internal pure returns (uint256 entry) {
        assembly ("memory-safe") {
            entry := shr(160, calldataload(add(vector.offset, start)))
        }
    }

    /// @notice Adds what a child owes through its next parent: floor(share * s / SHARE_SCALE) to each of the parent's
    /// ancestors of share s, and to the parent the rest, so that exactly `share` is added.
    /// Parents are added in ascending order of their ids.
    /// @param floors What protected ancestors are owed at least.
    function addThrough(
        Draft memory self,
        LicensedParent memory parent,
        bytes calldata ofParent,
        mapping(WorkId root => uint32) storage floors
    ) internal view {
        (uint256[] memory words, uint256 kept) = _passedOn(ofParent, parent.share, ++self.parents, floors);
        _merge(self, words);

        // Everything so far is older than this parent: the parents before it, and what they and it come from.
        uint256 flags = parent.isProtected ? _IS_PARENT | _IS_PROTECTED : _IS_PARENT;
        self.entries[self.end++] = uint256(WorkId.unwrap(parent.workId)) << _ID_BITS | flags | kept;
    }

    /// @notice Gives every protected ancestor what its floor asks for: from the parent through which it came, and what
    /// that one does not have, from the child.
    /// @return fromChild What the child owes beyond the licensed shares.
    function raiseToFloors(Draft memory self) internal pure returns (uint256 fromChild) {
        uint256[] memory entries = self.entries;
        for (uint256 i = self.first; i < self.end; ++i) {
            uint256 need = uint32(entries[i] >> _NEED_BITS);
            uint256 share = entries[i] & SHARE_MASK;
            if (share >= need) continue;
            uint256 short = need - share;
            uint256 parent = _parentOf(self, i);
            uint256 has = entries[parent] & SHARE_MASK;
            uint256 taken = short < has ? short : has;

            entries[parent] -= taken;
            entries[i] += short;
            fromChild += short - taken;
        }
    }

    /// @notice Folds the smallest unprotected ancestors, of equals the youngest, into the parents through which they
    /// came, until no more than `limit` are left. Parents are never folded, nor are protected ancestors.
    function foldTo(Draft memory self, uint256 limit) internal pure {
        uint256 count = _count(self);
        while (count > limit) {
            uint256 smallest = _smallest(self);
            if (smallest == self.end) revert TooManyAncestors(count);
            uint256 parent = _parentOf(self, smallest);
            uint256 share = self.entries[smallest] & SHARE_MASK;
            // A parent that passed everything on takes the place of what is folded into it.
            if (self.entries[parent] & SHARE_MASK != 0) --count;

            self.entries[parent] += share;
            self.entries[smallest] -= share;
        }
    }

    /// @notice The vector's bytes: 8 of id and 4 of share an entry. Who is owed nothing is not in it.
    function pack(Draft memory self) internal pure returns (bytes memory vector) {
        uint256[] memory entries = self.entries;
        // Each entry is written as a whole word, the last one beyond the end of the bytes.
        vector = new bytes((self.end - self.first) * ENTRY_BYTES + 32);
        uint256 length;
        for (uint256 i = self.first; i < self.end; ++i) {
            uint256 word = entries[i];
            uint256 share = word & SHARE_MASK;
            if (share == 0) continue;
            if (word & _IS_PROTECTED != 0) share |= PROTECTED_BIT;
            uint256 entry = (word >> _ID_BITS) << 32 | share;
            assembly ("memory-safe") {
                mstore(add(add(vector, 32), length), shl(160, entry))
            }
            length += ENTRY_BYTES;
        }
        assembly ("memory-safe") {
            mstore(vector, length)
        }
    }

    /// @dev Each ancestor of the parent with its part of the parent's share, and what is left of the share.
    function _passedOn(
        bytes calldata ofParent,
        uint256 share,
        uint256 number,
        mapping(WorkId root => uint32) storage floors
    ) private view returns (uint256[] memory words, uint256 kept) {
        words = new uint256[](ofParent.length / ENTRY_BYTES);
        kept = share;
        // Parts of a share are never more than the share: their own sum is at most half of the scale.
        unchecked {
            for (uint256 i; i < words.length; ++i) {
                uint256 entry = entryAt(ofParent, i * ENTRY_BYTES);
                uint256 part = share * (entry & SHARE_MASK) / SHARE_SCALE;
                kept -= part;
                words[i] = (entry >> 32) << _ID_BITS | number << _THROUGH_BITS | _need(entry, floors) | part;
            }
        }
    }

    /// @dev The bits of a protected ancestor: what it is owed at least, which is no more than the parent owes it.
    function _need(uint256 entry, mapping(WorkId root => uint32) storage floors) private view returns (uint256) {
        if (entry & PROTECTED_BIT == 0) return 0;
        uint256 floor = floors[WorkId.wrap(uint64(entry >> 32))];
        uint256 owed = entry & SHARE_MASK;
        return _IS_PROTECTED | (floor < owed ? floor : owed) << _NEED_BITS;
    }

    /// @dev Merges words, ascending by id, into the draft, from the end of both; where both have an ancestor, the shares
    /// are added, the larger need stands, and a word less is needed: the draft then begins one place later.
    function _merge(Draft memory self, uint256[] memory words) private pure {
        uint256[] memory entries = self.entries;
        // No index leaves the room made for all entries, and no sum of shares reaches the bits above it.
        unchecked {
            uint256 source = self.end;
            uint256 place = source + words.length;
            uint256 left = words.length;
            self.end = place;
            while (left > 0) {
                uint256 word = words[left - 1];
                uint256 present = source > self.first ? entries[source - 1] : 0;
                if (present >> _ID_BITS > word >> _ID_BITS) {
                    entries[--place] = present;
                    --source;
                    continue;
                }
                --left;
                if (present >> _ID_BITS == word >> _ID_BITS) {
                    word = _joined(present, word);
                    --source;
                }
                entries[--place] = word;
            }
            // What is older than all of the words moves only when words were joined.
            while (source > self.first && place != source) {
                entries[--place] = entries[--source];
            }
            if (place != source) self.first = place;
        }
    }

    /// @dev One ancestor that came through two parents; the earlier one is remembered, unless it was itself a parent.
    function _joined(uint256 present, uint256 word) private pure returns (uint256) {
        uint256 need = uint32(present >> _NEED_BITS);
        uint256 other = uint32(word >> _NEED_BITS);
        uint256 through = uint8(present >> _THROUGH_BITS);
        if (through == 0) through = uint8(word >> _THROUGH_BITS);
        return (present >> _ID_BITS) << _ID_BITS | (present | word) & (_IS_PARENT | _IS_PROTECTED) | through
            << _THROUGH_BITS | (need > other ? need : other) << _NEED_BITS
            | ((present & SHARE_MASK) + (word & SHARE_MASK));
    }

    /// @dev The place of the parent through which an entry came.
    function _parentOf(Draft memory self, uint256 entry) private pure returns (uint256 place) {
        uint256 number = uint8(self.entries[entry] >> _THROUGH_BITS);
        for (place = self.first;; ++place) {
            if (self.entries[place] & _IS_PARENT != 0 && --number == 0) return place;
        }
    }

    /// @dev The place of the entry to fold next; the end when there is none.
    function _smallest(Draft memory self) private pure returns (uint256 place) {
        uint256[] memory entries = self.entries;
        uint256 least = type(uint256).max;
        place = self.end;
        for (uint256 i = self.first; i < self.end; ++i) {
            uint256 share = entries[i] & SHARE_MASK;
            bool isFoldable = share != 0 && entries[i] & (_IS_PARENT | _IS_PROTECTED) == 0;
            if (isFoldable && share <= least) (place, least) = (i, share);
        }
    }

    /// @dev How many are owed anything.
    function _count(Draft memory self) private pure returns (uint256 count) {
        for (uint256 i = self.first; i < self.end; ++i) {
            if (self.entries[i] & SHARE_MASK != 0) ++count;
        }
    }
}
