// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Campaign} from "../stage/Campaign.sol";
import {Coin} from "./Books.sol";
import {LedgerHandler} from "./LedgerHandler.sol";

/// @notice Invariants 1 to 3, 8 and 9 on a ledger among honest people: every unit is somebody's, whatever the order.
contract LedgerInvariants is Campaign {
    LedgerHandler private _books;

    function setUp() external {
        _books = new LedgerHandler();
        bytes4[] memory acts = new bytes4[](7);
        acts[0] = LedgerHandler.pay.selector;
        acts[1] = LedgerHandler.payOneUnit.selector;
        acts[2] = LedgerHandler.settle.selector;
        acts[3] = LedgerHandler.claim.selector;
        acts[4] = LedgerHandler.push.selector;
        acts[5] = LedgerHandler.enactSplit.selector;
        acts[6] = LedgerHandler.donate.selector;
        _play(address(_books), acts);
    }

    function invariant_every_unit_is_somebodys() external view {
        string memory violation = _books.violation();
        _require(bytes(violation).length == 0, violation);
        Coin token = _books.touched();
        string memory broken = _books.audit(token);
        _require(bytes(broken).length == 0, broken);
    }
}
