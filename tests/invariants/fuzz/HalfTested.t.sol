// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HalfTested} from "../stage/HalfTested.sol";

/// @notice Calls one half of the coverage gate's canary.
contract HalfTestedFuzz {
    function testFuzz_one_half(uint64 number) external {
        assert(new HalfTested().called(number) == uint256(number) + 1);
    }
}
