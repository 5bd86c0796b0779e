// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Half of this is never called: a measurement of coverage that misses nothing here measures nothing.
contract HalfTested {
    function called(uint256 number) external pure returns (uint256) {
        return number + 1;
    }

    function neverCalled(uint256 number) external pure returns (uint256) {
        if (number > 1) return number * 2;
        return number;
    }
}
