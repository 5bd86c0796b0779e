// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IEpochDistributor} from "../interfaces/IEpochDistributor.sol";
import {SumTree} from "../libraries/SumTree.sol";

/// @notice What is wrong with a payout root, shown from the root alone (and the one before it).
///
/// Each function reverts unless the fault is there. An honest root, whose leaves ascend by payee, hold no payee twice
/// and never fall, and whose nodes have the sums of their children, has none of them.
library RootFaults {
    /// @dev A waiting or active root, as far as proofs are about it.
    struct Root {
        bytes32 proven;
        uint256 total;
        uint256 leafCount;
        uint256 depth;
    }

    /// @notice The payee of `before` is promised less by `root`, or has no leaf in it.
    function checkDecrease(
        IERC20 token,
        Root memory previous,
        Root memory root,
        IEpochDistributor.ProvenLeaf calldata before,
        IEpochDistributor.ProvenLeaf[] calldata later
    ) internal pure {
        checkLeaf(token, previous, before);
        for (uint256 i; i < later.length; ++i) {
            checkLeaf(token, root, later[i]);
        }
        address payee = before.payout.payee;
        bool isShown = later.length == 1
            ? _fallsShort(payee, before.payout.cumulative, later[0], root.leafCount)
            : later.length == 2 && later[1].index == later[0].index + 1 && later[0].payout.payee < payee
                && payee < later[1].payout.payee;
        if (!isShown || before.payout.cumulative == 0) revert IEpochDistributor.NoFault();
    }

    /// @notice A later leaf's payee does not come after an earlier one's: out of order, or there twice.
    function checkDisorder(
        IERC20 token,
        Root memory root,
        IEpochDistributor.ProvenLeaf calldata first,
        IEpochDistributor.ProvenLeaf calldata second
    ) internal pure {
        checkLeaf(token, root, first);
        checkLeaf(token, root, second);
        if (first.index >= second.index || first.payout.payee < second.payout.payee) {
            revert IEpochDistributor.NoFault();
        }
    }

    /// @notice A node's children do not add up to what is said of it, or lie beyond the leaves.
    function checkSums(
        Root memory root,
        uint256 position,
        IEpochDistributor.SumNode calldata left,
        IEpochDistributor.SumNode calldata right,
        IEpochDistributor.ClaimedNode[] calldata path
    ) internal pure {
        uint256 claimed = _claimedOf(root, SumTree.nodeHash(left.hash, left.sum, right.hash, right.sum), position, path);
        uint256 level = root.depth - path.length;
        uint256 sum;
        unchecked {
            sum = left.sum + right.sum;
        }
        bool isWrong = sum < left.sum || sum != claimed;
        // An inner node in a leaf's place; or, just above the leaves, a child that should be padding and is not.
        if (level == 0) isWrong = true;
        if (level == 1) {
            uint256 firstLeaf = position << 1;
            isWrong = isWrong || (firstLeaf >= root.leafCount && !_isEmpty(left))
                || (firstLeaf + 1 >= root.leafCount && !_isEmpty(right));
        }
        if (!isWrong) revert IEpochDistributor.NoFault();
    }

    /// @notice A leaf's payout is not the sum that is said of it.
    function checkLeafSum(
        IERC20 token,
        Root memory root,
        uint256 index,
        IEpochDistributor.Payout calldata payout,
        IEpochDistributor.ClaimedNode[] calldata path
    ) internal pure {
        if (path.length != root.depth) {
            revert IEpochDistributor.InvalidProof();
        }
        bytes32 hash = SumTree.leafHash(token, payout.payee, payout.cumulative);
        uint256 claimed = _claimedOf(root, hash, index, path);
        if (claimed == payout.cumulative) revert IEpochDistributor.NoFault();
    }

    /// @notice The leaf is in the tree, at its index, with sums that add up all the way.
    function checkLeaf(IERC20 token, Root memory root, IEpochDistributor.ProvenLeaf calldata leaf) internal pure {
        if (leaf.index >= root.leafCount) revert IEpochDistributor.InvalidProof();
        SumTree.checkLeaf(root.proven, token, leaf.index, leaf.payout, leaf.proof);
    }

    /// @dev One leaf shows it: the payee's own with less, or the first or last one when the payee should lie beyond.
    function _fallsShort(
        address payee,
        uint256 cumulative,
        IEpochDistributor.ProvenLeaf calldata leaf,
        uint256 leafCount
    ) private pure returns (bool) {
        if (leaf.payout.payee == payee) {
            return leaf.payout.cumulative < cumulative;
        }
        return leaf.payout.payee > payee ? leaf.index == 0 : leaf.index == leafCount - 1;
    }

    /// @dev What the tree says that a node comes to: its parent's word for it, or for the root the proposal's.
    function _claimedOf(Root memory root, bytes32 hash, uint256 position, IEpochDistributor.ClaimedNode[] calldata path)
        private
        pure
        returns (uint256)
    {
        bool isInside = path.length <= root.depth && position >> path.length == 0;
        bytes32 top = SumTree.rootOfClaims(hash, position, path);
        if (!isInside || SumTree.provenBy(top, root.total, root.depth) != root.proven) {
            revert IEpochDistributor.InvalidProof();
        }
        return path.length == 0 ? root.total : path[0].claimedSum;
    }

    function _isEmpty(IEpochDistributor.SumNode calldata node) private pure returns (bool) {
        return node.hash == bytes32(0) && node.sum == 0;
    }
}
