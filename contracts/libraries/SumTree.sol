// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IEpochDistributor} from "../interfaces/IEpochDistributor.sol";

/// @notice Proofs in the Merkle-sum tree described in `IEpochDistributor`.
///
/// A leaf is the hash of 32 bytes and a node the hash of 128, so neither can pass for the other; and since every path
/// has exactly the tree's depth, a leaf verifies at one index only.
library SumTree {
    /// @notice How many siblings a leaf needs: the tree is padded to the next power of two.
    function depthOf(uint256 leafCount) internal pure returns (uint256) {
        return Math.log2(leafCount, Math.Rounding.Ceil);
    }

    /// @notice Climbs from one leaf; `path.length` is the caller's to check.
    function rootFrom(
        IERC20 token,
        uint256 index,
        IEpochDistributor.Payout calldata payout,
        IEpochDistributor.SumNode[] calldata path
    ) internal pure returns (bytes32 hash, uint256 sum) {
        return _climb(_leaf(token, payout), payout.cumulative, index, path);
    }

    /// @notice Folds 2^k neighbouring leaves into their own root, and climbs from there.
    /// @param payouts The leaves; those from `leafCount` on are padding and must be empty.
    function rootFromRange(
        IERC20 token,
        uint256 firstIndex,
        uint256 leafCount,
        IEpochDistributor.Payout[] calldata payouts,
        IEpochDistributor.SumNode[] calldata upper
    ) internal pure returns (bytes32 hash, uint256 sum) {
        (bytes32[] memory hashes, uint256[] memory sums) = _leaves(token, firstIndex, leafCount, payouts);
        for (uint256 width = payouts.length; width > 1; width /= 2) {
            for (uint256 i; i < width; i += 2) {
                (hashes[i / 2], sums[i / 2]) = _parent(hashes[i], sums[i], hashes[i + 1], sums[i + 1]);
            }
        }
        return _climb(hashes[0], sums[0], firstIndex / payouts.length, upper);
    }

    function _leaves(
        IERC20 token,
        uint256 firstIndex,
        uint256 leafCount,
        IEpochDistributor.Payout[] calldata payouts
    ) private pure returns (bytes32[] memory hashes, uint256[] memory sums) {
        hashes = new bytes32[](payouts.length);
        sums = new uint256[](payouts.length);
        for (uint256 i; i < payouts.length; ++i) {
            IEpochDistributor.Payout calldata payout = payouts[i];
            if (firstIndex + i < leafCount) {
                hashes[i] = _leaf(token, payout);
                sums[i] = payout.cumulative;
            } else if (payout.payee != address(0) || payout.cumulative != 0) {
                revert IEpochDistributor.InvalidProof();
            }
        }
    }

    function _climb(bytes32 hash, uint256 sum, uint256 position, IEpochDistributor.SumNode[] calldata path)
        private
        pure
        returns (bytes32, uint256)
    {
        for (uint256 i; i < path.length; ++i) {
            IEpochDistributor.SumNode calldata sibling = path[i];
            (hash, sum) = position & 1 == 0
                ? _parent(hash, sum, sibling.hash, sibling.sum)
                : _parent(sibling.hash, sibling.sum, hash, sum);
            position >>= 1;
        }
        return (hash, sum);
    }

    function _leaf(IERC20 token, IEpochDistributor.Payout calldata payout) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(payout.payee, token, payout.cumulative))));
    }

    /// @dev Sums that wrap around would let one leaf claim more than the whole tree.
    function _parent(bytes32 left, uint256 leftSum, bytes32 right, uint256 rightSum)
        private
        pure
        returns (bytes32 hash, uint256 sum)
    {
        unchecked {
            sum = leftSum + rightSum;
        }
        if (sum < leftSum) revert IEpochDistributor.InvalidProof();
        hash = keccak256(abi.encodePacked(left, leftSum, right, rightSum));
    }
}
