// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IEpochDistributor} from "../../contracts/interfaces/IEpochDistributor.sol";
import {SumTree} from "../../contracts/libraries/SumTree.sol";
import {Proof} from "./Proof.sol";

/// @notice What a Merkle-sum proof that was accepted says, for all hashes, sums and places.
/// Keccak-256 is taken to have no collisions, as everywhere.
contract SumsProof is Proof {
    IERC20 private constant _TOKEN = IERC20(address(0x70CE));

    function check_a_path_adds_up(
        bytes32 proven,
        address payee,
        uint256 cumulative,
        bytes32[2] calldata hashes,
        uint256[2] calldata sums
    ) external view {
        IEpochDistributor.SumNode[] memory path = new IEpochDistributor.SumNode[](2);
        path[0] = IEpochDistributor.SumNode(hashes[0], sums[0]);
        path[1] = IEpochDistributor.SumNode(hashes[1], sums[1]);
        // Place 1 is a right child below and a left child above: both ways to climb.
        (bool done, uint256 total) = _leaf(proven, 1, payee, cumulative, path);
        if (!done) return;
        // No sum wrapped around: each step of the path is at least what was below it.
        unchecked {
            uint256 below = cumulative + sums[0];
            assert(below >= cumulative && total >= below && total == below + sums[1]);
        }
    }

    function check_a_leaf_has_one_place(
        address payee,
        address other,
        uint256 amount,
        uint256 rest,
        bytes32 hash,
        uint256 sum
    ) external view {
        vm.assume(payee != other);
        bytes32 proven = _twoLeaves(payee, amount, other, rest);
        for (uint256 index = 1; index < 4; ++index) {
            (bool done,) = _leaf(proven, index, payee, amount, _one(hash, sum));
            assert(!done);
        }
    }

    function check_a_leaf_has_one_payee(
        address payee,
        address other,
        uint256 amount,
        uint256 rest,
        address asking,
        bytes32 hash,
        uint256 sum
    ) external view {
        vm.assume(asking != payee);
        bytes32 proven = _twoLeaves(payee, amount, other, rest);
        (bool done,) = _leaf(proven, 0, asking, amount, _one(hash, sum));
        assert(!done);
    }

    function check_no_node_is_a_leaf(
        address payee,
        uint256 cumulative,
        bytes32 left,
        uint256 leftSum,
        bytes32 right,
        uint256 rightSum
    ) external pure {
        assert(SumTree.leafHash(_TOKEN, payee, cumulative) != SumTree.nodeHash(left, leftSum, right, rightSum));
    }

    function check_a_root_has_one_depth(bytes32 sumRoot, uint256 total, uint256 depth, uint256 other) external pure {
        vm.assume(depth != other);
        assert(SumTree.provenBy(sumRoot, total, depth) != SumTree.provenBy(sumRoot, total, other));
    }

    function check_a_range_adds_up(bytes32 proven, address payee, uint256 amount, address other, uint256 rest)
        external
        view
    {
        (bool done, uint256 total) = _pair(proven, payee, amount, other, rest);
        if (!done) return;
        unchecked {
            assert(total == amount + rest && total >= amount);
        }
    }

    function check_a_range_pays_what_leaves_do(
        bytes32 proven,
        address payee,
        uint256 amount,
        address other,
        uint256 rest
    ) external view {
        vm.assume(payee != address(0) && other != address(0));
        (bool done, uint256 total) = _pair(proven, payee, amount, other, rest);
        if (!done) return;
        (bool alone, uint256 same) = _leaf(proven, 0, payee, amount, _one(SumTree.leafHash(_TOKEN, other, rest), rest));
        assert(alone && same == total);
    }

    /// @dev Through a call to ourselves: the library reads calldata, and a refusal must not end the proof.
    function leaf(
        bytes32 proven,
        uint256 index,
        IEpochDistributor.Payout calldata payout,
        IEpochDistributor.SumNode[] calldata path
    ) external pure returns (uint256) {
        return SumTree.checkLeaf(proven, _TOKEN, index, payout, path);
    }

    function range(
        bytes32 proven,
        IEpochDistributor.Payout[] calldata payouts,
        IEpochDistributor.SumNode[] calldata upper
    ) external pure returns (uint256) {
        return SumTree.checkRange(proven, _TOKEN, 0, payouts, upper);
    }

    function _leaf(
        bytes32 proven,
        uint256 index,
        address payee,
        uint256 cumulative,
        IEpochDistributor.SumNode[] memory path
    ) private view returns (bool done, uint256 total) {
        try this.leaf(proven, index, IEpochDistributor.Payout(payee, cumulative), path) returns (uint256 found) {
            return (true, found);
        } catch {
            return (false, 0);
        }
    }

    function _pair(bytes32 proven, address payee, uint256 amount, address other, uint256 rest)
        private
        view
        returns (bool done, uint256 total)
    {
        IEpochDistributor.Payout[] memory payouts = new IEpochDistributor.Payout[](2);
        payouts[0] = IEpochDistributor.Payout(payee, amount);
        payouts[1] = IEpochDistributor.Payout(other, rest);
        try this.range(proven, payouts, new IEpochDistributor.SumNode[](0)) returns (uint256 found) {
            return (true, found);
        } catch {
            return (false, 0);
        }
    }

    function _twoLeaves(address payee, uint256 amount, address other, uint256 rest) private pure returns (bytes32) {
        vm.assume(amount <= type(uint256).max - rest);
        bytes32 left = SumTree.leafHash(_TOKEN, payee, amount);
        bytes32 right = SumTree.leafHash(_TOKEN, other, rest);
        return SumTree.provenBy(SumTree.nodeHash(left, amount, right, rest), amount + rest, 1);
    }

    function _one(bytes32 hash, uint256 sum) private pure returns (IEpochDistributor.SumNode[] memory path) {
        path = new IEpochDistributor.SumNode[](1);
        path[0] = IEpochDistributor.SumNode(hash, sum);
    }
}
