// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Campaign} from "../stage/Campaign.sol";
import {CourtHandler} from "./CourtHandler.sol";

/// @notice Invariant 17: only the disputed share is frozen, for 90 days at most; and the court's bonds add up.
contract CourtInvariants is Campaign {
    CourtHandler private _cases;

    function setUp() external {
        _cases = new CourtHandler();
        bytes4[] memory acts = new bytes4[](8);
        acts[0] = CourtHandler.open.selector;
        acts[1] = CourtHandler.answer.selector;
        acts[2] = CourtHandler.rule.selector;
        acts[3] = CourtHandler.concede.selector;
        acts[4] = CourtHandler.lapse.selector;
        acts[5] = CourtHandler.release.selector;
        acts[6] = CourtHandler.collect.selector;
        acts[7] = CourtHandler.wait.selector;
        _play(address(_cases), acts);
    }

    function invariant_a_freeze_ends_and_bonds_add_up() external view {
        string memory violation = _cases.violation();
        _require(bytes(violation).length == 0, violation);
        _require(_cases.isBounded(), "I17: a freeze is longer than 90 days, or of a share nobody disputed");
        uint256 held = _cases.token().balanceOf(address(_cases.court()));
        _require(held == _cases.taken() - _cases.collected(), "I17: the court's bonds moved without a collection");
        _require(held == _cases.liabilities(), "I17: the court holds other bonds than it owes");
    }
}
