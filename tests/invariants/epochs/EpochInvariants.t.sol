// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {Campaign} from "../stage/Campaign.sol";
import {EpochHandler} from "./EpochHandler.sol";

/// @notice Invariants 2, 8, 10 to 14 and 16 on the epoch lane: what is promised is charged to who has it, waits, and is
/// paid once.
contract EpochInvariants is Campaign {
    EpochHandler private _epochs;

    function setUp() external {
        _epochs = new EpochHandler();
        bytes4[] memory acts = new bytes4[](13);
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
        acts[12] = EpochHandler.returnUsage.selector;
        _play(address(_epochs), acts);
    }

    function invariant_what_is_promised_is_funded_and_paid_once() external view {
        string memory violation = _epochs.violation();
        _require(bytes(violation).length == 0, violation);
        IEpochDistributor.Lane memory lane = _epochs.distributor().laneOf(_epochs.token());
        _require(lane.claimed <= lane.committed, "I10: more was claimed than committed");
        _require(lane.committed <= _epochs.charged(), "I10: more was committed than charged");
        _requireCredits(lane.funded);
        _require(lane.committed == _epochs.committed(), "I10: what is committed changed without an activation");
        _require(lane.funded == _epochs.funded(), "I10: another amount is funded than came in");
        _require(lane.claimed == _epochs.paidOut(), "I8: another amount is claimed than went out");
        uint256 held = _epochs.token().balanceOf(address(_epochs.distributor()));
        _require(held == lane.funded - lane.claimed, "I2: the distributor holds another amount than it owes");
    }

    /// @dev Every holder has what it had, less its own charges; with them it is what was funded.
    function _requireCredits(uint256 funded) private view {
        uint256 sum = _epochs.distributor().chargedOf(_epochs.token());
        _require(sum == _epochs.charged(), "credits: another amount is charged");
        for (uint256 i; i < 3; ++i) {
            address holder = _epochs.holderAt(i);
            uint256 credit = _epochs.distributor().creditOf(_epochs.token(), holder);
            _require(credit == _epochs.credit(holder), "credits: a holder has another's, or lost its own");
            sum += credit;
        }
        _require(sum == funded, "credits: credits and charges are not what was funded");
    }
}
