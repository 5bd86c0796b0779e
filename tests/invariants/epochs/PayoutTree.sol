// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";

/// @notice A Merkle-sum tree as `IEpochDistributor` describes it, grown here from that description alone.
/// Nodes are numbered from the root, which is 1: the children of n are 2n and 2n + 1.
library PayoutTree {
    struct Tree {
        IERC20 token;
        IEpochDistributor.Payout[] payouts;
        bytes32[] hashes;
        uint256[] sums;
    }

    function grow(IERC20 token, IEpochDistributor.Payout[] memory payouts) internal pure returns (Tree memory tree) {
        uint256 width = 1;
        while (width < payouts.length) width *= 2;
        tree = Tree(token, payouts, new bytes32[](2 * width), new uint256[](2 * width));
        for (uint256 i; i < payouts.length; ++i) {
            bytes memory leaf = abi.encode(payouts[i].payee, token, payouts[i].cumulative);
            tree.hashes[width + i] = keccak256(bytes.concat(keccak256(leaf)));
            tree.sums[width + i] = payouts[i].cumulative;
        }
        for (uint256 node = width - 1; node != 0; --node) {
            (uint256 left, uint256 right) = (2 * node, 2 * node + 1);
            tree.sums[node] = tree.sums[left] + tree.sums[right];
            tree.hashes[node] =
                keccak256(abi.encodePacked(tree.hashes[left], tree.sums[left], tree.hashes[right], tree.sums[right]));
        }
    }

    function widthOf(Tree memory tree) internal pure returns (uint256) {
        return tree.hashes.length / 2;
    }

    /// @notice The siblings from a node up to the root.
    function pathFrom(Tree memory tree, uint256 node) internal pure returns (IEpochDistributor.SumNode[] memory path) {
        uint256 length;
        for (uint256 above = node; above > 1; above /= 2) {
            ++length;
        }
        path = new IEpochDistributor.SumNode[](length);
        for (uint256 i; i < length; ++i) {
            path[i] = nodeAt(tree, node ^ 1);
            node /= 2;
        }
    }

    function nodeAt(Tree memory tree, uint256 node) internal pure returns (IEpochDistributor.SumNode memory) {
        return IEpochDistributor.SumNode(tree.hashes[node], tree.sums[node]);
    }

    function leafAt(Tree memory tree, uint256 index) internal pure returns (IEpochDistributor.ProvenLeaf memory) {
        return IEpochDistributor.ProvenLeaf(index, tree.payouts[index], pathFrom(tree, widthOf(tree) + index));
    }

    /// @notice The leaves below a node that is `level` above them; padding where there are none.
    function rangeAt(Tree memory tree, uint256 firstIndex, uint256 level)
        internal
        pure
        returns (IEpochDistributor.Payout[] memory payouts, IEpochDistributor.SumNode[] memory upper)
    {
        payouts = new IEpochDistributor.Payout[](1 << level);
        for (uint256 i; i < payouts.length && firstIndex + i < tree.payouts.length; ++i) {
            payouts[i] = tree.payouts[firstIndex + i];
        }
        upper = pathFrom(tree, (widthOf(tree) + firstIndex) >> level);
    }
}
