// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {SumTree} from "../../../contracts/libraries/SumTree.sol";
import {PayoutTree} from "../epochs/PayoutTree.sol";
import {Actor} from "../stage/Campaign.sol";

/// @notice Invariants 11 and 14 as a question to chance: a leaf of the tree verifies, at its index, for its payout, and
/// nothing else does.
contract SumTreeFuzz is Actor {
    using PayoutTree for PayoutTree.Tree;

    IERC20 private constant _TOKEN = IERC20(address(0x70CE));

    function testFuzz_a_leaf_verifies(uint256 seed) external drawing(seed) {
        PayoutTree.Tree memory tree = _tree();
        uint256 index = _next(0, tree.payouts.length - 1);
        IEpochDistributor.ProvenLeaf memory leaf = tree.leafAt(index);
        assert(this.check(_proven(tree), index, leaf.payout, leaf.proof) == tree.sums[1]);
    }

    function testFuzz_a_range_verifies(uint256 seed) external drawing(seed) {
        PayoutTree.Tree memory tree = _tree();
        uint256 level = _next(0, tree.pathFrom(tree.widthOf()).length);
        uint256 index = _next(0, tree.payouts.length - 1) >> level << level;
        (IEpochDistributor.Payout[] memory payouts, IEpochDistributor.SumNode[] memory upper) =
            tree.rangeAt(index, level);
        assert(this.checkRange(_proven(tree), index, payouts, upper) == tree.sums[1]);
    }

    function testFuzz_nothing_else_verifies(uint256 seed) external drawing(seed) {
        PayoutTree.Tree memory tree = _tree();
        uint256 index = _next(0, tree.payouts.length - 1);
        IEpochDistributor.ProvenLeaf memory leaf = tree.leafAt(index);
        uint256 kind = _next(0, 6);
        uint256 depth = leaf.proof.length;
        if (kind == 0) leaf.payout.cumulative += _nextAmount(128);
        if (kind == 1) leaf.payout.payee = _payee(999);
        if (kind == 2) leaf.index ^= 1 << _next(0, depth);
        if (kind == 3) leaf.index += 1 << depth;
        if (kind == 4) leaf.proof = tree.pathFrom((tree.widthOf() + index) >> 1);
        if (kind == 5) leaf.proof = _longer(leaf.proof);
        if (kind == 6 && depth != 0) leaf.proof[_next(0, depth - 1)].sum += _nextAmount(128);
        if ((kind == 4 || kind == 6) && depth == 0) return;
        try this.check(_proven(tree), leaf.index, leaf.payout, leaf.proof) {
            assert(false);
        } catch {}
    }

    /// @notice Two leaves whose sum wraps around: the total would be less than either.
    function testFuzz_a_sum_never_wraps(uint256 seed) external drawing(seed) {
        uint256 large = type(uint256).max - _nextAmount(64);
        uint256 small = _next(type(uint256).max - large + 1, type(uint256).max);
        IEpochDistributor.Payout memory payout = IEpochDistributor.Payout(_payee(1), large);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(payout.payee, _TOKEN, large))));
        IEpochDistributor.SumNode[] memory path = new IEpochDistributor.SumNode[](1);
        path[0] = IEpochDistributor.SumNode(keccak256(abi.encode(seed)), small);
        uint256 wrapped;
        unchecked {
            wrapped = large + small;
        }
        bytes32 root = keccak256(abi.encodePacked(leaf, large, path[0].hash, small));
        try this.check(SumTree.provenBy(root, wrapped, 1), 0, payout, path) {
            assert(false);
        } catch {}
    }

    function check(
        bytes32 proven,
        uint256 index,
        IEpochDistributor.Payout calldata payout,
        IEpochDistributor.SumNode[] calldata path
    ) external pure returns (uint256) {
        return SumTree.checkLeaf(proven, _TOKEN, index, payout, path);
    }

    function checkRange(
        bytes32 proven,
        uint256 firstIndex,
        IEpochDistributor.Payout[] calldata payouts,
        IEpochDistributor.SumNode[] calldata upper
    ) external pure returns (uint256) {
        return SumTree.checkRange(proven, _TOKEN, firstIndex, payouts, upper);
    }

    function _tree() private returns (PayoutTree.Tree memory) {
        IEpochDistributor.Payout[] memory payouts = new IEpochDistributor.Payout[](_next(1, 9));
        for (uint256 i; i < payouts.length; ++i) {
            payouts[i] = IEpochDistributor.Payout(_payee(i), _nextAmount(110));
        }
        return PayoutTree.grow(_TOKEN, payouts);
    }

    function _proven(PayoutTree.Tree memory tree) private pure returns (bytes32) {
        return SumTree.provenBy(tree.hashes[1], tree.sums[1], tree.pathFrom(tree.widthOf()).length);
    }

    function _longer(IEpochDistributor.SumNode[] memory path)
        private
        pure
        returns (IEpochDistributor.SumNode[] memory longer)
    {
        longer = new IEpochDistributor.SumNode[](path.length + 1);
        for (uint256 i; i < path.length; ++i) {
            longer[i] = path[i];
        }
    }
}
