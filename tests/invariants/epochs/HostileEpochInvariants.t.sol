// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {Campaign} from "../stage/Campaign.sol";
import {HostileEpochHandler} from "./HostileEpochHandler.sol";

/// @notice Invariants 2, 8, 10 and 22 on the epoch lane among payees that mean it harm.
contract HostileEpochInvariants is Campaign {
    HostileEpochHandler private _epochs;

    function setUp() external {
        _epochs = new HostileEpochHandler();
        bytes4[] memory acts = new bytes4[](3);
        acts[0] = HostileEpochHandler.runEpoch.selector;
        acts[1] = HostileEpochHandler.pushRange.selector;
        acts[2] = HostileEpochHandler.claim.selector;
        _play(address(_epochs), acts);
    }

    /// forge-config: default.invariant.fail-on-revert = false
    function invariant_nobody_changes_what_others_get() external view {
        string memory violation = _epochs.violation();
        _require(bytes(violation).length == 0, violation);
        IEpochDistributor.Lane memory lane = _epochs.distributor().laneOf(_epochs.token());
        _require(lane.claimed == _epochs.paidOut(), "I8: another amount is claimed than went out");
        _require(lane.claimed <= lane.committed && lane.committed <= lane.funded, "I10: more than was funded");
        uint256 held = _epochs.token().balanceOf(address(_epochs.distributor()));
        _require(held == lane.funded - lane.claimed, "I2: the distributor holds another amount than it owes");
    }
}
