// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Divides a pool of base units by a sharing rule, exactly: what is allocated and what is left over sum to
/// the pool, and a payee is never more than one unit from its exact part for each division it takes part in. Where
/// nobody has a weight there is nobody to pay: the whole pool is left over. Weights are in canonical order,
/// ascending by payee; the division begins at a place that the epoch's hash decides, so that no payee keeps
/// the last unit for good.
/// Source: telescoping sums of floor(pool * cumulative weight / all weight), with a 512-bit product.
library Allocation {
    uint256 private constant _BPS_WHOLE = 10_000;
    /// @dev Keeps the square root of a weight exact to 2^-32.
    uint256 private constant _ROOT_SHIFT = 64;

    /// @notice Thrown when a group's weights sum to 2^192 or more.
    error GroupTooHeavy(uint256 group);

    /// @notice In proportion to weights.
    /// @param seed Where to begin: its remainder by the number of weights.
    function telescoped(uint256 pool, uint256[] memory weights, uint256 seed)
        internal
        pure
        returns (uint256[] memory amounts, uint256 leftOver)
    {
        uint256 length = weights.length;
        amounts = new uint256[](length);
        uint256 whole = sum(weights);
        if (whole == 0) return (amounts, pool);

        uint256 cumulative;
        uint256 paid;
        uint256 at = seed % length;
        for (uint256 i; i < length; ++i) {
            cumulative += weights[at];
            uint256 upTo = Math.mulDiv(pool, cumulative, whole);
            amounts[at] = upTo - paid;
            paid = upTo;
            at = at + 1 == length ? 0 : at + 1;
        }
    }

    /// @notice The part `phiBps` of the pool equally, the rest in proportion; all of it equally where nobody has a
    /// weight.
    function floorProRata(uint256 pool, uint256[] memory weights, uint256 phiBps, uint256 seed)
        internal
        pure
        returns (uint256[] memory amounts, uint256 leftOver)
    {
        uint256 floor_ = sum(weights) == 0 ? pool : Math.mulDiv(pool, phiBps, _BPS_WHOLE);
        uint256[] memory equal = new uint256[](weights.length);
        for (uint256 i; i < equal.length; ++i) {
            equal[i] = 1;
        }
        (amounts, leftOver) = telescoped(floor_, equal, seed);
        (uint256[] memory rest, uint256 restLeft) = telescoped(pool - floor_, weights, seed);
        leftOver += restLeft;
        for (uint256 i; i < rest.length; ++i) {
            amounts[i] += rest[i];
        }
    }

    /// @notice Between groups by the square root of their weight, within a group in proportion.
    /// @param groups Each group's weights.
    function communityRoot(uint256 pool, uint256[][] memory groups, uint256 seed)
        internal
        pure
        returns (uint256[][] memory amounts, uint256 leftOver)
    {
        uint256[] memory roots = new uint256[](groups.length);
        for (uint256 i; i < groups.length; ++i) {
            uint256 weight = sum(groups[i]);
            if (weight >> (256 - _ROOT_SHIFT) != 0) revert GroupTooHeavy(i);
            roots[i] = Math.sqrt(weight << _ROOT_SHIFT);
        }
        uint256[] memory pools;
        (pools, leftOver) = telescoped(pool, roots, seed);
        amounts = new uint256[][](groups.length);
        for (uint256 i; i < groups.length; ++i) {
            // A group without weight gets no pool, so nothing is left over within any.
            (amounts[i],) = telescoped(pools[i], groups[i], seed);
        }
    }

    function sum(uint256[] memory weights) internal pure returns (uint256 whole) {
        for (uint256 i; i < weights.length; ++i) {
            whole += weights[i];
        }
    }
}
