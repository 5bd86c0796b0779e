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
    uint256 private constant _PLACE_BITS = 16;

    /// @notice A vector that is being put together.
    /// @param entries Room for all entries there may come to be; those from `first` up to `end` are in use.
    /// @param parents How many parents were added.
    struct Draft {
        uint256[] entries;
        uint256 first;
        uint256 end;
        uint256 parents;
    }

    /// @notice A floor under the share of a root.
    /// @param share Of `SHARE_SCALE`.
    /// @param bindsFrom Unix time, in seconds, from which lines that begin at the root are in its protection.
    struct Floor {
        uint32 share;
        uint40 bindsFrom;
    }

    /// @param share What its licence owes it, of `SHARE_SCALE`.
    /// @param isProtected Whether it is a root under whose share there is a floor that binds.
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
        mapping(WorkId root => Floor) storage floors
    ) internal view {
        // There are at most as many parents as vectors, and at most as many entries as the draft has room for.
        unchecked {
            (uint256[] memory words, uint256 kept) = _passedOn(ofParent, parent.share, ++self.parents, floors);
            _merge(self, words);

            // Everything so far is older than this parent: the parents before it, and what they and it come from.
            uint256 flags = parent.isProtected ? _IS_PARENT | _IS_PROTECTED : _IS_PARENT;
            self.entries[self.end++] = uint256(WorkId.unwrap(parent.workId)) << _ID_BITS | flags | kept;
        }
    }

    /// @notice Gives every protected ancestor what its floor asks for: from the parent through which it came, and what
    /// that one does not have, from the child.
    /// @return fromChild What the child owes beyond the licensed shares.
    function raiseToFloors(Draft memory self) internal pure returns (uint256 fromChild) {
        uint256[] memory entries = self.entries;
        uint256 end = self.end;
        uint256 places;
        // Nobody is raised above a need, which is below 2^31, and nothing is taken that is not there.
        unchecked {
            for (uint256 i = self.first; i < end; ++i) {
                uint256 need = uint32(entries[i] >> _NEED_BITS);
                uint256 share = entries[i] & SHARE_MASK;
                if (share >= need) continue;
                if (places == 0) places = _parentPlaces(self);
                uint256 short = need - share;
                uint256 parent = _parentOf(entries[i], places);
                uint256 has = entries[parent] & SHARE_MASK;
                uint256 taken = short < has ? short : has;

                entries[parent] -= taken;
                entries[i] += short;
                fromChild += short - taken;
            }
        }
    }

    /// @notice Folds the smallest unprotected ancestors, of equals the youngest, into the parents through which they
    /// came, until no more than `limit` are left. Parents are never folded, nor are protected ancestors.
    ///
    /// What can be folded never changes while others are, so the order is known beforehand. Of n that can, all but
    /// the `limit` largest are certain to be: a heap keeps the largest so far, smallest on top, so that the work is
    /// n * log(limit) at most, whatever the parents' vectors are.
    function foldTo(Draft memory self, uint256 limit) internal pure {
        uint256 count = _count(self);
        if (count <= limit) return;
        uint256 places = _parentPlaces(self);
        (uint256[] memory keys, uint256 found) = _foldable(self);
        uint256 kept = found > count - limit ? found - (count - limit) : 0;

        for (uint256 i = kept / 2; i > 0;) {
            _sink(keys, kept, --i);
        }
        for (uint256 i = kept; i < found; ++i) {
            uint256 key = keys[i];
            if (kept != 0 && keys[0] < key) {
                (key, keys[0]) = (keys[0], key);
                _sink(keys, kept, 0);
            }
            count -= _fold(self.entries, key, places);
        }
        // Parents that passed everything on took the places of what was folded into them: as many more are folded.
        while (count > limit) {
            if (kept == 0) revert TooManyAncestors(count);
            count -= _fold(self.entries, keys[0], places);
            keys[0] = keys[--kept];
            _sink(keys, kept, 0);
        }
    }

    /// @notice The vector's bytes: 8 of id and 4 of share an entry. Who is owed nothing is not in it.
    function pack(Draft memory self) internal pure returns (bytes memory vector) {
        uint256[] memory entries = self.entries;
        // Each entry is written as a whole word, the last one beyond the end of the bytes.
        vector = new bytes((self.end - self.first) * ENTRY_BYTES + 32);
        uint256 length;
        uint256 end = self.end;
        unchecked {
            for (uint256 i = self.first; i < end; ++i) {
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
        mapping(WorkId root => Floor) storage floors
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
    function _need(uint256 entry, mapping(WorkId root => Floor) storage floors) private view returns (uint256) {
        if (entry & PROTECTED_BIT == 0) return 0;
        uint256 floor = floors[WorkId.wrap(uint64(entry >> 32))].share;
        uint256 owed = entry & SHARE_MASK;
        return _IS_PROTECTED | (floor < owed ? floor : owed) << _NEED_BITS;
    }

    /// @dev Merges words, ascending by id, into the draft, from the end of both; where both have an ancestor, the shares
    /// are added, the larger need stands, and a word less is needed: the draft then begins one place later.
    function _merge(Draft memory self, uint256[] memory words) private pure {
        if (words.length == 0) return;
        uint256[] memory entries = self.entries;
        // No index leaves the room made for all entries, and no sum of shares reaches the bits above it.
        unchecked {
            uint256 first = self.first;
            uint256 source = self.end;
            uint256 place = source + words.length;
            self.end = place;
            uint256 present = source > first ? entries[source - 1] : 0;
            for (uint256 left = words.length; left > 0;) {
                uint256 word = words[--left];
                while (present >> _ID_BITS > word >> _ID_BITS) {
                    entries[--place] = present;
                    present = --source > first ? entries[source - 1] : 0;
                }
                if (present >> _ID_BITS == word >> _ID_BITS) {
                    word = _joined(present, word);
                    present = --source > first ? entries[source - 1] : 0;
                }
                entries[--place] = word;
            }
            // What is older than all of the words moves only when words were joined.
            while (source > first && place != source) {
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

    /// @dev The places of the parents, 16 bits each, that of the first one lowest: there are no more than 16.
    function _parentPlaces(Draft memory self) private pure returns (uint256 places) {
        uint256[] memory entries = self.entries;
        uint256 first = self.first;
        unchecked {
            for (uint256 i = self.end; i > first;) {
                if (entries[--i] & _IS_PARENT != 0) places = places << _PLACE_BITS | i;
            }
        }
    }

    /// @dev The place of the parent through which an entry came.
    function _parentOf(uint256 entry, uint256 places) private pure returns (uint256) {
        // What came through no parent is one, and is neither folded nor raised.
        unchecked {
            return uint16(places >> _PLACE_BITS * (uint8(entry >> _THROUGH_BITS) - 1));
        }
    }

    /// @dev A key for each entry that can be folded: its share above its place, counted from the far end, so that of
    /// equal shares the youngest has the smallest key. `found` of them; the rest of the room is empty.
    function _foldable(Draft memory self) private pure returns (uint256[] memory keys, uint256 found) {
        uint256[] memory entries = self.entries;
        uint256 end = self.end;
        keys = new uint256[](end - self.first);
        unchecked {
            for (uint256 i = self.first; i < end; ++i) {
                uint256 entry = entries[i];
                uint256 share = entry & SHARE_MASK;
                bool isFoldable = share != 0 && entry & (_IS_PARENT | _IS_PROTECTED) == 0;
                if (isFoldable) keys[found++] = share << _PLACE_BITS | type(uint16).max - i;
            }
        }
    }

    /// @dev Folds the entry of a key into the parent through which it came; how many fewer are owed anything.
    function _fold(uint256[] memory entries, uint256 key, uint256 places) private pure returns (uint256 fewer) {
        // All shares together fit into the bits of one.
        unchecked {
            uint256 place = type(uint16).max - uint16(key);
            uint256 entry = entries[place];
            uint256 share = key >> _PLACE_BITS;
            entries[place] = entry - share;
            place = _parentOf(entry, places);
            entry = entries[place];
            entries[place] = entry + share;
            if (entry & SHARE_MASK != 0) fewer = 1;
        }
    }

    /// @dev Lets the key at a place of a heap of `size` keys sink until none below it is smaller.
    function _sink(uint256[] memory heap, uint256 size, uint256 place) private pure {
        // Places are below the size, which is below 2^16.
        unchecked {
            uint256 key = heap[place];
            for (uint256 below = 2 * place + 1; below < size; below = 2 * place + 1) {
                uint256 least = heap[below];
                if (below + 1 < size && heap[below + 1] < least) least = heap[++below];
                if (key <= least) break;
                heap[place] = least;
                place = below;
            }
            heap[place] = key;
        }
    }

    /// @dev How many are owed anything.
    function _count(Draft memory self) private pure returns (uint256 count) {
        uint256[] memory entries = self.entries;
        uint256 end = self.end;
        unchecked {
            for (uint256 i = self.first; i < end; ++i) {
                if (entries[i] & SHARE_MASK != 0) ++count;
            }
        }
    }
}
