// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AncestorVectors} from "../../contracts/libraries/AncestorVectors.sol";
import {WorkId} from "../../contracts/types/Identifiers.sol";
import {SHARE_SCALE} from "../../contracts/types/Rights.sol";
import {Proof} from "./Proof.sol";

/// @notice What a link passes on to the ancestor of its parent, whatever its licence owes.
contract PassingProof is Proof {
    using AncestorVectors for AncestorVectors.Draft;

    uint256 private constant _STACK_MAX = 500_000_000;
    /// @dev The ancestor's share of the parent: it divides nothing evenly.
    uint256 private constant _THIRD = 333_333_333;

    mapping(WorkId root => AncestorVectors.Floor) private _floors;

    function check_all_of_a_share_is_given(uint32 share) external view {
        (uint256 ofAncestor, uint256 ofParent) = _passed(share);
        assert(ofAncestor + ofParent == share);
    }

    function check_an_ancestor_gets_its_part(uint32 share) external view {
        (uint256 ofAncestor,) = _passed(share);
        assert(ofAncestor == uint256(share) * _THIRD / SHARE_SCALE);
    }

    function added(uint256 share, bytes[] calldata vectors) external view returns (uint256, uint256) {
        AncestorVectors.Draft memory draft = AncestorVectors.draft(vectors);
        draft.addThrough(AncestorVectors.LicensedParent(WorkId.wrap(10), share, false), vectors[0], _floors);
        return (draft.entries[0] & AncestorVectors.SHARE_MASK, draft.entries[1] & AncestorVectors.SHARE_MASK);
    }

    function _passed(uint32 share) private view returns (uint256, uint256) {
        vm.assume(share > 0 && share <= _STACK_MAX);
        bytes[] memory vectors = new bytes[](1);
        vectors[0] = abi.encodePacked(uint64(1), uint32(_THIRD));
        return this.added(share, vectors);
    }
}
