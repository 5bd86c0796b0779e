// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AncestorVectors} from "../../contracts/libraries/AncestorVectors.sol";
import {Proof} from "./Proof.sol";

/// @notice What floors and folding do with the shares of a link, for all shares at once: two ancestors and a parent
/// through which both came.
contract LinkProof is Proof {
    using AncestorVectors for AncestorVectors.Draft;

    uint256 private constant _NEED_BITS = 32;
    uint256 private constant _THROUGH_FIRST = 1 << 64;
    uint256 private constant _IS_PARENT = 1 << 72;
    uint256 private constant _IS_PROTECTED = 1 << 73;
    uint256 private constant _ID_BITS = 74;
    uint256 private constant _STACK_MAX = 500_000_000;

    /// @dev What the child owes in the end is what it owed, and what it gives of its own.
    function check_floors_take_from_nobody_else(uint32 first, uint32 second, uint32 kept, uint32 need) external pure {
        AncestorVectors.Draft memory draft = _draft(first, second, kept, need);
        uint256 before = uint256(first) + second + kept;
        uint256 fromChild = draft.raiseToFloors();
        assert(_sum(draft) == before + fromChild);
        assert(_share(draft, 1) == second);
    }

    function check_a_floor_is_reached(uint32 first, uint32 second, uint32 kept, uint32 need) external pure {
        AncestorVectors.Draft memory draft = _draft(first, second, kept, need);
        draft.raiseToFloors();
        assert(_share(draft, 0) >= need);
        assert(_share(draft, 0) >= first);
    }

    /// @dev The child gives nothing while the parent has anything.
    function check_the_parent_pays_first(uint32 first, uint32 second, uint32 kept, uint32 need) external pure {
        AncestorVectors.Draft memory draft = _draft(first, second, kept, need);
        uint256 fromChild = draft.raiseToFloors();
        assert(fromChild == 0 || _share(draft, 2) == 0);
    }

    function check_folding_loses_nothing(uint32 first, uint32 second, uint32 kept) external pure {
        AncestorVectors.Draft memory draft = _draft(first, second, kept, 0);
        vm.assume(first > 0 && second > 0 && kept > 0);
        uint256 before = _sum(draft);
        draft.foldTo(2);
        assert(_sum(draft) == before);
    }

    function check_the_protected_are_not_folded(uint32 first, uint32 second, uint32 kept) external pure {
        AncestorVectors.Draft memory draft = _draft(first, second, kept, 0);
        vm.assume(first > 0 && second > 0 && kept > 0);
        draft.foldTo(2);
        assert(_share(draft, 0) == first);
    }

    /// @dev Ancestors 1, protected, and 2 came through parent 3.
    function _draft(uint32 first, uint32 second, uint32 kept, uint32 need)
        private
        pure
        returns (AncestorVectors.Draft memory)
    {
        vm.assume(first <= _STACK_MAX && second <= _STACK_MAX && kept <= _STACK_MAX && need <= _STACK_MAX);
        uint256[] memory entries = new uint256[](3);
        entries[0] = 1 << _ID_BITS | _IS_PROTECTED | _THROUGH_FIRST | uint256(need) << _NEED_BITS | first;
        entries[1] = 2 << _ID_BITS | _THROUGH_FIRST | second;
        entries[2] = 3 << _ID_BITS | _IS_PARENT | kept;
        return AncestorVectors.Draft({entries: entries, first: 0, end: 3, parents: 1});
    }

    function _share(AncestorVectors.Draft memory draft, uint256 place) private pure returns (uint256) {
        return draft.entries[place] & AncestorVectors.SHARE_MASK;
    }

    function _sum(AncestorVectors.Draft memory draft) private pure returns (uint256) {
        return _share(draft, 0) + _share(draft, 1) + _share(draft, 2);
    }
}
