// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IEpochDistributor} from "../interfaces/IEpochDistributor.sol";

/// @notice Proofs in the Merkle-sum tree described in `IEpochDistributor`.
///
/// A leaf is the hash of 32 bytes and a node the hash of 128, so neither can pass for the other; and since every path
/// has exactly the tree's depth, a leaf verifies at one index only. Assembly hashes in place: two neighbours lie in
/// memory exactly as their parent is hashed, and a claim climbs twenty levels.
library SumTree {
    /// @notice How many siblings a leaf needs: the tree is padded to the next power of two.
    function depthOf(uint256 leafCount) internal pure returns (uint256) {
        return Math.log2(leafCount, Math.Rounding.Ceil);
    }

    /// @notice Hash, sum and depth of a tree in one word, so that a claim has only one to read.
    function provenBy(bytes32 sumRoot, uint256 total, uint256 depth) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(sumRoot, total, depth));
    }

    /// @notice Climbs from one leaf; reverts unless it reaches the root, along a path of the tree's depth.
    /// @return total What the whole tree pays.
    function checkLeaf(
        bytes32 proven,
        IERC20 token,
        uint256 index,
        IEpochDistributor.Payout calldata payout,
        IEpochDistributor.SumNode[] calldata path
    ) internal pure returns (uint256 total) {
        uint256 cumulative = payout.cumulative;
        bytes32 hash;
        (hash, total) = _climb(leafHash(token, payout.payee, cumulative), cumulative, index, path);
        if (index >> path.length != 0 || provenBy(hash, total, path.length) != proven) {
            revert IEpochDistributor.InvalidProof();
        }
    }

    /// @notice Folds 2^k neighbouring leaves into their own root, and climbs from there; reverts as `checkLeaf`.
    /// @param payouts The leaves; the empty ones are padding.
    function checkRange(
        bytes32 proven,
        IERC20 token,
        uint256 firstIndex,
        IEpochDistributor.Payout[] calldata payouts,
        IEpochDistributor.SumNode[] calldata upper
    ) internal pure returns (uint256 total) {
        bytes32[] memory nodes = _leaves(token, payouts);
        bytes32 hash;
        bool wrapped;
        assembly ("memory-safe") {
            let first := add(nodes, 0x20)
            for { let width := shl(6, payouts.length) } gt(width, 0x40) { width := shr(1, width) } {
                let parent := first
                for { let node := first } lt(node, add(first, width)) { node := add(node, 0x80) } {
                    let leftSum := mload(add(node, 0x20))
                    let sum := add(leftSum, mload(add(node, 0x60)))
                    wrapped := or(wrapped, lt(sum, leftSum))
                    mstore(parent, keccak256(node, 0x80))
                    mstore(add(parent, 0x20), sum)
                    parent := add(parent, 0x40)
                }
            }
            hash := mload(first)
            total := mload(add(first, 0x20))
        }
        uint256 position = firstIndex / payouts.length;
        (hash, total) = _climb(hash, total, position, upper);
        uint256 depth = upper.length + Math.log2(payouts.length);
        if (wrapped || position >> upper.length != 0 || provenBy(hash, total, depth) != proven) {
            revert IEpochDistributor.InvalidProof();
        }
    }

    /// @notice Climbs by what each parent says of the node below it, right or wrong; the hash of the root it reaches.
    function rootOfClaims(bytes32 hash, uint256 position, IEpochDistributor.ClaimedNode[] calldata path)
        internal
        pure
        returns (bytes32)
    {
        for (uint256 i; i < path.length; ++i) {
            IEpochDistributor.ClaimedNode calldata step = path[i];
            hash = position & 1 == 0
                ? nodeHash(hash, step.claimedSum, step.hash, step.sum)
                : nodeHash(step.hash, step.sum, hash, step.claimedSum);
            position >>= 1;
        }
        return hash;
    }

    function leafHash(IERC20 token, address payee, uint256 cumulative) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, payee)
            mstore(add(free, 0x20), token)
            mstore(add(free, 0x40), cumulative)
            mstore(0x00, keccak256(free, 0x60))
            hash := keccak256(0x00, 0x20)
        }
    }

    function nodeHash(bytes32 left, uint256 leftSum, bytes32 right, uint256 rightSum) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, leftSum, right, rightSum));
    }

    /// @dev Hash and sum of each leaf, side by side; nothing for padding.
    function _leaves(IERC20 token, IEpochDistributor.Payout[] calldata payouts)
        private
        pure
        returns (bytes32[] memory nodes)
    {
        nodes = new bytes32[](2 * payouts.length);
        for (uint256 i; i < payouts.length; ++i) {
            address payee = payouts[i].payee;
            uint256 cumulative = payouts[i].cumulative;
            if (payee == address(0) && cumulative == 0) continue;
            bytes32 hash = leafHash(token, payee, cumulative);
            assembly ("memory-safe") {
                let node := add(add(nodes, 0x20), shl(6, i))
                mstore(node, hash)
                mstore(add(node, 0x20), cumulative)
            }
        }
    }

    /// @dev Sums that wrap around would let one leaf claim more than the whole tree.
    function _climb(bytes32 hash, uint256 sum, uint256 position, IEpochDistributor.SumNode[] calldata path)
        private
        pure
        returns (bytes32, uint256)
    {
        bool wrapped;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let end := add(path.offset, shl(6, path.length))
            for { let step := path.offset } lt(step, end) { step := add(step, 0x40) } {
                // Where the node on the path lies: first when its position is even.
                let own := shl(6, and(position, 1))
                let siblingSum := calldataload(add(step, 0x20))
                mstore(add(free, own), hash)
                mstore(add(add(free, own), 0x20), sum)
                mstore(add(free, xor(own, 0x40)), calldataload(step))
                mstore(add(add(free, xor(own, 0x40)), 0x20), siblingSum)
                hash := keccak256(free, 0x80)
                sum := add(sum, siblingSum)
                wrapped := or(wrapped, lt(sum, siblingSum))
                position := shr(1, position)
            }
        }
        if (wrapped) revert IEpochDistributor.InvalidProof();
        return (hash, sum);
    }
}
