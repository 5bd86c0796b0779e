// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Campaign} from "../stage/Campaign.sol";
import {DirectHandler} from "./DirectHandler.sol";

/// @notice Invariants 2, 13, 15 and 24 of single reports: what is held covers deposits and locks, and equals them but
/// for gifts; an event is reported, and paid or rejected, once; a pause stops new reports alone.
contract DirectInvariants is Campaign {
    DirectHandler private _acting;

    function setUp() external {
        _acting = new DirectHandler();
        bytes4[] memory acts = new bytes4[](9);
        acts[0] = DirectHandler.deposit.selector;
        acts[1] = DirectHandler.takeBack.selector;
        acts[2] = DirectHandler.post.selector;
        acts[3] = DirectHandler.release.selector;
        acts[4] = DirectHandler.reject.selector;
        acts[5] = DirectHandler.accuse.selector;
        acts[6] = DirectHandler.pause.selector;
        acts[7] = DirectHandler.donate.selector;
        acts[8] = DirectHandler.wait.selector;
        _play(address(_acting), acts);
    }

    function invariant_what_is_held_is_what_is_owed() external view {
        string memory violation = _acting.violation();
        _require(bytes(violation).length == 0, violation);
        (uint256 free, bool agrees) = _acting.freeSum();
        _require(agrees, "I2: another deposit than was made");
        uint256 held = _acting.token().balanceOf(address(_acting.reports()));
        uint256 owed = free + _acting.heldSum();
        _require(held == owed + _acting.donated(), "I2: custody is not deposits and locks");
        uint256 paid = _acting.others().paid();
        _require(held == _acting.cameIn() + _acting.donated() - _acting.wentBack() - paid, "I2: money came or went");
        _require(_acting.statesAgree(), "I15: an event's state or a licence's use is another");
    }
}
