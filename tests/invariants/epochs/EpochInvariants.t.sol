// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {Campaign} from "../stage/Campaign.sol";
import {EpochHandler} from "./EpochHandler.sol";

/// @notice Invariants 2, 8, 10 to 14 and 16 on the epoch lane: what is promised is funded, waits, and is paid once.
contract EpochInvariants is Campaign {
    EpochHandler private _epochs;

    function setUp() external {
        _epochs = new EpochHandler();
        bytes4[] memory acts = new bytes4[](12);
        acts[0] = EpochHandler.fund.selector;
        acts[1] = EpochHandler.post.selector;
        acts[2] = EpochHandler.postAgain.selector;
        acts[3] = EpochHandler.postForged.selector;
        acts[4] = EpochHandler.activate.selector;
        acts[5] = EpochHandler.claim.selector;
        acts[6] = EpochHandler.claimForged.selector;
        acts[7] = EpochHandler.pushRange.selector;
        acts[8] = EpochHandler.reject.selector;
        acts[9] = EpochHandler.postFalling.selector;
        acts[10] = EpochHandler.postUneven.selector;
        acts[11] = EpochHandler.accuseHonest.selector;
        _play(address(_epochs), acts);
    }

    function invariant_what_is_promised_is_funded_and_paid_once() external view {
        string memory violation = _epochs.violation();
        _require(bytes(violation).length == 0, violation);
        IEpochDistributor.Lane memory lane = _epochs.distributor().laneOf(_epochs.token());
        _require(lane.claimed <= lane.committed, "I10: more was claimed than committed");
        _require(lane.committed <= lane.funded, "I10: more was committed than funded");
        _require(lane.committed == _epochs.committed(), "I10: what is committed changed without an activation");
        _require(lane.funded == _epochs.funded(), "I10: another amount is funded than came in");
        _require(lane.claimed == _epochs.paidOut(), "I8: another amount is claimed than went out");
        uint256 held = _epochs.token().balanceOf(address(_epochs.distributor()));
        _require(held == lane.funded - lane.claimed, "I2: the distributor holds another amount than it owes");
    }
}
