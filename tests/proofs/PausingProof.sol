// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {TimedPause} from "../../contracts/access/TimedPause.sol";
import {Turnstile} from "../../contracts/testing/Turnstile.sol";
import {Proof} from "./Proof.sol";

/// @notice An authority that permits one account everything, at once.
contract OneRole {
    address private immutable _holder;

    constructor(address holder) {
        _holder = holder;
    }

    function canCall(address caller, address, bytes4) external view returns (bool, uint32) {
        return (caller == _holder, 0);
    }
}

/// @notice A pause stops what comes in, for 14 days at most, and never what goes out.
contract PausingProof is Proof {
    address private constant _GUARDIAN = address(0x6A4D);
    uint256 private constant _DAYS_14 = 14 * 24 * 60 * 60;

    Turnstile private _turnstile;

    function setUp() external {
        _turnstile = new Turnstile(IAccessManager(address(new OneRole(_GUARDIAN))));
    }

    function check_a_pause_stops_what_comes_in(uint32 began, uint32 later) external {
        _pauseAt(began);
        vm.assume(later < _DAYS_14);
        vm.warp(uint256(began) + later);
        assert(!_call(abi.encodeCall(Turnstile.enter, ())));
    }

    function check_a_pause_ends_by_itself(uint32 began, uint32 later) external {
        _pauseAt(began);
        vm.warp(uint256(began) + _DAYS_14 + later);
        assert(_call(abi.encodeCall(Turnstile.enter, ())));
    }

    function check_no_pause_follows_at_once(uint32 began, uint32 later) external {
        _pauseAt(began);
        vm.assume(later < 2 * _DAYS_14);
        vm.warp(uint256(began) + later);
        vm.prank(_GUARDIAN);
        assert(!_call(abi.encodeCall(TimedPause.pause, ())));
    }

    function check_nobody_else_pauses(address caller, uint32 when) external {
        vm.assume(caller != _GUARDIAN);
        vm.warp(when);
        vm.prank(caller);
        assert(!_call(abi.encodeCall(TimedPause.pause, ())));
    }

    function check_a_pause_stops_nothing_that_goes_out(uint32 began, uint32 later) external {
        vm.warp(began);
        assert(_call(abi.encodeCall(Turnstile.enter, ())));
        _pauseAt(began);
        vm.warp(uint256(began) + later);
        assert(_call(abi.encodeCall(Turnstile.leave, ())));
    }

    function _pauseAt(uint256 began) private {
        vm.assume(began > 0);
        vm.warp(began);
        vm.prank(_GUARDIAN);
        assert(_call(abi.encodeCall(TimedPause.pause, ())));
    }

    function _call(bytes memory data) private returns (bool done) {
        (done,) = address(_turnstile).call(data);
    }
}
