// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Managed} from "../access/Managed.sol";
import {TimedPause} from "../access/TimedPause.sol";

/// @notice Counts who came through: in while no pause is on, out always, and by a role what is restricted.
contract Turnstile is TimedPause {
    uint256 public inside;
    uint256 public capacity;

    constructor(IAccessManager authority_) Managed(authority_) {}

    function enter() external whenNotPaused {
        ++inside;
    }

    function leave() external {
        --inside;
    }

    function setCapacity(uint256 capacity_) external restricted {
        capacity = capacity_;
    }
}
