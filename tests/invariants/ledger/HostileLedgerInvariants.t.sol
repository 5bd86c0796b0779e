// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Campaign} from "../stage/Campaign.sol";
import {Coin} from "./Books.sol";
import {HostileLedgerHandler} from "./HostileLedgerHandler.sol";

/// @notice Invariants 1 to 3, 17, 22 and 25 on a ledger among people and tokens that mean it harm.
contract HostileLedgerInvariants is Campaign {
    HostileLedgerHandler private _books;

    function setUp() external {
        _books = new HostileLedgerHandler();
        bytes4[] memory acts = new bytes4[](8);
        acts[0] = HostileLedgerHandler.pay.selector;
        acts[1] = HostileLedgerHandler.payCheating.selector;
        acts[2] = HostileLedgerHandler.payReentering.selector;
        acts[3] = HostileLedgerHandler.settle.selector;
        acts[4] = HostileLedgerHandler.push.selector;
        acts[5] = HostileLedgerHandler.claim.selector;
        acts[6] = HostileLedgerHandler.freeze.selector;
        acts[7] = HostileLedgerHandler.redirectToLedger.selector;
        _play(address(_books), acts);
    }

    /// forge-config: default.invariant.fail-on-revert = false
    function invariant_nobody_changes_what_others_get() external view {
        string memory violation = _books.violation();
        _require(bytes(violation).length == 0, violation);
        Coin token = _books.coin();
        string memory broken = _books.audit(token);
        _require(bytes(broken).length == 0, broken);
    }
}
