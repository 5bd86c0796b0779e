// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GraphHandler} from "../graph/GraphHandler.sol";

/// @notice Invariants 4 to 7 as a question to chance: three links in a fresh graph, of any shape.
contract VectorFuzz {
    GraphHandler private _graph;

    function setUp() external {
        _graph = new GraphHandler();
    }

    function testFuzz_links_are_exact(uint256 first, uint256 second, uint256 third) external {
        _graph.declareFloor(first);
        _graph.linkMany(first);
        _graph.declareFloor(second);
        _graph.linkMany(second);
        _graph.linkYoungest(third);
        string memory violation = _graph.violation();
        require(bytes(violation).length == 0, violation);
    }
}
