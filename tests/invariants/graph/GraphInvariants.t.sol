// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Campaign} from "../stage/Campaign.sol";
import {GraphHandler} from "./GraphHandler.sol";

/// @notice Invariants 4 to 7: what a link may say, and that it stands for good.
contract GraphInvariants is Campaign {
    GraphHandler private _graph;

    function setUp() external {
        _graph = new GraphHandler();
        bytes4[] memory acts = new bytes4[](6);
        acts[0] = GraphHandler.linkMany.selector;
        acts[1] = GraphHandler.linkYoungest.selector;
        acts[2] = GraphHandler.linkYoungest.selector;
        acts[3] = GraphHandler.declareFloor.selector;
        acts[4] = GraphHandler.raiseFloor.selector;
        acts[5] = GraphHandler.wait.selector;
        _play(address(_graph), acts);
    }

    function invariant_every_vector_is_exact_bounded_and_final() external view {
        string memory violation = _graph.violation();
        _require(bytes(violation).length == 0, violation);
        uint256 works = _graph.workCount();
        _require(_graph.stands(works - 1), "I5: the youngest work's vector changed");
        _require(_graph.stands(uint256(keccak256(abi.encode(works, block.timestamp)))), "I5: a vector changed");
    }
}
